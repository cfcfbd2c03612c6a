"""Finished tasks are deleted when their retention has ended, and nothing else ever is."""

import json
from typing import Any

import psycopg2
import pytest

from services.contracts.tasks import now_text
from services.info import retention, task_store
from services.info.retention import delete_old_tasks
from services.runtime.postgres.database import Pool
from tests.office import RETENTION_DAYS, Office
from tests.task_ids import task_id_of_age


def add(owner: Pool, office: Office, days: float, finished_days: float | None, key: str | None = None) -> str:
    """A task of Alice's, submitted and finished so many days ago; its id."""
    added = task_id_of_age(days=days)
    with owner.transaction() as tx:
        tx.execute(
            "INSERT INTO task (id, action, data, operator_id, submitted_at, status, result, finished_at) VALUES "
            "(%(id)s, 'get_customer', %(data)s, %(operator)s, statement_timestamp() - %(days)s * interval '1 day', "
            "CASE WHEN %(finished)s::float IS NULL THEN 'accepted' ELSE 'succeeded' END, "
            "CASE WHEN %(finished)s::float IS NOT NULL THEN '{}'::json END, "
            "statement_timestamp() - %(finished)s::float * interval '1 day')",
            {
                "id": added,
                "data": json.dumps({"id": 1}),
                "operator": office.ids["alice"],
                "days": days,
                "finished": finished_days,
            },
        )
        if key:
            tx.execute(
                "INSERT INTO idempotency_key (operator_id, key, task_id, fingerprint) VALUES (%s, %s, %s, 'f')",
                (office.ids["alice"], key, added),
            )
    return added


def there(office: Office, *ids: str) -> list[bool]:
    """Which of them are still there."""
    return [bool(office.value("SELECT count(*) FROM task WHERE id = %s", each)) for each in ids]


def test_a_task_goes_when_its_id_and_its_outcome_are_older_than_the_retention(office: Office, owner: Pool) -> None:
    old = add(owner, office, 9, 9)
    finished_late = add(owner, office, 9, 6)
    unfinished = add(owner, office, 300, None)
    recent = add(owner, office, RETENTION_DAYS, RETENTION_DAYS)
    assert delete_old_tasks(office.pool, RETENTION_DAYS) == 1
    assert there(office, old, finished_late, unfinished, recent) == [False, True, True, True]


def test_the_audit_of_a_deleted_task_stays(office: Office, owner: Pool) -> None:
    done = add(owner, office, 9, 9)
    with office.pool.transaction() as tx:
        tx.execute(
            "INSERT INTO audit (operator_id, task_id, entity, entity_id, event) VALUES (1, %s, 'customer', 1, 'x')",
            (done,),
        )
    assert delete_old_tasks(office.pool, RETENTION_DAYS) == 1
    assert office.value("SELECT count(*) FROM audit WHERE task_id = %s", done) == 1


def test_a_key_goes_with_its_task_and_may_be_used_again(office: Office, owner: Pool) -> None:
    add(owner, office, 9, 9, "old")
    kept = add(owner, office, 2, 2, "recent")
    delete_old_tasks(office.pool, RETENTION_DAYS)
    assert [row["task_id"] for row in office.query("SELECT task_id FROM idempotency_key")] == [kept]
    task = office.task("alice", "create_customer", {"name": "Ada"}, submitted_at=now_text())
    with office.pool.transaction() as tx:
        assert task_store.record(tx, task, "old", "f", 60)["id"] == task["id"]


def test_a_task_whose_dead_letter_may_be_replayed_stays(office: Office, owner: Pool) -> None:
    replayed, waiting = add(owner, office, 9, 9), add(owner, office, 9, 9)
    with owner.transaction() as tx:
        for each, when in ((replayed, "statement_timestamp()"), (waiting, "NULL")):
            tx.execute(
                "INSERT INTO dead_letter (queue, reason, body, encoding, task_id, digest, replayed_at) "
                f"VALUES ('q', 'r', 'b', 'utf-8', %s, %s, {when})",
                (each, each),
            )
    delete_old_tasks(office.pool, RETENTION_DAYS)
    assert there(office, replayed, waiting) == [False, True]


def test_the_services_role_cannot_delete_what_the_retention_keeps(office: Office, owner: Pool) -> None:
    recent = add(owner, office, 6, 6)
    with office.pool.transaction() as tx:
        assert tx.query("SELECT delete_finished_tasks(-100, 1000) AS count") == [{"count": 0}]
    assert there(office, recent) == [True]
    with pytest.raises(psycopg2.errors.InsufficientPrivilege), office.pool.transaction() as tx:
        tx.execute("DELETE FROM task")


def test_they_are_deleted_some_at_a_time(office: Office, owner: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [add(owner, office, 20 + number, 9) for number in range(5)]
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    monkeypatch.setattr(retention, "MOST_BATCHES", 2)
    assert delete_old_tasks(office.pool, RETENTION_DAYS) == 4
    assert there(office, *ids) == [True, False, False, False, False]
    assert delete_old_tasks(office.pool, RETENTION_DAYS) == 1


def test_a_duplicate_that_comes_after_its_row_was_deleted_has_no_effect(office: Office, owner: Pool) -> None:
    old: Any = office.task("alice", "create_customer", {"name": "Ada"}, id=add(owner, office, 9, 9))
    delete_old_tasks(office.pool, RETENTION_DAYS)
    (outcome,) = office.run(old)
    assert outcome["error"]
    assert outcome["error"]["code"] == "internal_error"
    assert office.value("SELECT count(*) FROM customer") == 0
