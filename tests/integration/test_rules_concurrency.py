"""Rules that hold however many ask at once, each on a connection of their own."""

from collections.abc import Iterator
from typing import Any

import eventlet
import pytest

from services.contracts.operators import Role
from services.info.batch import execute
from services.info.requests import read
from tests.desk import Desk, Staff
from tests.parts import WAITING
from tests.waiting import eventually

CALLERS = 20
ITEMS = 100


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    """A desk with as many connections as callers."""
    desk = Desk(database_url, connections=CALLERS)
    yield desk
    desk.close()


def at_once(*calls: Any) -> list[Any]:
    """What the calls answer that are made at the same time, as (function, arguments...)."""
    running = [eventlet.spawn(*call) for call in calls]
    return [call.wait() for call in running]


def transfers(desk: Desk, alice: Staff, count: int) -> list[int]:
    """New transfers of the first level, oldest first."""
    return [desk.done(alice, "create_transfer", cid=1, amount=1)["transfer"]["id"] for _ in range(count)]


def work_until_nothing_is_left(desk: Desk, me: Staff) -> list[int]:
    """Take and approve one transfer after the other; their ids."""
    taken: list[int] = []
    while True:
        outcome = desk.run(me, "get_task", type="transfer")
        if outcome["error"]:
            assert outcome["error"]["code"] == "nothing_to_do"
            return taken
        assert outcome["result"]
        item = outcome["result"]["transfer"]
        assert item["claimed_by"] == me.name
        desk.done(me, "review_transfer", id=item["id"], approved=True, version=item["version"])
        taken.append(item["id"])


def test_twenty_callers_share_a_hundred_items_and_none_gets_anothers(desk: Desk, alice: Staff) -> None:
    ids = transfers(desk, alice, ITEMS)
    callers = [desk.hire(f"Reviewer {number}", Role.COMPLIANCE) for number in range(CALLERS)]

    taken = at_once(*((work_until_nothing_is_left, desk, caller) for caller in callers))

    assert sorted(item for share in taken for item in share) == ids
    decided = desk.sql("SELECT name FROM transfer JOIN operator ON operator.id = decided_by ORDER BY transfer.id")
    assert sorted(row["name"] for row in decided) == sorted(
        caller.name for caller, share in zip(callers, taken, strict=True) for _ in share
    )
    events = desk.sql("SELECT event, count(*) AS n, count(DISTINCT entity_id) AS items FROM audit GROUP BY event")
    assert {row["event"]: (row["n"], row["items"]) for row in events if row["event"] != "created"} == {
        "claimed": (ITEMS, ITEMS),
        "decided": (ITEMS, ITEMS),
    }


def test_twenty_first_claims_go_to_the_twenty_oldest_items(desk: Desk, alice: Staff) -> None:
    ids = transfers(desk, alice, CALLERS + 5)
    callers = [desk.hire(f"Reviewer {number}", Role.COMPLIANCE) for number in range(CALLERS)]

    claimed = at_once(*((desk_claims, desk, caller) for caller in callers))

    assert sorted(claimed) == ids[:CALLERS]


def desk_claims(desk: Desk, me: Staff) -> int:
    return int(desk.done(me, "get_task", type="transfer")["transfer"]["id"])


def test_of_two_reviewers_at_once_one_decides_and_the_other_is_told_who_did(desk: Desk, alice: Staff) -> None:
    (item_id,) = transfers(desk, alice, 1)
    bob, carol = (desk.hire(name, Role.COMPLIANCE) for name in ("Bob", "Carol"))

    first, second = at_once(
        *((lambda who: desk.run(who, "review_transfer", id=item_id, approved=True), who) for who in (bob, carol))
    )

    won, lost = (first, second) if first["status"] == "succeeded" else (second, first)
    assert won["result"]
    assert lost["error"]
    assert lost["error"]["code"] == "already_decided"
    decided = won["result"]["transfer"]
    assert lost["error"]["params"] == {name: decided[name] for name in ("decided_by", "decided_by_id", "decided_at")}
    assert decided["decided_by"] == won["operator"]["name"] != lost["operator"]["name"]


def while_it_is_under_way(desk: Desk, first: tuple[Staff, str, Any], second: tuple[Staff, str, Any]) -> Any:
    """The outcome of a task that begins when the first has changed the item and not yet committed."""
    with desk.pool.transaction() as tx:
        execute(tx, [read(desk.request(*first))], desk.rules)
        waiting = eventlet.spawn(lambda: desk.run(second[0], second[1], **second[2]))
        eventually(lambda: desk.sql(WAITING)[0]["n"])
        assert not waiting.dead, "it did not wait for the first"
    return waiting.wait()


def test_a_review_that_waited_for_another_is_told_who_decided(desk: Desk, alice: Staff) -> None:
    (item_id,) = transfers(desk, alice, 1)
    bob, carol = (desk.hire(name, Role.COMPLIANCE) for name in ("Bob", "Carol"))
    verdict = {"id": item_id, "approved": True}

    outcome = while_it_is_under_way(desk, (bob, "review_transfer", verdict), (carol, "review_transfer", verdict))

    assert outcome["error"]["code"] == "already_decided"
    assert outcome["error"]["params"]["decided_by"] == "Bob"
    assert outcome["error"]["params"]["decided_at"] is not None


def test_a_review_that_waited_for_a_claim_is_told_who_claimed(desk: Desk, alice: Staff) -> None:
    (item_id,) = transfers(desk, alice, 1)
    bob, carol = (desk.hire(name, Role.COMPLIANCE) for name in ("Bob", "Carol"))
    claim, verdict = {"type": "transfer", "id": item_id}, {"id": item_id, "approved": True}

    outcome = while_it_is_under_way(desk, (bob, "get_task", claim), (carol, "review_transfer", verdict))

    assert outcome["error"]["code"] == "claimed_by_other"
    assert outcome["error"]["params"]["claimed_by"] == "Bob"
    assert outcome["error"]["params"]["claimed_until"] is not None


def test_a_review_that_waited_for_an_escalation_meets_the_new_level(desk: Desk, alice: Staff) -> None:
    (item_id,) = transfers(desk, alice, 1)
    bob, carol = (desk.hire(name, Role.COMPLIANCE) for name in ("Bob", "Carol"))
    desk.hire("Carlos", Role.COMPLIANCE, 2)
    escalation, verdict = {"type": "transfer", "id": item_id, "level": 2}, {"id": item_id, "approved": True}

    outcome = while_it_is_under_way(desk, (bob, "escalate_task", escalation), (carol, "review_transfer", verdict))

    assert outcome["error"]["params"] == {"required": 2, "yours": 1}


def test_nobody_holds_more_claims_than_the_bound_however_many_are_asked_for_at_once(desk: Desk, alice: Staff) -> None:
    named = [("transfer", item_id) for item_id in transfers(desk, alice, 6)]
    for number in range(6):
        item = desk.done(alice, "create_document", cid=1, content=f"page {number}")["document"]
        named.append(("document", item["id"]))
    bob = desk.hire("Bob", Role.COMPLIANCE)

    outcomes = at_once(
        *((lambda kind, item_id: desk.run(bob, "get_task", type=kind, id=item_id), *which) for which in named)
    )

    refused = [outcome["error"] for outcome in outcomes if outcome["error"]]
    assert len(outcomes) - len(refused) == 5
    assert [(error["code"], error["params"]) for error in refused] == [("too_many_claims", {"held": 5, "limit": 5})] * 7
    (held,) = desk.sql(
        "SELECT (SELECT count(*) FROM transfer WHERE claimed_by = %s)"
        " + (SELECT count(*) FROM document WHERE claimed_by = %s) AS n",
        bob.id,
        bob.id,
    )
    assert held["n"] == 5


def test_an_operator_who_asks_many_times_at_once_gets_the_same_item_each_time(desk: Desk, alice: Staff) -> None:
    ids = transfers(desk, alice, 3)
    bob = desk.hire("Bob", Role.COMPLIANCE)

    claimed = at_once(*[(desk_claims, desk, bob)] * 8)

    assert claimed == [ids[0]] * 8
