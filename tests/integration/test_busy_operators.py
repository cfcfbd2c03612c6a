"""An operator whose tasks never pause, on replicas that overlap all the time, puts off nobody who changes them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import eventlet
import pytest

from services.contracts.operators import Role
from services.contracts.task_ids import new_task_id
from services.contracts.tasks import now_text
from services.contracts.tokens import token_hash
from services.info import operators, sessions
from services.info.admission import Admission
from services.info.operations.registry import OPERATIONS
from services.info.requests import request_of
from services.runtime.postgres.database import Pool
from services.runtime.postgres.transaction import Transaction
from tests.office import IDLE_SECONDS, Office

REPLICAS = 8
BATCH_SECONDS = 0.05
MOST_BATCHES = 160
"""What they do in a second, after which a revocation holds everywhere; on a machine that is busy, in some more."""

Change = Callable[[Office], object]


def by_a_task(action: str, **data: object) -> Change:
    """As an Admin does it."""
    return lambda office: office.do("alice", action, {"id": office.ids["bob"], **data})


def at_the_command_line(change: Callable[[Transaction], object]) -> Change:
    """As an administrator does it."""

    def run(office: Office) -> None:
        with office.pool.transaction() as tx:
            change(tx)

    return run


def log_out(office: Office) -> None:
    """As the operator does it."""
    with office.pool.transaction() as tx:
        sessions.end_session(tx, office.task("bob", "logout"), IDLE_SECONDS)


def log_in(office: Office) -> None:
    """As the operator does it, once more."""
    with office.pool.transaction() as tx:
        sessions.open_session(
            tx, token_hash("token-of-bob-for-the-tests"), "bob", new_task_id(), now_text(), IDLE_SECONDS
        )


@contextmanager
def always_at_work(office: Office, name: str) -> Iterator[list[Pool]]:
    """Replicas have batches of that operator's tasks at work, one after the other; who has done each, as they end."""
    request = request_of(office.task(name, "get_customer", {"id": 1}))
    pools = [Pool(office.url, 1, "backoffice_app", "backoffice test") for _ in range(REPLICAS)]

    def work(pool: Pool) -> None:
        while True:
            with pool.transaction() as tx:
                Admission(tx, [request], OPERATIONS, IDLE_SECONDS)
                eventlet.sleep(BATCH_SECONDS)
            done.append(pool)

    done: list[Pool] = []
    replicas = []
    for pool in pools:
        replicas.append(eventlet.spawn(work, pool))
        eventlet.sleep(BATCH_SECONDS / REPLICAS)
    try:
        yield done
    finally:
        for replica in replicas:
            replica.kill()
        for pool in pools:
            pool.close()


CHANGES: dict[str, Change] = {
    "disabled by a task": by_a_task("disable_operator"),
    "demoted by a task": by_a_task("change_operator", level=1),
    "disabled at the command line": at_the_command_line(lambda tx: operators.disable(tx, "bob", "the tests")),
    "rotated at the command line": at_the_command_line(lambda tx: operators.rotate(tx, "bob", "the tests")),
    "logged out": log_out,
    "logged in": log_in,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
def test_who_is_always_at_work_is_changed_all_the_same(office: Office, change: Change) -> None:
    with always_at_work(office, "bob") as done:
        before = len(done)
        change(office)
        assert len(done) - before < MOST_BATCHES


def test_an_admin_who_is_always_at_work_keeps_no_other_from_being_disabled(office: Office) -> None:
    """Whoever disables an Admin looks whether another is left."""
    with office.pool.transaction() as tx:
        operators.set_role(tx, "bob", Role.ADMIN, "the tests")
    with always_at_work(office, "alice") as done:
        before = len(done)
        office.do("alice", "disable_operator", {"id": office.ids["bob"]})
        assert len(done) - before < MOST_BATCHES
