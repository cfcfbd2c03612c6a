"""Reading tasks."""

import eventlet
import pytest

from services.contracts.errors import Refusal
from services.contracts.task_ids import new_task_id
from services.runtime.messaging.broker import NotAccepted
from tests.unit.gateway.stage import ALICE, BOB, Stage, faults, outcome, refused

CURSOR = "AaIOwCHQfrWLykPsHl9Nnw"


def test_a_task_is_answered_with_its_error_in_words(stage: Stage) -> None:
    error = {"code": "customer_not_found", "number": 4042, "params": {"id": 9}}
    stage.tasks.methods["task_of"] = lambda operator_id, task_id: outcome(task_id, error=error)
    task_id = new_task_id()
    response = stage.get(f"/api/v1/tasks/{task_id}", Accept_Language="zh-TW")
    assert response.status_code == 200
    assert response.get_json()["task"]["error"]["message"] == "找不到編號 9 的客戶。"
    assert stage.tasks.called("task_of") == [(ALICE["id"], task_id)]
    assert "Preference-Applied" not in response.headers


def test_a_task_that_is_not_recorded_yet_is_accepted(stage: Stage) -> None:
    task_id = new_task_id()
    task = stage.get(f"/api/v1/tasks/{task_id}").get_json()["task"]
    assert (task["id"], task["status"], task["result"], task["error"]) == (task_id, "accepted", None, None)


@pytest.mark.parametrize("task_id", ["1", "x" * 36, "0192F1C4-0000-7000-8000-000000000000", new_task_id().upper()])
def test_what_is_no_task_id_is_not_found(stage: Stage, task_id: str) -> None:
    assert refused(stage.get(f"/api/v1/tasks/{task_id}")) == (404, "not_found")
    assert stage.tasks.calls == []


def test_a_task_of_another_operator_is_not_found(stage: Stage) -> None:
    stage.tasks.methods["task_of"] = Refusal("not_found")
    assert refused(stage.get(f"/api/v1/tasks/{new_task_id()}")) == (404, "not_found")


def test_reading_needs_a_token_and_a_session(stage: Stage) -> None:
    for path in ("/api/v1/tasks", f"/api/v1/tasks/{new_task_id()}"):
        assert refused(stage.get(path, token=None)) == (401, "not_authenticated")
        assert refused(stage.get(path, token="nobody")) == (401, "not_authenticated")
        assert refused(stage.get(path, token="78ui")) == (401, "login_required")


def test_reading_is_unavailable_while_tasks_cannot_read(stage: Stage) -> None:
    stage.tasks.methods["task_of"] = NotAccepted("down")
    stage.tasks.methods["tasks_of"] = NotAccepted("down")
    for path in ("/api/v1/tasks", f"/api/v1/tasks/{new_task_id()}"):
        response = stage.get(path)
        assert refused(response) == (503, "unavailable")
        assert response.get_json()["params"] == {}
        assert "Retry-After" in response.headers


def test_a_wait_ends_with_the_outcome(stage: Stage) -> None:
    task_id = new_task_id()
    waiting = eventlet.spawn(stage.get, f"/api/v1/tasks/{task_id}", Prefer="wait=30")
    eventlet.sleep(0.05)
    stage.gateway.tasks_finished([outcome(task_id)])
    response = waiting.wait()
    assert response.get_json()["task"]["status"] == "succeeded"
    assert response.headers["Preference-Applied"] == "wait=30"


def test_the_outcome_of_another_operators_task_is_not_shown_to_who_waits_for_its_id(stage: Stage) -> None:
    task_id = new_task_id()
    waiting = eventlet.spawn(stage.get, f"/api/v1/tasks/{task_id}", Prefer="wait=1")
    eventlet.sleep(0.05)
    stage.gateway.tasks_finished([outcome(task_id, BOB)])
    assert waiting.wait().get_json()["task"]["status"] == "accepted"


def test_a_page_of_tasks_is_asked_for_as_the_query_says(stage: Stage) -> None:
    stage.tasks.methods["tasks_of"] = lambda *_: {"tasks": [outcome()], "next_cursor": "n"}
    answer = stage.get(f"/api/v1/tasks?limit=7&cursor={CURSOR}&status=failed").get_json()
    assert (len(answer["tasks"]), answer["next_cursor"]) == (1, "n")
    for query in ("", "?reads=false", "?reads=true"):
        stage.get(f"/api/v1/tasks{query}")
    assert stage.tasks.called("tasks_of") == [
        (1, 7, CURSOR, "failed"),
        (1, 50, None, None),
        (1, 50, None, None, False),
        (1, 50, None, None, True),
    ]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("limit=0", {"query.limit": "must be at least 1"}),
        ("limit=201", {"query.limit": "must be at most 200"}),
        ("limit=" + "9" * 5000, {"query.limit": "must be at most 200"}),
        ("limit=-1", {"query.limit": "must be a whole number"}),
        ("limit=", {"query.limit": "must be a whole number"}),
        ("status=done", {"query.status": "is not valid"}),
        ("reads=no", {"query.reads": "must be true or false"}),
        ("cursor=", {"query.cursor": "is not valid"}),
        ("cursor=%00", {"query.cursor": "is not valid"}),
        ("cursor=made-up", {"query.cursor": "is not valid"}),
        (f"cursor={CURSOR}%0A", {"query.cursor": "is not valid"}),
        ("stauts=failed&cursor=x", {"query.stauts": "is not known here", "query.cursor": "is not valid"}),
        ("limit=1&limit=2", {"query.limit": "is stated twice and differs"}),
        ("limit=x&status=y", {"query.limit": "must be a whole number", "query.status": "is not valid"}),
    ],
)
def test_every_fault_of_a_query_is_told(stage: Stage, query: str, found: dict[str, str]) -> None:
    assert faults(stage.get(f"/api/v1/tasks?{query}")) == found
