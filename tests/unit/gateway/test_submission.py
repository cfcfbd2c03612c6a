"""Submitting: the order of the checks, what is published, and what is answered when."""

import json
from typing import Any

import eventlet
import pytest

from services.contracts.errors import CATALOGUE, Refusal
from services.contracts.events import TASKS_SUBMITTED
from services.contracts.task_ids import is_task_id, new_task_id
from services.contracts.tokens import presented_hash
from services.gateway import acceptance
from services.runtime.messaging.broker import NotAccepted, Refused, Unconfirmed
from services.runtime.rpc.client import RpcTimeout
from services.runtime.settings import Settings
from tests.unit.gateway.stage import Stage, faults, outcome, refused

TASK = {"action": "create_transfer", "data": {"cid": 1, "amount": "250.00", "level": 2}}


def test_a_task_is_published_and_answered_202(stage: Stage) -> None:
    response = stage.post({"token": "12qw", "task": TASK})
    [task] = stage.events.of(TASKS_SUBMITTED)
    assert response.status_code == 202
    assert response.get_json() == {
        "task": {
            "id": task["id"],
            "action": "create_transfer",
            "status": "accepted",
            "submitted_at": task["submitted_at"],
        }
    }
    assert response.headers["Location"] == f"/api/v1/tasks/{task['id']}"
    assert "Preference-Applied" not in response.headers
    assert is_task_id(task["id"])
    assert task["data"] == TASK["data"]
    assert (task["operator_id"], task["session"]) == (1, "alices")


def test_the_token_may_come_as_a_bearer(stage: Stage) -> None:
    assert stage.post({"task": TASK}, {"Authorization": "bearer 12qw"}).status_code == 202
    assert stage.post({"token": "12qw", "task": TASK}, {"Authorization": "Bearer 12qw"}).status_code == 202


def test_two_tokens_that_differ_are_a_fault_told_with_all_others(stage: Stage) -> None:
    body = {"token": "12qw", "task": {"action": "create_transfer", "data": {"cid": 0}, "more": 1}}
    found = faults(stage.post(body, {"Authorization": "Bearer 34er"}))
    assert set(found) == {"token", "task.more", "task.data.cid", "task.data.amount"}
    assert stage.users.calls == []


@pytest.mark.parametrize("amount", ["0.1", "0.10", "0.100", "1e-1", "10e-2", '"0.100"'])
def test_a_number_is_an_amount_by_its_value(stage: Stage, amount: str) -> None:
    text = '{"token":"12qw","task":{"action":"create_transfer","data":{"cid":1,"amount":%s}}}'
    assert stage.post((text % amount).encode()).status_code == 202
    assert [task["data"]["amount"] for task in stage.events.of(TASKS_SUBMITTED)] == ["0.10"]


@pytest.mark.parametrize(
    "amount",
    ["0", "-1", "-0.0", "0.001", "0.1" + "0" * 40 + "1", "1e18", "1e400", "1e-400", "1e-99999999999999999999", "true",
     '"0.101"', '"1e2"', '"01"', '"+1"', '" 1"', '"1\\n"', '".5"', '"5."', '"NaN"', '"\\u0661"', '"1,5"', '""'],
)  # fmt: skip
def test_any_other_amount_is_a_fault(stage: Stage, amount: str) -> None:
    text = '{"token":"12qw","task":{"action":"create_transfer","data":{"cid":1,"amount":%s}}}'
    assert set(faults(stage.post((text % amount).encode()))) == {"task.data.amount"}


@pytest.mark.parametrize("amount", ["250", "250.0", "250.00"])
def test_an_amount_is_kept_exactly_whether_number_or_string(stage: Stage, amount: str) -> None:
    text = '{"token":"12qw","task":{"action":"create_transfer","data":{"cid":1,"amount":%s}}}'
    assert stage.post((text % amount).encode()).status_code == 202
    assert stage.post((text % f'"{amount}"').encode()).status_code == 202
    assert [task["data"]["amount"] for task in stage.events.of(TASKS_SUBMITTED)] == ["250.00", "250.00"]


UNKNOWN_TOKEN: dict[str, Any] = {"token": "nobody", "task": {"action": "nonsense", "data": {"x": 1}}}
NOT_LOGGED_IN: dict[str, Any] = {"token": "78ui", "task": {"action": "nonsense", "data": {"x": 1}}}
UNKNOWN_ACTION: dict[str, Any] = {"token": "34er", "task": {"action": "nonsense", "data": {"x": 1}}}
FORBIDDEN: dict[str, Any] = {"token": "34er", "more": 1, "task": {"action": "create_customer", "data": {"x": 1}}}
INVALID: dict[str, Any] = {"token": "12qw", "more": 1, "task": {"action": "create_customer", "data": {"x": 1}}}
VALID: dict[str, Any] = {"token": "12qw", "task": {"action": "create_customer", "data": {"name": "Grace"}}}


def test_the_checks_run_in_the_contracts_order() -> None:
    stage = Stage(settings=Settings(amqp_uri="amqp://broker", submissions_per_second=1))
    plain = {"Content-Type": "text/plain"}
    assert refused(stage.post(b"x" * 65_537, plain)) == (413, "payload_too_large")
    assert refused(stage.post(b"{", plain)) == (415, "unsupported_media_type")
    assert refused(stage.post(b'{"token":"nobody",')) == (400, "malformed_json")
    assert refused(stage.post(UNKNOWN_TOKEN)) == (401, "not_authenticated")
    assert refused(stage.post(NOT_LOGGED_IN)) == (401, "login_required")
    assert refused(stage.post(UNKNOWN_ACTION)) == (422, "unknown_action")
    assert refused(stage.post(FORBIDDEN)) == (403, "not_permitted")
    stage.post(VALID)
    assert refused(stage.post(INVALID)) == (422, "invalid_request")
    assert refused(stage.post(VALID)) == (429, "too_many_requests")


def test_no_token_is_not_authenticated(stage: Stage) -> None:
    for body in ({"task": TASK}, {"token": None, "task": TASK}, {"token": 12, "task": TASK}, {}):
        response = stage.post(body)
        assert refused(response) == (401, "not_authenticated")
        assert response.headers["WWW-Authenticate"] == "Bearer"


def test_every_fault_is_told_at_once(stage: Stage) -> None:
    data = {"cid": 2**63, "amount": "-1", "currency": "\x00", "colour": "red"}
    body = {"token": "12qw", "when": "now", "task": {"action": "create_transfer", "data": data, "name": "x"}}
    found = faults(stage.post(body, {"Idempotency-Key": "é"}))
    assert found == {
        "when": "is not known here",
        "header.Idempotency-Key": "has the wrong form",
        "task.name": "is not known here",
        "task.data.cid": "is too large a number",
        "task.data.amount": "must be a positive decimal with at most 13 digits before the point",
        "task.data.currency": "holds a character that cannot be stored",
        "task.data.colour": "is not known here",
    }


@pytest.mark.parametrize(
    ("task", "path", "message"),
    [
        (None, "task", "must be an object"),
        ([], "task", "must be an object"),
        ({}, "task.action", "is missing"),
        ({"action": "create_customer"}, "task.data.name", "is missing"),
        ({"action": "create_customer", "data": None}, "task.data", "must be an object"),
        ({"action": "create_customer", "data": {"name": 7}}, "task.data.name", "must be a string"),
        ({"action": "create_customer", "data": {"name": " "}}, "task.data.name", "must not be blank"),
        ({"action": "logout", "data": {"x": 1}}, "task.data.x", "is not known here"),
    ],
)
def test_a_fault_names_its_place(stage: Stage, task: Any, path: str, message: str) -> None:
    assert faults(stage.post({"token": "12qw", "task": task})) == {path: message}


def test_a_missing_task_is_a_fault(stage: Stage) -> None:
    assert faults(stage.post({"token": "12qw"})) == {"task": "is missing"}


def test_a_lone_surrogate_in_a_key_is_answered_and_not_echoed(stage: Stage) -> None:
    body = rb'{"token":"12qw","\ud800":1,"task":{"action":"logout","data":{"\udfff":"x"}}}'
    assert set(faults(stage.post(body))) >= {"?", "task.data.?"}


@pytest.mark.parametrize("action", [None, 5, [], "Login", "drop_table"])
def test_an_action_that_nobody_declared_is_unknown(stage: Stage, action: Any) -> None:
    response = stage.post({"token": "12qw", "task": {"action": action}})
    assert refused(response) == (422, "unknown_action")


def test_faults_and_details_are_told_in_the_readers_language(stage: Stage) -> None:
    response = stage.submit(data={}, Accept_Language="es-MX")
    assert faults(response) == {"task.data.name": "falta"}
    assert response.get_json()["detail"] == "La petición tiene errores; consulte errors."
    assert response.headers["Content-Language"] == "es"
    assert response.get_json()["title"] == "Invalid request"


def test_a_wait_is_answered_with_the_finished_task_even_when_the_outcome_is_quicker_than_the_confirm(
    stage: Stage,
) -> None:
    stage.answer_published(lambda task: outcome(task["id"]))
    response = stage.submit(Prefer="wait=10")
    assert response.status_code == 200
    assert response.get_json()["task"]["status"] == "succeeded"
    assert response.headers["Preference-Applied"] == "wait=10"
    assert len(stage.gateway.waiters) == 0


def test_a_task_that_fails_while_waited_for_is_200_with_its_error_in_words(stage: Stage) -> None:
    error = {"code": "level_too_low", "number": 4032, "params": {"required": 2, "yours": 1}}
    stage.answer_published(lambda task: outcome(task["id"], error=error))
    task = stage.submit(Prefer="wait=10", Accept_Language="es").get_json()["task"]
    assert task["error"] == {**error, "message": "Este elemento requiere el nivel 2; el suyo es 1."}


def test_the_faults_of_a_task_are_told_in_words(stage: Stage) -> None:
    fault = {"path": "task.data.cursor", "message": "is not valid", "params": {}}
    error = {"code": "invalid_request", "number": 4222, "params": {"faults": [fault]}}
    stage.answer_published(lambda task: outcome(task["id"], error=error))
    shown = stage.submit(Prefer="wait=1").get_json()["task"]["error"]
    assert set(shown) == {"code", "number", "message", "params"}
    assert shown["params"] == {"errors": [{"path": "task.data.cursor", "message": "is not valid"}]}


def test_a_wait_whose_time_is_up_is_answered_202(stage: Stage) -> None:
    response = stage.submit(Prefer="wait=0")
    assert response.status_code == 202
    assert response.headers["Preference-Applied"] == "wait=0"
    assert response.headers["Location"].endswith(response.get_json()["task"]["id"])


def test_a_wait_is_ended_by_a_gateway_that_drains(stage: Stage) -> None:
    waiting = eventlet.spawn(stage.submit, Prefer="wait=30")
    eventlet.sleep(0.05)
    stage.gateway.drain()
    assert waiting.wait().status_code == 202


def test_a_waiting_request_reads_its_task_again_after_the_broker_came_back(stage: Stage) -> None:
    waiting = eventlet.spawn(stage.submit, Prefer="wait=30")
    eventlet.sleep(0.05)
    stage.tasks.methods["task_of"] = lambda operator_id, task_id: outcome(task_id)
    stage.gateway.connected()
    assert waiting.wait().status_code == 200


def test_a_keyed_task_is_recorded_first_and_not_published_here(stage: Stage) -> None:
    assert stage.submit(Idempotency_Key="k1").status_code == 202
    assert stage.submit(Idempotency_Key="k2").status_code == 202
    assert stage.events.said == []
    [(task, key, fingerprint), (_, _, again)] = stage.tasks.called("accept")
    assert (task["action"], key) == ("create_customer", "k1")
    assert fingerprint == again
    assert len(fingerprint) == 64


def test_a_repeated_key_is_answered_with_the_first_task(stage: Stage) -> None:
    first = new_task_id()
    stage.tasks.methods["accept"] = lambda *_: {"id": first, "submitted_at": "2026-11-24T14:50:56.123456Z"}
    task = stage.submit(Idempotency_Key="k").get_json()["task"]
    assert (task["id"], task["submitted_at"]) == (first, "2026-11-24T14:50:56.123456Z")


def test_a_repeated_key_that_waits_gets_the_outcome_of_long_ago(stage: Stage) -> None:
    first = new_task_id()
    stage.tasks.methods["accept"] = lambda *_: {"id": first, "submitted_at": "2026-11-24T14:50:56.123456Z"}
    stage.tasks.methods["task_of"] = lambda operator_id, task_id: outcome(task_id)
    response = stage.submit(Idempotency_Key="k", Prefer="wait=5")
    assert (response.status_code, response.get_json()["task"]["id"]) == (200, first)


def test_a_key_used_for_another_task_conflicts(stage: Stage) -> None:
    stage.tasks.methods["accept"] = Refusal("idempotency_conflict")
    assert refused(stage.submit(Idempotency_Key="k")) == (409, "idempotency_conflict")


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "ключ"])
def test_a_key_of_the_wrong_form_is_a_fault(stage: Stage, key: str) -> None:
    assert faults(stage.submit(Idempotency_Key=key)) == {"header.Idempotency-Key": "has the wrong form"}


def test_with_a_broker_in_this_process_every_task_is_recorded_first() -> None:
    stage = Stage(settings=Settings())
    assert stage.submit().status_code == 202
    [(_, key, fingerprint)] = stage.tasks.called("accept")
    assert (key, fingerprint) == (None, None)
    assert stage.events.said == []


@pytest.mark.parametrize("failure", [NotAccepted("no connection"), Refused("too large", [])], ids=repr)
def test_what_the_broker_did_not_take_is_answered_so(stage: Stage, failure: Exception) -> None:
    stage.events.failure = failure
    response = stage.submit()
    assert refused(response) == (503, "unavailable")
    assert response.get_json()["params"] == {"accepted": "no"}
    assert int(response.headers["Retry-After"]) >= 1


@pytest.mark.parametrize("keyed", [False, True])
def test_what_the_broker_may_have_taken_is_answered_with_the_tasks_id(stage: Stage, keyed: bool) -> None:
    stage.events.failure = Unconfirmed("no answer")
    stage.tasks.methods["accept"] = RpcTimeout("no answer")
    response = stage.submit(**({"Idempotency_Key": "k"} if keyed else {}))
    assert refused(response) == (503, "unavailable")
    params = response.get_json()["params"]
    assert params["accepted"] == "unknown"
    assert is_task_id(params["task_id"])


def test_a_submission_has_no_more_than_five_seconds(stage: Stage) -> None:
    deadline = acceptance.Deadline()
    assert 0.1 < deadline.left() <= acceptance.ANSWER_SECONDS < 5


def test_who_cannot_be_identified_now_is_told_that_nothing_was_accepted(stage: Stage) -> None:
    stage.users.methods["identify"] = RpcTimeout("no answer")
    response = stage.submit()
    assert refused(response) == (503, "unavailable")
    assert response.get_json()["params"] == {"accepted": "no"}


def test_the_next_second_takes_submissions_again() -> None:
    stage = Stage(settings=Settings(amqp_uri="amqp://broker", submissions_per_second=2))
    answers = [stage.submit() for _ in range(3)]
    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert answers[2].headers["Retry-After"] == "1"
    assert answers[2].get_json()["params"] == {"retry_after": 1}


def test_an_operator_with_too_many_unfinished_tasks_may_submit_again_when_one_has_finished() -> None:
    stage = Stage(settings=Settings(amqp_uri="amqp://broker", unfinished_tasks=2, unfinished_reads=1))
    answers = [stage.submit() for _ in range(3)]
    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert refused(answers[2]) == (429, "too_many_requests")
    assert answers[2].headers["Retry-After"] == "1"
    assert len(stage.events.of(TASKS_SUBMITTED)) == 2
    assert stage.submit("list_queue", {}).status_code == 202
    assert stage.submit("get_customer", {"id": 1}).status_code == 429
    assert stage.submit("review_transfer", {"id": 1, "approved": True}, "34er").status_code == 202

    stage.gateway.tasks_finished([outcome(answers[0].get_json()["task"]["id"])])
    assert [stage.submit().status_code for _ in range(2)] == [202, 429]

    stage.gateway.connected()
    assert stage.submit().status_code == 202


def test_a_login_and_a_logout_are_never_refused_for_unfinished_tasks() -> None:
    stage = Stage(settings=Settings(amqp_uri="amqp://broker", unfinished_tasks=1))
    assert [stage.submit().status_code for _ in range(2)] == [202, 429]
    assert stage.submit("logout", {}).status_code == 200
    assert stage.post({"token": "12qw", "task": {"action": "login", "name": "Alice"}}).status_code == 200


@pytest.mark.parametrize("keyed", [False, True])
def test_a_task_that_was_surely_not_taken_is_not_counted(keyed: bool) -> None:
    stage = Stage(settings=Settings(amqp_uri="amqp://broker", unfinished_tasks=1))
    headers = {"Idempotency_Key": "k"} if keyed else {}
    stage.events.failure = NotAccepted()
    stage.tasks.methods["accept"] = Refusal("unavailable", {"accepted": "no"})
    assert [stage.submit(**headers).status_code for _ in range(2)] == [503, 503]


def test_an_unforeseen_failure_shows_nothing_and_is_logged(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    stage.events.failure = ZeroDivisionError("secret")
    response = stage.submit()
    assert refused(response) == (500, "internal_error")
    assert "secret" not in response.text
    reference = response.get_json()["params"]["task_id"]
    assert reference in response.get_json()["detail"]
    assert reference in caplog.text
    assert "ZeroDivisionError: secret" in caplog.text
    assert "12qw" not in caplog.text


def test_identities_are_asked_for_once(stage: Stage) -> None:
    for _ in range(3):
        stage.submit()
    assert stage.users.called("identify") == [(presented_hash("12qw"),)]


def test_a_problem_has_every_member_of_the_contract(stage: Stage) -> None:
    response = stage.submit(token="nobody")
    assert json.loads(response.text) == {
        "type": "/errors/not_authenticated",
        "title": "Not authenticated",
        "status": 401,
        "code": "not_authenticated",
        "number": 4011,
        "detail": CATALOGUE["not_authenticated"].message,  # type: ignore[index]
        "params": {},
        "errors": [],
    }
