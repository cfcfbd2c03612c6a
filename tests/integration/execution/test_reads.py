"""Tasks that only read: nothing waits for them, they see what has committed, and one that takes too long ends."""

import json
from typing import Any

import eventlet
import psycopg2
import pytest

from services.info import task_store
from services.info.batch import Rules
from services.info.execution import Executor
from services.info.operations.registry import OPERATIONS, Operation
from services.info.work import Limits, Work
from services.runtime.postgres.database import Pool
from tests.integration.execution.customers import count, create, creating_with, insert_customer
from tests.office import IDLE_SECONDS, RETENTION_DAYS, Office, code_of, outcomes_of
from tests.waiting import eventually


def reading_with(read: Any, **others: Operation) -> dict[str, Operation]:
    """``read`` in place of what shows a customer."""
    declared = OPERATIONS["get_customer"]
    return {**OPERATIONS, "get_customer": Operation(declared.action, read, declared.locks_operator), **others}


def executor(office: Office, operations: dict[str, Operation], query_seconds: float = 30.0) -> Executor:
    return Executor(office.pool, Rules(operations, Limits(900, 5), IDLE_SECONDS, RETENTION_DAYS, query_seconds))


def sleep(work: Work, data: Any) -> dict[str, Any]:
    work.query("SELECT pg_sleep(60)")
    return {"customer": {}}


def look(office: Office, name: str = "alice", customer: int = 1) -> Any:
    return office.task(name, "get_customer", {"id": customer})


def test_a_statement_beyond_the_limit_ends_its_task_and_its_batch_goes_on(office: Office) -> None:
    tasks = [create(office, "before"), look(office), create(office, "after")]
    done = list(executor(office, reading_with(sleep), 0.2).run([{"task": task} for task in tasks]))
    by_id = {outcome["id"]: outcome for outcome in outcomes_of(done)}
    before, slow, after = (by_id[task["id"]] for task in tasks)
    assert (before["status"], after["status"]) == ("succeeded", "succeeded")
    assert slow["error"] == {"code": "query_too_slow", "number": 5041, "params": {}}
    assert slow["operator"] == {"id": office.ids["alice"], "name": "alice", "role": "Admin"}
    assert count(office) == 2
    assert office.run(tasks[1]) == [slow]


def test_the_limit_is_that_of_each_statement_and_not_that_of_commands(office: Office) -> None:
    def read(work: Work, data: Any) -> dict[str, Any]:
        for _ in range(3):
            work.query("SELECT pg_sleep(0.3)")
        return {"customer": {}}

    def create_slowly(work: Work, data: Any) -> dict[str, Any]:
        work.query("SELECT pg_sleep(0.6)")
        return insert_customer(work, data)

    operations = reading_with(read) | {"create_customer": creating_with(create_slowly)["create_customer"]}
    tasks = [look(office), create(office), look(office)]
    done = executor(office, operations, 0.5).run([{"task": task} for task in tasks])
    assert [code_of(outcome) for outcome in outcomes_of(list(done))] == [None, None, None]


def test_after_a_statement_was_stopped_the_connection_has_its_own_limit_again(office: Office) -> None:
    task = {"task": look(office)}
    pool = Pool(office.url, 1, "backoffice_app", "backoffice test")
    rules = Rules(reading_with(sleep), Limits(900, 5), IDLE_SECONDS, RETENTION_DAYS, 0.2)
    try:
        list(Executor(pool, rules).run([task]))  # type: ignore[list-item]
        with pool.transaction() as tx:
            row = tx.one("SHOW statement_timeout")
    finally:
        pool.close()
    assert row == {"statement_timeout": "30s"}


def test_what_only_reads_cannot_write(office: Office) -> None:
    done = executor(office, reading_with(lambda work, data: insert_customer(work, type("", (), {"name": "Eve"}))))
    with pytest.raises(psycopg2.errors.ReadOnlySqlTransaction):
        list(done.run([{"task": look(office)}]))
    assert count(office) == 0


def test_a_task_that_reads_for_long_holds_up_no_command_of_its_operator_and_no_change_of_its_rights(
    office: Office,
) -> None:
    transfer = office.add_transfer()
    reading, release = eventlet.event.Event(), eventlet.event.Event()

    def wait(work: Work, data: Any) -> dict[str, Any]:
        work.query("SELECT 1")
        reading.send()
        release.wait()
        return {"customer": {}}

    slow = look(office, "bob")
    rounds = eventlet.spawn(lambda: list(executor(office, reading_with(wait)).run([{"task": slow}])))
    reading.wait()
    # Claiming locks the operator's row for itself alone, as does disabling the operator.
    assert office.do("bob", "get_task", {"type": "transfer", "id": transfer})["status"] == "succeeded"
    assert office.do("alice", "disable_operator", {"id": office.ids["bob"]})["status"] == "succeeded"
    release.send()
    # It read before the change, and says what it read.
    assert [outcome["status"] for outcome in outcomes_of(rounds.wait())] == ["succeeded"]
    assert code_of(office.run(look(office, "bob"))[0]) == "operator_disabled"


def test_a_task_reads_one_state_of_the_database(office: Office) -> None:
    def count_twice(work: Work, data: Any) -> dict[str, Any]:
        before = work.one("SELECT count(*) FROM customer")
        office.add_customer()
        return {"customer": [before, work.one("SELECT count(*) FROM customer")]}

    (outcome,) = outcomes_of(list(executor(office, reading_with(count_twice)).run([{"task": look(office)}])))
    assert outcome["result"] == {"customer": [{"count": 0}, {"count": 0}]}


def test_a_task_that_two_replicas_read_at_once_has_one_outcome(office: Office) -> None:
    office.add_customer()
    both, reads = eventlet.event.Event(), []

    def read(work: Work, data: Any) -> dict[str, Any]:
        reads.append(work.task_id)
        if len(reads) == 2:
            both.send()
        both.wait()
        return {"customer": len(reads), "at": work.query("SELECT clock_timestamp()::text AS at")}

    task = look(office)
    replicas = [
        eventlet.spawn(lambda: list(executor(office, reading_with(read)).run([{"task": task}]))) for _ in range(2)
    ]
    first, second = (outcomes_of(replica.wait()) for replica in replicas)
    assert json.dumps(first) == json.dumps(second)
    assert len(reads) == 2
    assert count(office, f"task WHERE id = '{task['id']}'") == 1


def test_of_a_recorded_task_that_which_was_recorded_is_read(office: Office) -> None:
    first, second = office.add_customer(), office.add_customer()
    task = look(office, customer=first)
    office.pool.run(lambda tx: task_store.record(tx, task, None, None, 60.0))
    other: Any = {**task, "data": {"id": second}}
    (outcome,) = office.run(other)
    assert outcome["data"] == {"id": first}
    assert outcome["result"]["customer"]["id"] == first  # type: ignore[index]


def test_a_table_that_is_locked_holds_its_reader_and_nobody_else(office: Office) -> None:
    transfer = office.add_transfer()
    connection = psycopg2.connect(office.url)
    try:
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE item_text IN ACCESS EXCLUSIVE MODE")
        task = office.task("alice", "search_items", {"text": "passport"})
        reader = eventlet.spawn(office.run, task)
        eventually(office.somebody_waits)
        assert office.do("bob", "review_transfer", {"id": transfer, "approved": True})["status"] == "succeeded"
        connection.rollback()
        assert [outcome["status"] for outcome in reader.wait()] == ["succeeded"]
    finally:
        connection.close()


def test_claiming_by_filters_that_takes_too_long_ends_and_its_batch_goes_on(office: Office) -> None:
    declared = OPERATIONS["get_task"]
    slow = {**OPERATIONS, "get_task": Operation(declared.action, sleep, declared.locks_operator)}
    tasks = [create(office, "before"), office.task("bob", "get_task", {"type": "transfer", "words": ["gbp"]})]

    done = outcomes_of(list(executor(office, slow, 1.0).run([{"task": task} for task in tasks])))

    assert [code_of(outcome) for outcome in done] == [None, "query_too_slow"]
