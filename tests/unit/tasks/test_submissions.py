"""Submissions by RPC, checked as those by HTTP."""

from typing import Any

import pytest

from services.contracts.errors import Code, Refusal
from services.contracts.events import TASKS_SUBMITTED
from services.contracts.idempotency import fingerprint
from services.contracts.task_ids import is_task_id, new_task_id
from services.contracts.tokens import presented_hash
from services.contracts.validation import Invalid
from services.runtime.messaging.broker import NotAccepted, Refused, Unconfirmed
from services.runtime.rpc.client import RpcTimeout
from services.runtime.unfinished import Unfinished
from services.tasks.submissions import Submissions, wait_seconds
from tests.unit.fakes import FakeService, FakeSpeaker
from tests.unit.tasks.samples import SESSION, a_task, an_identity, an_outcome

TOKEN = "12qw"
TRANSFER = {"cid": 1, "amount": "250.00"}


def identify(digest: str) -> Any:
    if digest != presented_hash(TOKEN):
        raise Refusal(Code.NOT_AUTHENTICATED)
    return an_identity()


@pytest.fixture
def users() -> FakeService:
    return FakeService(identify=identify)


@pytest.fixture
def info() -> FakeService:
    return FakeService(record=lambda task, key, asked: {"id": task["id"], "submitted_at": task["submitted_at"]})


@pytest.fixture
def events() -> FakeSpeaker:
    return FakeSpeaker()


@pytest.fixture
def submissions(users: FakeService, info: FakeService, events: FakeSpeaker) -> Submissions:
    return Submissions(users, info, events, Unfinished(2, 1, 0), record_all=False)


@pytest.fixture
def embedded(users: FakeService, info: FakeService, events: FakeSpeaker) -> Submissions:
    return Submissions(users, info, events, Unfinished(2, 1, 0), record_all=True)


def refused(code: Code) -> Any:
    return pytest.raises(Refusal, match=code.value)


def test_a_checked_task_is_that_of_the_caller_in_the_callers_session(submissions: Submissions) -> None:
    task = submissions.check(TOKEN, "create_transfer", {"cid": 1, "amount": 250, "level": 2})
    assert is_task_id(task["id"])
    assert (task["operator_id"], task["session"], task["action"]) == (1, SESSION, "create_transfer")
    assert task["data"] == {"cid": 1, "amount": "250.00", "level": 2}


@pytest.mark.parametrize(
    ("token", "action", "data", "key", "code"),
    [
        ("wrong", "no_such_action", None, None, Code.NOT_AUTHENTICATED),
        (None, "create_transfer", TRANSFER, None, Code.NOT_AUTHENTICATED),
        (TOKEN, "no_such_action", None, "", Code.UNKNOWN_ACTION),
        (TOKEN, None, TRANSFER, None, Code.UNKNOWN_ACTION),
        (TOKEN, ["create_transfer"], TRANSFER, None, Code.UNKNOWN_ACTION),
        (TOKEN, "review_transfer", {"id": "x"}, "", Code.NOT_PERMITTED),
        (TOKEN, "create_transfer", {"cid": 1}, None, Code.INVALID_REQUEST),
        (TOKEN, "create_transfer", None, None, Code.INVALID_REQUEST),
        (TOKEN, "create_transfer", [], None, Code.INVALID_REQUEST),
        (TOKEN, "create_transfer", TRANSFER, "a b", Code.INVALID_REQUEST),
    ],
)
def test_the_first_check_that_fails_is_the_answer(
    submissions: Submissions, token: Any, action: Any, data: Any, key: Any, code: Code
) -> None:
    with refused(code):
        submissions.check(token, action, data, key)


def test_without_an_open_session_a_login_is_required(submissions: Submissions, users: FakeService) -> None:
    users.methods["identify"] = lambda digest: an_identity(session=None)
    with refused(Code.LOGIN_REQUIRED):
        submissions.check(TOKEN, "no_such_action", None)


def test_every_fault_is_told_at_once(submissions: Submissions) -> None:
    with pytest.raises(Invalid) as invalid:
        submissions.check(TOKEN, "create_document", {"cid": 2**63, "content": "\0", "colour": "red"}, "\n")
    assert {fault.path for fault in invalid.value.faults} == {
        "data.cid",
        "data.content",
        "data.colour",
        "idempotency_key",
    }


def test_an_accepted_task_has_been_said(submissions: Submissions, info: FakeService, events: FakeSpeaker) -> None:
    task = a_task()
    assert submissions.submit(task) == {
        "id": task["id"],
        "action": "create_transfer",
        "status": "accepted",
        "submitted_at": task["submitted_at"],
    }
    assert events.of(TASKS_SUBMITTED) == [task]
    assert info.calls == []


@pytest.mark.parametrize(
    ("failure", "params"),
    [
        (NotAccepted(), {"accepted": "no"}),
        (Refused("too large", []), {"accepted": "no"}),
        (Unconfirmed(), {"accepted": "unknown"}),
    ],
)
def test_a_task_that_the_broker_did_not_take_is_refused_truly(
    submissions: Submissions, events: FakeSpeaker, failure: Exception, params: dict[str, str]
) -> None:
    events.failure = failure
    task = a_task()
    with refused(Code.UNAVAILABLE) as refusal:
        submissions.submit(task)
    if params["accepted"] == "unknown":
        params = params | {"task_id": task["id"]}
    assert refusal.value.params == params


def test_a_keyed_task_is_recorded_before_it_is_said(
    submissions: Submissions, info: FakeService, events: FakeSpeaker
) -> None:
    task = a_task()
    submissions.submit(task, "key-1")
    assert info.called("record") == [(task, "key-1", fingerprint("create_transfer", task["data"]))]
    assert events.of(TASKS_SUBMITTED) == [{**task, "recorded": True}]


def test_where_the_broker_forgets_every_task_is_recorded(
    embedded: Submissions, info: FakeService, events: FakeSpeaker
) -> None:
    task = a_task()
    embedded.submit(task)
    assert info.called("record") == [(task, None, None)]
    assert events.of(TASKS_SUBMITTED) == [{**task, "recorded": True}]


@pytest.mark.parametrize("failure", [NotAccepted(), Unconfirmed(), Refused("too large", [])])
def test_a_recorded_task_is_accepted_published_or_not(
    submissions: Submissions, events: FakeSpeaker, failure: Exception
) -> None:
    events.failure = failure
    task = a_task()
    assert submissions.submit(task, "key-1")["id"] == task["id"]


def test_a_repeated_key_answers_the_earlier_task_and_says_nothing(
    submissions: Submissions, info: FakeService, events: FakeSpeaker
) -> None:
    earlier = {"id": new_task_id(), "submitted_at": "2026-11-24T00:00:00.000000Z"}
    info.methods["record"] = lambda task, key, asked: earlier
    accepted = submissions.submit(a_task(), "key-1")
    assert (accepted["id"], accepted["submitted_at"]) == (earlier["id"], earlier["submitted_at"])
    assert events.said == []


def test_a_key_used_for_another_task_is_a_conflict(
    submissions: Submissions, info: FakeService, events: FakeSpeaker
) -> None:
    info.methods["record"] = Refusal(Code.IDEMPOTENCY_CONFLICT)
    with refused(Code.IDEMPOTENCY_CONFLICT):
        submissions.submit(a_task(), "key-1")
    assert events.said == []


@pytest.mark.parametrize("failure", [RpcTimeout(), NotAccepted()])
def test_whether_a_task_was_recorded_is_unknown_without_an_answer(
    submissions: Submissions, info: FakeService, failure: Exception
) -> None:
    info.methods["record"] = failure
    task = a_task()
    with refused(Code.UNAVAILABLE) as refusal:
        submissions.submit(task, "key-1")
    assert refusal.value.params == {"accepted": "unknown", "task_id": task["id"]}


def test_a_task_that_cannot_be_sent_to_be_recorded_is_surely_not_taken(
    submissions: Submissions, info: FakeService
) -> None:
    info.methods["record"] = Refused("too large", [])
    with refused(Code.UNAVAILABLE) as refusal:
        submissions.submit(a_task(), "key-1")
    assert refusal.value.params == {"accepted": "no"}


def test_a_login_is_answered_in_place(submissions: Submissions, users: FakeService) -> None:
    outcome = an_outcome(a_task("login"))
    users.methods["login"] = lambda *args: {"outcome": outcome, "identity": an_identity()}
    assert submissions.in_place(TOKEN, "login", {"name": "Alice"}, "k") == outcome
    ((name, digest, task_id, _, key),) = users.called("login")
    assert (name, digest, is_task_id(task_id), key) == ("Alice", presented_hash(TOKEN), True, "k")


def test_a_logout_is_answered_in_place(submissions: Submissions, users: FakeService) -> None:
    outcome = an_outcome(a_task("logout"))
    users.methods["logout"] = lambda *args: outcome
    assert submissions.in_place(TOKEN, "logout", None) == outcome
    assert users.called("logout")[0][0] == an_identity()


def test_other_actions_are_not(submissions: Submissions, users: FakeService) -> None:
    assert submissions.in_place("wrong", "create_transfer", None) is None
    assert submissions.in_place(TOKEN, ["login"], None) is None
    assert users.calls == []


@pytest.mark.parametrize("data", [None, {}, {"name": 7}, {"name": "\0"}, {"name": "Alice", "more": 1}])
def test_a_login_without_a_proper_name_is_invalid(submissions: Submissions, data: Any) -> None:
    with refused(Code.INVALID_REQUEST):
        submissions.in_place(TOKEN, "login", data)


@pytest.mark.parametrize(
    ("timeout", "seconds"),
    [(10, 10), (0, 0), (-1, 0), (61, 60), (0.5, 0.5), (float("inf"), 60), (10**400, 60), (-(10**400), 0)],
)
def test_a_wait_is_bounded(timeout: float, seconds: float) -> None:
    assert wait_seconds(timeout) == seconds


@pytest.mark.parametrize("timeout", [None, "10", True, float("nan"), [1]])
def test_what_is_no_time_is_invalid(timeout: Any) -> None:
    with refused(Code.INVALID_REQUEST):
        wait_seconds(timeout)


def test_a_call_beyond_the_unfinished_tasks_of_its_operator_is_refused_and_not_published(
    submissions: Submissions, events: FakeSpeaker
) -> None:
    tasks = [submissions.check(TOKEN, "create_transfer", {"cid": 1, "amount": 250}) for _ in range(3)]
    for task in tasks[:2]:
        submissions.submit(task)
    with refused(Code.TOO_MANY_REQUESTS):
        submissions.submit(tasks[2])
    assert events.of(TASKS_SUBMITTED) == tasks[:2]


def test_what_the_gateway_has_made_durable_is_counted_by_the_gateway(submissions: Submissions) -> None:
    for _ in range(3):
        submissions.accept(submissions.check(TOKEN, "create_transfer", {"cid": 1, "amount": 250}), None, None)
