"""Operator and session are what they are when the task takes effect, not when it was submitted."""

from typing import Any

import eventlet
import pytest

from services.contracts.task_ids import new_task_id
from services.info import operators
from services.info.operations.registry import Operation
from services.info.work import Work
from tests.integration.execution.customers import create, customers
from tests.office import Office, code_of
from tests.waiting import eventually


def test_a_task_of_nobody_or_of_a_disabled_operator_ends(office: Office) -> None:
    nobody = office.task("bob", "get_transfer", {"id": 1}, operator_id=999)
    disabled = office.task("bob", "get_transfer", {"id": 1})
    with office.pool.transaction() as tx:
        operators.disable(tx, "bob", "a test")
    outcomes = office.run(nobody, disabled)
    assert [code_of(outcome) for outcome in outcomes] == ["operator_disabled", "operator_disabled"]
    assert outcomes[0]["operator"] == {"id": 999, "name": "", "role": ""}


@pytest.mark.parametrize("ended", ["revoked", "idle", "another's", "unknown", "no uuid"])
def test_a_task_without_an_open_session_of_its_operator_has_no_effect(office: Office, ended: str) -> None:
    task = create(office)
    if ended == "revoked":
        with office.pool.transaction() as tx:
            operators.rotate(tx, "alice", "a test")
    elif ended == "idle":
        office.value(
            "WITH old AS (UPDATE session SET last_used_at = last_used_at - interval '1 hour' RETURNING 1) "
            "SELECT count(*) FROM old"
        )
    else:
        sessions = {"another's": office.sessions["bob"], "unknown": new_task_id(), "no uuid": "x"}
        task["session"] = sessions[ended]
    (outcome,) = office.run(task)
    assert code_of(outcome) == "login_required"
    assert customers(office) == []


def test_a_demotion_that_commits_between_submission_and_execution_wins(office: Office) -> None:
    transfer = office.add_transfer(level=2)
    task = office.task("carol", "review_transfer", {"id": transfer, "approved": True})
    with office.pool.transaction() as tx:
        operators.set_level(tx, "carol", 1, "a test")
    (outcome,) = office.run(task)
    assert code_of(outcome) == "level_too_low"


def test_a_demotion_waits_for_a_decision_that_has_read_the_level(office: Office) -> None:
    transfer = office.add_transfer(level=2)
    demotion: list[str] = []

    def demote() -> None:
        with office.pool.transaction() as tx:
            tx.execute("SET LOCAL lock_timeout = 0")
            operators.set_level(tx, "carol", 1, "a test")
        demotion.append("committed")

    def decide_slowly(work: Work, data: Any) -> dict[str, Any]:
        worker = eventlet.spawn(demote)
        eventually(office.somebody_waits)
        assert not demotion
        workers.append(worker)
        return {"transfer": {}}

    workers: list[Any] = []
    real = office.executor()._rules.operations["review_transfer"]
    slow = {"review_transfer": Operation(real.action, decide_slowly, False)}
    (outcome,) = office.run(
        office.task("carol", "review_transfer", {"id": transfer, "approved": True}), operations=slow
    )
    workers[0].wait()
    assert outcome["status"] == "succeeded"
    assert demotion == ["committed"]


def test_a_demotion_under_way_is_waited_for_and_then_seen(office: Office) -> None:
    transfer = office.add_transfer(level=2)
    task = office.task("carol", "review_transfer", {"id": transfer, "approved": True})
    with office.pool.transaction() as tx:
        operators.set_level(tx, "carol", 1, "a test")
        worker = eventlet.spawn(office.run, task)
        eventually(office.somebody_waits)
    (outcome,) = worker.wait()
    assert code_of(outcome) == "level_too_low"


def test_using_a_session_is_noted_at_most_once_a_minute(office: Office) -> None:
    def last_used() -> Any:
        return office.value("SELECT last_used_at FROM session WHERE id = %s", office.sessions["alice"])

    fresh = last_used()
    office.do("alice", "get_customer", {"id": 1})
    assert last_used() == fresh
    office.query("UPDATE session SET last_used_at = last_used_at - interval '2 minutes' RETURNING id")
    office.do("alice", "get_customer", {"id": 1})
    assert last_used() > fresh
