"""The service ``users``, its dependencies replaced."""

from typing import Any

import pytest
from nameko.testing.services import worker_factory

from services.contracts.errors import Code, Refusal
from services.contracts.tasks import Identity, OperatorState
from services.contracts.tokens import presented_hash
from services.runtime.messaging.broker import NotAccepted
from services.users.directory import Directory
from services.users.service import UsersService
from tests.unit.fakes import FakeService

ALICE = presented_hash("12qw")
TASK = ("0192f1c4-0000-7000-8000-000000000001", "2026-11-24T14:50:56.123456Z")


def identity(session: str | None = "s1") -> Identity:
    return {"id": 1, "name": "Alice", "role": "Admin", "level": 1, "session": session}


def operator(role: str = "Admin", *, active: bool = True) -> OperatorState:
    return {"id": 1, "name": "Alice", "role": role, "level": 1, "active": active}


def opened(token: str, name: str, task_id: str, submitted_at: str, key: str | None) -> dict[str, Any]:
    return {"outcome": {"id": task_id, "status": "succeeded"}, "identity": identity("s2")}


@pytest.fixture
def info() -> FakeService:
    return FakeService(
        identify={ALICE: identity()}.get,
        operator={1: operator()}.get,
        open_session=opened,
        end_session=lambda task, key: {"id": task["id"], "status": "succeeded"},
    )


@pytest.fixture
def users(info: FakeService) -> UsersService:
    service: UsersService = worker_factory(UsersService, info=info, directory=Directory())
    return service


def refused(code: Code) -> Any:
    return pytest.raises(Refusal, match=code.value)


def test_a_token_tells_its_operator_and_keeps_the_session_secret(users: UsersService) -> None:
    assert users.authenticate("12qw") == {
        "id": 1,
        "name": "Alice",
        "role": "Admin",
        "level": 1,
        "logged_in": True,
    }


def test_a_token_before_its_login_is_authenticated_and_not_logged_in(users: UsersService, info: FakeService) -> None:
    info.methods["identify"] = {ALICE: identity(None)}.get
    assert users.authenticate("12qw")["logged_in"] is False


@pytest.mark.parametrize("token", ["wrong", "", "\ud800", None, 7, ["12qw"]])
def test_what_is_nobodys_token_is_refused(users: UsersService, token: Any) -> None:
    with refused(Code.NOT_AUTHENTICATED):
        users.authenticate(token)


def test_a_login_opens_a_session(users: UsersService, info: FakeService) -> None:
    answer = users.login("Alice", ALICE, *TASK)
    assert answer["identity"]["session"] == "s2"
    assert answer["outcome"]["id"] == TASK[0]
    assert info.called("open_session") == [(ALICE, "Alice", *TASK, None)]


@pytest.mark.parametrize(("name", "token"), [("Bob", "12qw"), ("Alice", "wrong"), ("Bob", "wrong"), ("", "")])
def test_a_failed_login_asks_the_same_whatever_was_wrong(
    users: UsersService, info: FakeService, name: str, token: str
) -> None:
    users.identify(ALICE)
    info.calls.clear()
    with refused(Code.NOT_AUTHENTICATED):
        users.login(name, presented_hash(token), *TASK)
    assert info.calls == [("identify", presented_hash(token))]


@pytest.mark.parametrize(("name", "digest"), [(None, ALICE), (["Alice"], ALICE), ("Alice", None)])
def test_a_login_of_another_type_is_refused(users: UsersService, name: Any, digest: Any) -> None:
    with refused(Code.NOT_AUTHENTICATED):
        users.login(name, digest, *TASK)


def test_what_was_known_before_a_login_is_void(users: UsersService, info: FakeService) -> None:
    users.identify(ALICE)
    users.login("Alice", ALICE, *TASK)
    info.methods["identify"] = {ALICE: identity("s2")}.get
    assert users.identify(ALICE)["session"] == "s2"


def test_a_logout_ends_the_session_that_it_names(users: UsersService, info: FakeService) -> None:
    users.identify(ALICE)
    assert users.logout(identity("s1"), *TASK, "k")["status"] == "succeeded"
    ((task, key),) = info.called("end_session")
    assert (task["action"], task["operator_id"], task["session"], key) == ("logout", 1, "s1", "k")
    info.methods["identify"] = {ALICE: identity(None)}.get
    assert users.identify(ALICE)["session"] is None


def test_a_logout_without_a_session_is_refused(users: UsersService, info: FakeService) -> None:
    with refused(Code.LOGIN_REQUIRED):
        users.logout(identity(None), *TASK)
    assert info.calls == []


def test_a_logout_whose_end_is_unknown_is_forgotten_all_the_same(users: UsersService, info: FakeService) -> None:
    users.identify(ALICE)
    info.methods["end_session"] = NotAccepted()
    with pytest.raises(NotAccepted):
        users.logout(identity(), *TASK)
    users.identify(ALICE)
    assert len(info.called("identify")) == 2


@pytest.mark.parametrize(
    ("operator_id", "action", "answer"),
    [
        (1, "create_transfer", True),
        (1, "login", True),
        (1, "review_transfer", False),
        (1, "no_such_action", False),
        (1, None, False),
        (1, ["create_transfer"], False),
        (2, "create_transfer", False),
        ("1", "create_transfer", False),
        (True, "create_transfer", False),
        (None, "create_transfer", False),
    ],
)
def test_a_permission_is_that_of_the_role(users: UsersService, operator_id: Any, action: Any, answer: bool) -> None:
    assert users.permitted(operator_id, action) is answer


def test_a_disabled_operator_may_do_nothing(users: UsersService, info: FakeService) -> None:
    info.methods["operator"] = {1: operator(active=False)}.get
    assert users.permitted(1, "create_transfer") is False


def test_a_change_of_role_counts_from_its_event_on(users: UsersService, info: FakeService) -> None:
    assert users.permitted(1, "create_transfer")
    info.methods["operator"] = {1: operator("Service")}.get
    users.forget([{"id": 1, "ended": False}])
    assert not users.permitted(1, "create_transfer")


@pytest.mark.parametrize("change", [{"id": 0, "ended": False}, {}, {"id": []}])
def test_a_change_that_names_nobody_concerns_all(users: UsersService, info: FakeService, change: Any) -> None:
    users.identify(ALICE)
    users.forget([change])
    users.identify(ALICE)
    assert len(info.called("identify")) == 2


def test_a_new_connection_drops_all(users: UsersService, info: FakeService) -> None:
    users.identify(ALICE)
    users.forget_all()
    users.identify(ALICE)
    assert len(info.called("identify")) == 2
