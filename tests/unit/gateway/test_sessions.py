"""Login and logout."""

import json
import time
from typing import Any

import pytest

from services.contracts.errors import Refusal
from services.contracts.tokens import presented_hash
from services.gateway import sessions
from services.runtime.messaging.broker import NotAccepted
from services.runtime.rpc.client import RemoteUnavailable, RpcTimeout
from services.runtime.settings import Settings
from tests.unit.gateway.stage import Stage, faults, refused


def login(stage: Stage, token: Any, headers: dict[str, str] | None = None, **task: Any) -> Any:
    """Log in with these members beside the action."""
    return stage.post({"token": token, "task": {"action": "login", **task}}, headers)


@pytest.mark.parametrize(
    "task", [{"name": "Dave"}, {"data": {"name": "Dave"}}, {"name": "Dave", "data": {"name": "Dave"}}]
)
def test_login_is_answered_finished_wherever_the_name_stands(stage: Stage, task: dict[str, Any]) -> None:
    response = login(stage, "78ui", **task)
    assert (response.status_code, response.get_json()["task"]["status"]) == (200, "succeeded")
    [(name, digest, task_id, _, key)] = stage.users.called("login")
    assert (name, digest, key) == ("Dave", presented_hash("78ui"), None)
    assert response.get_json()["task"]["id"] == task_id
    assert stage.submit("get_customer", {"id": 1}, token="78ui").status_code == 202


def test_a_wrong_name_and_a_wrong_token_read_the_same_and_take_as_long() -> None:
    """As long: a machine that is busy delays some answers, and hardly every one of a kind."""
    stage = Stage(settings=Settings(amqp_uri="amqp://broker", logins_per_minute=100))
    bodies, seconds = [], []
    for token, name in (("12qw", "Bob"), ("nobody", "Alice"), ("nobody", "nobody"), (None, "Alice")):
        took = []
        for _ in range(4):
            began = time.monotonic()
            response = login(stage, token, name=name)
            took.append(time.monotonic() - began)
            assert refused(response) == (401, "not_authenticated")
            bodies.append(response.text)
        seconds.append(min(took))
    assert len(set(bodies)) == 1
    assert max(seconds) - min(seconds) < 0.1
    assert min(seconds) >= sessions.REFUSAL_SECONDS


def test_failures_are_limited_and_right_credentials_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "REFUSAL_SECONDS", 0.0)
    stage = Stage(settings=Settings(amqp_uri="amqp://broker", logins_per_minute=2))
    assert [login(stage, "wrong", name="Alice").status_code for _ in range(3)] == [401, 401, 429]
    response = login(stage, "wrong", name="Alice")
    assert refused(response) == (429, "too_many_requests")
    assert 55 <= int(response.headers["Retry-After"]) <= 60
    assert login(stage, "12qw", name="Alice").status_code == 200
    assert login(stage, "wrong", name="Bob").status_code == 429


def test_the_address_is_what_the_trusted_proxy_saw(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "REFUSAL_SECONDS", 0.0)
    stage = Stage(settings=Settings(amqp_uri="amqp://broker", logins_per_minute=1, trusted_proxies=1))
    statuses = [
        login(stage, "wrong", {"X-Forwarded-For": f"9.9.9.9, 1.1.1.{last}"}, name=name).status_code
        for last, name in ((1, "a"), (1, "b"), (2, "c"))
    ]
    assert statuses == [401, 429, 401]


def test_without_a_trusted_proxy_the_header_is_anybodys_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "REFUSAL_SECONDS", 0.0)
    stage = Stage(settings=Settings(amqp_uri="amqp://broker", logins_per_minute=1))
    statuses = [
        login(stage, "wrong", {"X-Forwarded-For": f"1.1.1.{last}"}, name=name).status_code
        for last, name in ((1, "a"), (2, "b"))
    ]
    assert statuses == [401, 429]


def test_a_login_with_faults_tells_a_wrong_token_first(stage: Stage) -> None:
    assert refused(login(stage, "nobody", nam="Alice")) == (401, "not_authenticated")
    assert faults(login(stage, "12qw", nam="Alice")) == {
        "task.nam": "is not known here",
        "task.name": "is missing",
    }


@pytest.mark.parametrize(
    ("task", "found"),
    [
        ({"name": 5}, {"task.name": "must be a string"}),
        ({"data": {"name": 5}}, {"task.data.name": "must be a string"}),
        ({"name": "Alice", "data": {"name": "Bob"}}, {"task.name": "is stated twice and differs"}),
        ({"name": "Alice", "data": []}, {"task.data": "must be an object"}),
        ({"name": "Alice", "data": {"x": 1}}, {"task.data.x": "is not known here"}),
        ({"name": "\ud800"}, {"task.name": "holds a character that cannot be stored"}),
    ],
)
def test_a_name_that_is_none_is_a_fault(stage: Stage, task: dict[str, Any], found: dict[str, str]) -> None:

    body = json.dumps({"token": "12qw", "task": {"action": "login", **task}}).encode()
    assert faults(stage.post(body)) == found


@pytest.mark.parametrize(
    ("failure", "word"),
    [(NotAccepted("down"), "no"), (RpcTimeout("late"), "unknown"), (RemoteUnavailable("info is down"), "unknown")],
)
def test_a_login_that_cannot_be_had_now_is_unavailable(stage: Stage, failure: Exception, word: str) -> None:
    stage.users.methods["login"] = failure
    response = login(stage, "12qw", name="Alice")
    assert refused(response) == (503, "unavailable")
    assert response.get_json()["params"]["accepted"] == word


def test_login_and_logout_take_an_idempotency_key(stage: Stage) -> None:
    assert login(stage, "78ui", {"Idempotency-Key": "in"}, name="Dave").status_code == 200
    logout = {"token": "78ui", "task": {"action": "logout"}}
    assert stage.post(logout, {"Idempotency-Key": "out"}).status_code == 200
    assert [call[-1] for method in ("login", "logout") for call in stage.users.called(method)] == ["in", "out"]
    stage.users.methods["login"] = Refusal("idempotency_conflict")
    assert refused(login(stage, "78ui", {"Idempotency-Key": "in"}, name="Dave")) == (409, "idempotency_conflict")


def test_logout_is_answered_finished_and_forgets_the_identity(stage: Stage) -> None:
    response = stage.post({"token": "12qw", "task": {"action": "logout"}})
    assert (response.status_code, response.get_json()["task"]["action"]) == (200, "logout")
    stage.identities[presented_hash("12qw")] = {**stage.identities[presented_hash("12qw")], "session": None}
    assert refused(stage.post({"token": "12qw", "task": {"action": "logout"}})) == (401, "login_required")


def test_logout_of_a_session_that_has_just_ended_needs_a_login(stage: Stage) -> None:
    stage.users.methods["logout"] = Refusal("login_required")
    assert refused(stage.post({"token": "12qw", "task": {"action": "logout"}})) == (401, "login_required")
