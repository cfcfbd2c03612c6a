"""Several replicas execute at the same time."""

from typing import Any

import eventlet

from services.contracts.tasks import Outcome
from services.info.operations.registry import OPERATIONS, Operation
from services.info.work import Work
from services.runtime.postgres.database import Pool
from tests.integration.execution.customers import create, creating_with, customers, insert_customer
from tests.office import Office, code_of


def test_a_batch_executed_on_two_replicas_at_once_takes_effect_once(office: Office) -> None:
    tasks = [create(office, f"customer {number}") for number in range(20)]
    replicas = [Pool(office.url, 2, "backoffice_app") for _ in range(4)]
    workers = [eventlet.spawn(office.run, *tasks, pool=pool) for pool in replicas]
    answers = [worker.wait() for worker in workers]
    assert customers(office) == [f"customer {number}" for number in range(20)]
    assert all(answer == answers[0] for answer in answers)


def test_batches_in_opposite_order_on_two_replicas_lose_nothing(office: Office) -> None:
    """Their operations lock the same rows in opposite order, which deadlocks inside a savepoint."""
    rows = [office.add_transfer(), office.add_transfer()]

    def lock(work: Work, data: Any) -> dict[str, Any]:
        work.query("SELECT 1 FROM transfer WHERE id = %s FOR UPDATE", (rows[int(data.name)],))
        work.query("SELECT pg_sleep(0.1)")
        return insert_customer(work, data)

    def work(*order: str) -> list[Outcome]:
        pool = Pool(office.url, 1, "backoffice_app")
        return office.run(*(create(office, name) for name in order), pool=pool, operations=creating_with(lock))

    before = len(customers(office))
    workers = [eventlet.spawn(work, *order) for order in (("0", "1"), ("1", "0"), ("0", "1"))]
    outcomes = [outcome for worker in workers for outcome in worker.wait()]
    assert [outcome["status"] for outcome in outcomes] == ["succeeded"] * 6
    assert len(customers(office)) - before == 6


def test_two_replicas_do_not_both_count_four_claims(office: Office) -> None:
    for _ in range(8):
        office.add_transfer()
    for _ in range(4):
        office.query(
            "UPDATE transfer SET claimed_by = %s, claimed_until = statement_timestamp() + interval '1 hour' "
            "WHERE id = (SELECT min(id) FROM transfer WHERE claimed_by IS NULL) RETURNING id",
            office.ids["bob"],
        )
    replicas = [Pool(office.url, 1, "backoffice_app") for _ in range(3)]
    free = [row["id"] for row in office.query("SELECT id FROM transfer WHERE claimed_by IS NULL ORDER BY id")]

    def slowly(work: Work, data: Any) -> dict[str, Any]:
        result = real.function(work, data)
        work.query("SELECT pg_sleep(0.1)")
        return result

    real = OPERATIONS["get_task"]
    slow = {"get_task": Operation(real.action, slowly, real.locks_operator)}
    tasks = [office.task("bob", "get_task", {"type": "transfer", "id": item}) for item in free[:3]]
    workers = [
        eventlet.spawn(office.run, task, pool=pool, operations=slow) for task, pool in zip(tasks, replicas, strict=True)
    ]
    codes = [code_of(worker.wait()[0]) for worker in workers]
    assert sorted(map(str, codes)) == ["None", "too_many_claims", "too_many_claims"]
