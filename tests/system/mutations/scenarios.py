"""What happens to a build, step by step and never by chance, and which promises it breaks then."""

from collections.abc import Callable
from typing import Any

import eventlet
import kombu

from services.contracts.events import OPERATIONS_REQUESTED
from services.info import operators
from services.runtime.postgres.database import Pool
from tests.ledger import unfinished, violations
from tests.system.mutations.site import SECONDS, Site
from tests.waiting import eventually

TRANSFER = {"cid": 1, "amount": "1.00", "level": 2}

Broken = dict[str, list[Any]]
"""Promises, and what breaks them."""


def killed_before_the_commit(site: Site) -> Broken:
    """The process dies while a task's transaction is open."""
    with site.gate_closed():
        accepted = site.clients["Alice"].submit("create_transfer", TRANSFER)
        site.wait_at_gate()
        site.process.kill()
    site.start()
    # With one replica tasks take effect in the order in which they were accepted.
    site.clients["Alice"].run("create_customer", {"name": "accepted later"})
    lost = unfinished(site.database, [accepted["task"]["id"]])
    return {"every accepted task has an outcome": lost} if lost else {}


def delivered_twice(site: Site) -> Broken:
    """The broker delivers a task again after it has been done."""
    with kombu.Connection(site.amqp_uri) as connection:
        channel = connection.default_channel
        exchange = kombu.Exchange(OPERATIONS_REQUESTED.speakers[0].exchange, "topic", passive=True)
        tap = kombu.Queue("", exchange, OPERATIONS_REQUESTED.name, exclusive=True, no_declare=False)(channel)
        tap.declare()
        site.clients["Alice"].run("create_transfer", TRANSFER)
        message = eventually(tap.get, SECONDS)
        kombu.Producer(channel, exchange, OPERATIONS_REQUESTED.name, auto_declare=False).publish(
            message.body, content_type=message.content_type, content_encoding=message.content_encoding, delivery_mode=2
        )
        site.clients["Alice"].run("create_customer", {"name": "accepted later"})
    return {}


def demoted_while_deciding(site: Site) -> Broken:
    """An operator loses the level while a decision that needs it is under way."""
    transfer = site.clients["Alice"].run("create_transfer", TRANSFER)["result"]["transfer"]["id"]
    with site.gate_closed():
        decided = site.clients["Carol"].submit("review_transfer", {"id": transfer, "approved": True})
        site.wait_at_gate()
        demotion = eventlet.spawn(_set_level, site, "Carol", 1)
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        eventually(lambda: demotion.dead or site.sql(waiting) != [(0,)], SECONDS)
    eventually(lambda: not unfinished(site.database, [decided["task"]["id"]]), SECONDS, 0.05)
    demotion.wait()
    _set_level(site, "Carol", 2)
    return {}


def _set_level(site: Site, name: str, level: int) -> None:
    pool = Pool(site.database, 1)
    with pool.transaction() as tx:
        tx.execute("SET LOCAL lock_timeout = 0")
        operators.set_level(tx, name, level, "a scenario")
    pool.close()


def logged_out_while_the_task_waits(site: Site) -> Broken:
    """A session ends between the submission of a task and its execution."""
    with site.gate_closed():
        site.clients["Alice"].submit("create_transfer", TRANSFER)
        site.wait_at_gate()
        waits = site.clients["Bob"].submit("review_transfer", {"id": 1, "approved": True})
        assert site.clients["Bob"].run("logout")["status"] == "succeeded"
    eventually(lambda: not unfinished(site.database, [waits["task"]["id"]]), SECONDS, 0.05)
    site.clients["Bob"].login("Bob")
    return {}


def the_same_key_twice(site: Site) -> Broken:
    """A client that has not heard asks again."""
    answers = [
        site.clients["Alice"].submit("create_transfer", TRANSFER, Prefer="wait=30", Idempotency_Key="k") for _ in "12"
    ]
    ids = {answer["task"]["id"] for answer in answers}
    return {"a key gives one task": sorted(ids)} if len(ids) > 1 else {}


def a_commit_that_fails(site: Site) -> Broken:
    """The database refuses the first commit of a task, which is then repeated."""
    told = site.clients["Alice"].run("create_customer", {"name": "whose first commit fails"})
    eventually(lambda: not unfinished(site.database, [told["id"]]), SECONDS, 0.05)
    ((stored,),) = site.sql("SELECT result FROM task WHERE id = %s", told["id"])
    return {"an outcome does not change": [told["result"], stored]} if told["result"] != stored else {}


SCENARIOS: dict[str, Callable[[Site], Broken]] = {
    "killed before the commit": killed_before_the_commit,
    "delivered twice": delivered_twice,
    "demoted while deciding": demoted_while_deciding,
    "logged out while the task waits": logged_out_while_the_task_waits,
    "the same key twice": the_same_key_twice,
    "a commit that fails": a_commit_that_fails,
}


def play(site: Site, name: str) -> Broken:
    """The promises that are broken after a scenario, those of the ledger among them."""
    broken = SCENARIOS[name](site)
    return broken | violations(site.database)
