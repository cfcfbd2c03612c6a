"""Who loses a right while a task waits in the queue has lost it for that task too."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from services.contracts.operators import Role
from services.contracts.task_ids import new_task_id
from services.contracts.tasks import now_text
from services.info import operators, sessions
from services.runtime.postgres.database import Pool
from services.runtime.postgres.transaction import Transaction
from tests import parts
from tests.client import Client
from tests.ledger import violations
from tests.stack import Process, Stack, demo_stack
from tests.waiting import eventually

Change = Callable[[Transaction], Any]


@pytest.fixture(scope="module")
def database(postgres: str) -> Iterator[str]:
    with parts.temporary_database(postgres) as url:
        yield url


@pytest.fixture(scope="module")
def stack(database: str, amqp_uri: str) -> Iterator[Stack]:
    with demo_stack(database, amqp_uri) as running:
        yield running


@contextmanager
def stopped(process: Process) -> Iterator[None]:
    """It does nothing and nobody is told, as when its machine hangs."""
    process.signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.signal(signal.SIGCONT)


@pytest.fixture(scope="module")
def office(database: str) -> Iterator[Pool]:
    """The database, as another replica of info has it."""
    pool = Pool(database, 1, "backoffice_app")
    yield pool
    pool.close()


def restore_carol(office: Pool) -> None:
    """As she is in the demo data."""
    with office.transaction() as tx:
        operators.enable(tx, "Carol", "a test")
        operators.set_role(tx, "Carol", Role.COMPLIANCE, "a test")
        operators.set_level(tx, "Carol", 2, "a test")


def error_of(office: Pool, task_id: str) -> str | None:
    """Why a task failed, once it has."""
    with office.transaction() as tx:
        row = tx.one("SELECT error->>'code' AS code FROM task WHERE id = %s", (task_id,))
    return str(row["code"]) if row else None


def log_out(tx: Transaction) -> None:
    row = tx.one(
        "SELECT operator.id, session.id::text AS session FROM operator JOIN session ON operator_id = operator.id "
        "WHERE name = 'Carol' AND ended_at IS NULL"
    )
    assert row is not None
    sessions.end_session(
        tx,
        {
            "id": new_task_id(),
            "action": "logout",
            "data": {},
            "operator_id": row["id"],
            "session": row["session"],
            "submitted_at": now_text(),
        },
        43_200,
    )


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda tx: operators.set_level(tx, "Carol", 1, "a test"), "level_too_low"),
        (lambda tx: operators.set_role(tx, "Carol", Role.SERVICE, "a test"), "not_permitted"),
        (log_out, "login_required"),
        (lambda tx: operators.disable(tx, "Carol", "a test"), "operator_disabled"),
    ],
    ids=["demoted", "another role", "logged out", "disabled"],
)
def test_a_task_that_waits_while_its_operator_loses_the_right_has_no_effect(
    stack: Stack, database: str, office: Pool, change: Change, code: str
) -> None:
    alice, carol = Client(stack.url, "12qw"), Client(stack.url, "56ty")
    restore_carol(office)
    assert alice.login("Alice")["status"] == carol.login("Carol")["status"] == "succeeded"
    created = alice.run("create_transfer", {"cid": 1, "amount": "9.00", "level": 2})["result"]["transfer"]
    assert carol.run("get_transfer", {"id": created["id"]})["status"] == "succeeded"
    (info,) = stack.of("info")
    with stopped(info):
        submitted = carol.submit("review_transfer", {"id": created["id"], "approved": True})
        assert submitted["http"] == 202
        with office.transaction() as tx:
            change(tx)
    assert eventually(lambda: error_of(office, submitted["task"]["id"])) == code
    assert alice.run("get_transfer", {"id": created["id"]})["result"]["transfer"]["status"] == "pending"
    assert violations(database) == {}


def test_what_an_admin_does_to_an_operator_by_a_task_is_known_everywhere(stack: Stack, office: Pool) -> None:
    alice, carol = Client(stack.url, "12qw"), Client(stack.url, "56ty")
    restore_carol(office)
    assert alice.login("Alice")["status"] == carol.login("Carol")["status"] == "succeeded"
    live = carol.live()
    operator = {"id": live.ready["operator"]["id"]}

    def levels_shown() -> set[int]:
        """Those of two new documents of which Carol is told; the second is always hers to see."""
        made = {}
        for level in (2, 1):
            document = alice.run("create_document", {"cid": 1, "content": "c", "level": level})["result"]["document"]
            made[document["id"]] = level
        eventually(lambda: 1 in told(made))
        return told(made)

    def told(made: dict[int, int]) -> set[int]:
        return {made[item["item"]["id"]] for item in live.items if item["item"]["id"] in made}

    assert levels_shown() == {1, 2}
    assert alice.run("change_operator", {**operator, "level": 1})["status"] == "succeeded"
    assert levels_shown() == {1}  # at once: the demotion has committed
    assert alice.run("disable_operator", operator)["status"] == "succeeded"
    assert eventually(lambda: live.closed == 4401)
    assert eventually(lambda: carol.submit("list_queue", {})["http"] == 401)
