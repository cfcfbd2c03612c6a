"""What tasks refuses or gives up is stored, and executes nothing."""

from typing import Any

from services.contracts.tasks import DeadLetter, TaskError
from tests.integration.execution.customers import count, create, customers
from tests.office import Office, code_of

REFUSAL: TaskError = {"code": "not_permitted", "number": 4031, "params": {}}


POISON: TaskError = {"code": "internal_error", "number": 5001, "params": {"secret": "x"}}


def letter(body: str = "{}") -> DeadLetter:
    return {"queue": "info.operations_requested", "reason": "delivery_limit", "body": body, "encoding": "utf-8"}


def test_a_refusal_of_tasks_is_stored_once_and_executes_nothing(office: Office) -> None:
    task = create(office)
    (first,) = office.ask({"task": task, "refusal": REFUSAL})
    (second,) = office.ask({"task": task, "refusal": POISON})
    (third,) = office.ask({"task": task})
    assert code_of(first) == "not_permitted"
    assert first == second == third
    assert customers(office) == []


def test_a_refusal_may_name_nobody_and_no_action(office: Office) -> None:
    task = office.task("alice", "no_such_action", operator_id=-5, session="")
    (outcome,) = office.ask({"task": task, "refusal": {"code": "no such code", "number": 1, "params": {}}})
    assert outcome["error"] == {"code": "internal_error", "number": 5001, "params": {"task_id": task["id"]}}


def test_a_dead_letter_after_a_success_leaves_the_success(office: Office) -> None:
    task = create(office)
    (success,) = office.ask({"task": task})
    (stored,) = office.ask({"task": task, "refusal": POISON, "dead_letter": letter()})
    assert stored == success
    assert count(office, "dead_letter") == 1


def test_a_dead_letter_is_kept_once_however_often_it_is_told(office: Office) -> None:
    task = create(office)
    for _ in range(3):
        (outcome,) = office.ask({"task": task, "refusal": POISON, "dead_letter": letter()})
    assert outcome["error"]
    assert outcome["error"]["params"] == {"task_id": task["id"]}
    assert office.ask({"task": None, "dead_letter": letter("no \0 text")}) == []
    assert office.ask({"task": None, "dead_letter": letter("no \ud800 text")}) == []
    assert office.query("SELECT task_id::text, body, encoding FROM dead_letter ORDER BY id") == [
        {"task_id": task["id"], "body": "{}", "encoding": "utf-8"},
        {"task_id": None, "body": "bm8gACB0ZXh0", "encoding": "base64"},
        {"task_id": None, "body": "bm8g7aCAIHRleHQ=", "encoding": "base64"},
    ]


def test_a_dead_letter_whose_task_cannot_be_stored_is_kept_all_the_same(office: Office) -> None:
    broken: Any = {**create(office), "submitted_at": "yesterday"}
    assert office.ask({"task": broken, "refusal": POISON, "dead_letter": letter()}) == []
    assert office.query("SELECT task_id FROM dead_letter") == [{"task_id": None}]
