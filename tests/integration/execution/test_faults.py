"""A fault is raised to be repeated, and takes no other task with it."""

import copy
from typing import Any

import psycopg2
import pytest

from services.info.batch import Round
from services.info.requests import Malformed
from services.info.work import Work
from services.runtime.postgres.database import Conflict, DatabaseUnavailable, Pool
from services.runtime.postgres.transaction import Transaction
from tests.integration.execution.customers import count, create, creating_with, customers, insert_customer
from tests.office import Office, outcomes_of


@pytest.mark.parametrize(
    "fault",
    [{"id": "x"}, {"operator_id": 2**63}, {"submitted_at": "soon"}, {"data": []}, {"action": 5}, {"action": "no_such"}],
)
def test_what_is_no_task_raises_after_the_others_have_ended(office: Office, fault: dict[str, Any]) -> None:
    broken: Any = {**create(office), **fault}
    done: list[Round] = []
    with pytest.raises(Malformed):
        done.extend(office.executor().run([{"task": broken}, {"task": create(office, "good")}]))
    assert [outcome["status"] for outcome in outcomes_of(done)] == ["succeeded"]
    assert customers(office) == ["good"]


@pytest.mark.parametrize("fault", ["a bug", "a bad statement", "a result that is no JSON"])
def test_a_task_that_breaks_its_operation_raises_and_takes_no_other_with_it(office: Office, fault: str) -> None:
    def break_b(work: Work, data: Any) -> dict[str, Any]:
        result = insert_customer(work, data)
        if data.name != "b":
            return result
        if fault == "a bug":
            raise ZeroDivisionError
        if fault == "a bad statement":
            work.query("SELECT 1 / 0")
        return {"customer": object()}

    tasks = [create(office, name) for name in "abc"]
    done: list[Round] = []
    with pytest.raises((ZeroDivisionError, psycopg2.errors.DivisionByZero, TypeError)):
        done.extend(office.executor(creating_with(break_b)).run([{"task": task} for task in tasks]))
    assert [outcome["id"] for outcome in outcomes_of(done)] == [tasks[0]["id"], tasks[2]["id"]]
    assert customers(office) == ["a", "c"]
    assert count(office, f"task WHERE id = '{tasks[1]['id']}'") == 0


def test_a_row_locked_for_long_holds_up_its_task_and_no_other(office: Office) -> None:
    transfer = office.add_transfer()
    tasks = [
        create(office, "before"),
        office.task("bob", "review_transfer", {"id": transfer, "approved": True}),
        create(office, "after"),
    ]
    with office.pool.transaction() as holder:
        holder.query("SELECT 1 FROM transfer WHERE id = %s FOR UPDATE", (transfer,))
        rounds = office.executor().run([{"task": task} for task in tasks])
        early = [next(rounds), next(rounds)]
        assert [outcome["id"] for outcome in outcomes_of(early)] == [tasks[0]["id"], tasks[2]["id"]]
    (late,) = outcomes_of(list(rounds))
    assert (late["id"], late["status"]) == (tasks[1]["id"], "succeeded")


def test_a_conflict_that_lasts_is_raised_to_be_repeated(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.info.execution.ATTEMPTS", 2)
    transfer = office.add_transfer()
    task = office.task("bob", "review_transfer", {"id": transfer, "approved": True})
    with office.pool.transaction() as holder:
        holder.query("SELECT 1 FROM transfer WHERE id = %s FOR UPDATE", (transfer,))
        with pytest.raises(Conflict):
            office.run(task)
    assert [outcome["status"] for outcome in office.run(task)] == ["succeeded"]


def test_a_database_that_dies_in_the_middle_leaves_nothing_and_the_repetition_everything(office: Office) -> None:
    def die_once(work: Work, data: Any) -> dict[str, Any]:
        if data.name == "b" and not died:
            died.append(True)
            terminate(office.url, work.transaction)  # type: ignore[arg-type]
        return insert_customer(work, data)

    died: list[bool] = []
    tasks = [create(office, name) for name in "abc"]
    operations = creating_with(die_once)
    with pytest.raises(DatabaseUnavailable):
        office.run(*tasks, operations=operations)
    assert customers(office) == []
    outcomes = office.run(*copy.deepcopy(tasks), operations=operations)
    assert [outcome["status"] for outcome in outcomes] == ["succeeded"] * 3
    assert customers(office) == ["a", "b", "c"]


def terminate(url: str, tx: Transaction) -> None:
    (row,) = tx.query("SELECT pg_backend_pid() AS pid")
    connection = psycopg2.connect(url)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", (row["pid"],))
    connection.close()


def test_no_database_is_raised_to_be_repeated(office: Office) -> None:
    nowhere = Pool("postgresql://postgres@127.0.0.1:1/postgres")
    with pytest.raises(DatabaseUnavailable):
        office.run(create(office), pool=nowhere)
