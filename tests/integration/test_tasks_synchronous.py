"""Database tasks executed by call: the same effect once, whatever the call itself does."""

from typing import Any

import eventlet
import pytest

from services.contracts.events import TASKS_SUBMITTED
from services.info.operations.registry import OPERATIONS, Operation
from services.info.service import InfoService
from services.info.work import Work
from services.tasks.service import TasksService
from services.users.service import UsersService
from tests.integration.loop import Gateway, Loop, held_up
from tests.waiting import eventually


def test_a_synchronous_role_gets_the_same_outcome_and_no_event_is_needed(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    requested: list[Any] = []
    monkeypatch.setattr(InfoService, "execute", lambda self, entries: requested.extend(entries), raising=True)
    loop.start_all(db_tasks_admin="sync")
    tasks = [loop.office.task("alice", "create_customer", {"name": f"{number}"}) for number in range(5)]
    loop.submit(*tasks)
    outcomes = loop.outcomes(*tasks)
    assert [outcome["status"] for outcome in outcomes] == ["succeeded"] * 5
    ids = [outcome["result"]["customer"]["id"] for outcome in outcomes]
    assert ids == sorted(ids)
    assert requested == []


def test_both_ways_run_side_by_side(loop: Loop) -> None:
    loop.start_all(db_tasks_admin="sync")
    transfer = loop.office.add_transfer()
    creation = loop.office.task("alice", "create_customer", {"name": "Ada"})
    decision = loop.office.task("bob", "review_transfer", {"id": transfer, "approved": True})
    loop.submit(creation, decision)
    assert [outcome["status"] for outcome in loop.outcomes(creation, decision)] == ["succeeded"] * 2


def test_a_refusal_of_the_synchronous_way_is_an_outcome_like_any_other(loop: Loop) -> None:
    loop.start_all(db_tasks_compliance="sync")
    task = loop.office.task("bob", "review_transfer", {"id": 4711, "approved": True})
    loop.submit(task)
    (outcome,) = loop.outcomes(task)
    assert outcome["error"]["code"] == "transfer_not_found"


def test_a_timeout_is_no_outcome_and_the_task_takes_effect_once(loop: Loop) -> None:
    loop.start_all(db_tasks_admin="sync", rpc_seconds=0.3)
    task = loop.office.task("alice", "create_customer", {"name": "Ada"})
    with held_up(loop):
        loop.submit(task)
        eventlet.sleep(1.5)
        assert loop.told == []
        assert loop.kept() == []
    (outcome,) = loop.outcomes(task)
    assert outcome["status"] == "succeeded"
    assert loop.office.value("SELECT count(*) FROM customer") == 1
    assert loop.office.value("SELECT count(*) FROM audit WHERE task_id = %s", task["id"]) == 1
    assert loop.count(TASKS_SUBMITTED.queue) == 0


def test_what_waits_behind_a_call_without_an_outcome_keeps_its_order(loop: Loop) -> None:
    loop.start_all(db_tasks_admin="sync", rpc_seconds=0.3)
    tasks = [loop.office.task("alice", "create_customer", {"name": f"{number}"}) for number in range(4)]
    with held_up(loop):
        loop.submit(*tasks)
        eventlet.sleep(0.8)
    outcomes = loop.outcomes(*tasks)
    ids = [outcome["result"]["customer"]["id"] for outcome in outcomes]
    assert ids == sorted(ids)
    assert loop.office.value("SELECT count(*) FROM customer") == 4


def test_without_info_the_task_waits_and_is_not_failed(loop: Loop) -> None:
    loop.start(Gateway, UsersService)
    loop.start(InfoService)[0].stop()
    loop.start(TasksService, db_tasks_admin="sync", rpc_seconds=0.3)
    task = loop.office.task("alice", "create_customer", {"name": "Ada"})
    loop.submit(task)
    eventlet.sleep(1.0)
    assert loop.told == []
    loop.start(InfoService)
    assert loop.outcomes(task)[0]["status"] == "succeeded"


def test_a_task_on_which_the_call_fails_for_good_ends_with_internal_error(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    declared = OPERATIONS["create_customer"]

    def fail(work: Work, data: Any) -> dict[str, Any]:
        raise ZeroDivisionError

    monkeypatch.setitem(OPERATIONS, "create_customer", Operation(declared.action, fail, declared.locks_operator))
    loop.start_all(db_tasks_admin="sync")
    task = loop.office.task("alice", "create_customer", {"name": "Ada"})
    loop.submit(task)
    (outcome,) = loop.outcomes(task)
    assert outcome["error"]["code"] == "internal_error"
    (letter,) = eventually(loop.kept)
    assert (letter["queue"], letter["task_id"]) == ("tasks.tasks_submitted", task["id"])
