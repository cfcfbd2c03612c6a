"""What the operations answer, member by member, and what they leave in the database."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.contracts.operators import ItemType, Role
from services.info.board import PendingItem
from services.info.operations.lists import Position
from services.info.pending import pending_items
from tests.desk import CLAIM_SECONDS, Desk, Staff

PENDING = {
    "version": 1,
    "created_by": "Alice",
    "created_by_id": 1,
    "claimed_by": None,
    "claimed_by_id": None,
    "claimed_until": None,
    "decided_by": None,
    "decided_by_id": None,
    "decided_at": None,
}


@pytest.fixture
def bob(desk: Desk) -> Staff:
    return desk.hire("Bob", Role.COMPLIANCE)


@pytest.fixture
def erin(desk: Desk) -> Staff:
    return desk.hire("Erin", Role.SERVICE, 2)


def seconds_from_now(text: str) -> float:
    return (datetime.fromisoformat(text) - datetime.now(UTC)).total_seconds()


def test_a_customer_reads_as_it_was_created(desk: Desk, alice: Staff, bob: Staff) -> None:
    created = desk.done(alice, "create_customer", name="Ada")["customer"]

    assert created == {
        "id": 2,
        "name": "Ada",
        "created_at": created["created_at"],
        "created_by": "Alice",
        "created_by_id": 1,
    }
    assert abs(seconds_from_now(created["created_at"])) < 10
    assert desk.done(bob, "get_customer", id=2) == {"customer": created}
    assert desk.refused(bob, "get_customer", id=3) == ("customer_not_found", {"id": 3})


def test_creating_a_customer_is_audited_and_changes_no_item(desk: Desk, alice: Staff) -> None:
    outcome = desk.run(alice, "create_customer", name="Ada")

    assert outcome["result"]
    (row,) = desk.sql("SELECT * FROM audit WHERE entity_id = 2")
    assert (row["entity"], row["event"], row["operator_id"], row["task_id"], row["before"], row["after"]) == (
        "customer",
        "created",
        alice.id,
        outcome["id"],
        None,
        outcome["result"]["customer"],
    )
    assert desk.changes == []


@pytest.mark.parametrize(
    ("item_type", "data", "shown"),
    [
        ("document", {"content": "p. 1"}, {"content": "p. 1", "level": 1, "status": "pending", "reason": None}),
        (
            "transfer",
            {"amount": "250", "level": 2},
            {"amount": "250.00", "currency": "USD", "level": 2, "status": "pending", "reason": None},
        ),
        (
            "transfer",
            {"amount": "9999999999999.99", "currency": "EUR"},
            {"amount": "9999999999999.99", "currency": "EUR", "level": 1, "status": "pending", "reason": None},
        ),
        (
            "inquiry",
            {"problem": "why?"},
            {
                **{"problem": "why?", "answer": None, "closed": False, "level": 1, "status": "open"},
                **{"waiting": False, "waiting_until": None},
            },
        ),
    ],
)
def test_an_item_reads_as_it_was_created(
    desk: Desk, alice: Staff, bob: Staff, item_type: str, data: dict[str, Any], shown: dict[str, Any]
) -> None:
    created = desk.done(alice, f"create_{item_type}", cid=1, **data)[item_type]

    assert created == {"id": 1, "cid": 1, "created_at": created["created_at"], **PENDING, **shown}
    assert desk.done(bob, f"get_{item_type}", id=1)[item_type] == created


@pytest.mark.parametrize(
    ("action", "data"),
    [("create_document", {"content": "c"}), ("create_transfer", {"amount": 1}), ("create_inquiry", {"problem": "p"})],
)
def test_an_item_needs_a_customer(desk: Desk, alice: Staff, action: str, data: dict[str, Any]) -> None:
    assert desk.refused(alice, action, cid=2**63 - 1, **data) == ("customer_not_found", {"id": 2**63 - 1})


def test_a_claim_lasts_as_long_as_the_setting_and_answers_the_customer(desk: Desk, alice: Staff, bob: Staff) -> None:
    created = desk.done(alice, "create_transfer", cid=1, amount="250.00")["transfer"]

    claimed = desk.done(bob, "get_task", type="transfer")

    until = claimed["transfer"]["claimed_until"]
    assert seconds_from_now(until) == pytest.approx(CLAIM_SECONDS, abs=10)
    assert claimed == {
        "type": "transfer",
        "transfer": {**created, "version": 2, "claimed_by": "Bob", "claimed_by_id": bob.id, "claimed_until": until},
        "customer": desk.done(bob, "get_customer", id=1)["customer"],
    }


@pytest.mark.parametrize("named", [{}, {"id": 1}])
def test_a_claim_asked_for_again_begins_its_lease_anew_at_the_same_version(
    desk: Desk, alice: Staff, bob: Staff, named: dict[str, int]
) -> None:
    desk.done(alice, "create_transfer", cid=1, amount=1)
    first = desk.done(bob, "get_task", type="transfer")["transfer"]

    again = desk.done(bob, "get_task", type="transfer", **named)["transfer"]

    assert again["claimed_until"] > first["claimed_until"]
    assert again == {**first, "claimed_until": again["claimed_until"]}
    (row,) = desk.sql("SELECT after FROM audit ORDER BY id DESC LIMIT 1")
    assert row["after"] == first


def test_a_demoted_holder_is_given_an_item_that_still_suits_instead_of_the_one_held(
    desk: Desk, alice: Staff, bob: Staff
) -> None:
    desk.sql("UPDATE operator SET level = 2 WHERE id = %s", bob.id)
    for level in (2, 1):
        desk.done(alice, "create_transfer", cid=1, amount=1, level=level)
    assert desk.done(bob, "get_task", type="transfer")["transfer"]["id"] == 1
    desk.sql("UPDATE operator SET level = 1 WHERE id = %s", bob.id)

    assert desk.done(bob, "get_task", type="transfer")["transfer"]["id"] == 2


def test_a_review_ends_the_claim_and_says_who_decided_when_and_why(desk: Desk, alice: Staff, bob: Staff) -> None:
    desk.done(alice, "create_document", cid=1, content="c")
    claimed = desk.done(bob, "get_task", type="document")["document"]

    decided = desk.done(bob, "review_document", id=1, approved=False, reason="blurred", version=2)["document"]

    assert decided == {
        **claimed,
        "status": "rejected",
        "reason": "blurred",
        "version": 3,
        "claimed_by": None,
        "claimed_by_id": None,
        "claimed_until": None,
        "decided_by": "Bob",
        "decided_by_id": bob.id,
        "decided_at": decided["decided_at"],
    }
    assert desk.changes[-1] == {
        "event": "decided",
        "item": {
            "type": "document",
            **{name: decided[name] for name in ("id", "level", "status", "version", "claimed_by", "claimed_until")},
            **{f"{name}_by_id": decided[f"{name}_by_id"] for name in ("created", "claimed", "decided")},
            **{name: decided[name] for name in ("cid", "created_at", "created_by", "decided_by")},
            "customer_name": "Grace",
            "text": "c",
            "amount": None,
            "currency": None,
            "waiting": False,
            "waiting_until": None,
        },
        "level_before": 1,
        "created_at": decided["created_at"],
    }


def test_an_escalation_keeps_its_reason_in_the_audit(desk: Desk, alice: Staff, bob: Staff) -> None:
    desk.hire("Carol", Role.COMPLIANCE, 2)
    desk.done(alice, "create_transfer", cid=1, amount=1)

    escalated = desk.done(bob, "escalate_task", type="transfer", id=1, level=2, reason="odd")["transfer"]

    assert (escalated["level"], escalated["version"], escalated["reason"]) == (2, 2, None)
    (row,) = desk.sql("SELECT after FROM audit WHERE event = 'escalated'")
    assert row["after"] == {**escalated, "escalation_reason": "odd"}


def test_answers_are_all_kept_and_the_last_is_shown(desk: Desk, alice: Staff, erin: Staff) -> None:
    desk.done(alice, "create_inquiry", cid=1, problem="p")
    desk.done(erin, "get_task", type="inquiry")

    answered = desk.done(erin, "respond_inquiry", id=1, answer="wait", closed=False)["inquiry"]
    closed = desk.done(erin, "respond_inquiry", id=1, answer=" OK", closed=True)["inquiry"]

    assert (answered["answer"], answered["status"], answered["claimed_by"]) == ("wait", "open", "Erin")
    assert (closed["answer"], closed["status"], closed["closed"], closed["claimed_by"]) == (" OK", "closed", True, None)
    assert (closed["decided_by"], closed["version"]) == ("Erin", 4)
    kept = desk.sql("SELECT answer, answered_by FROM inquiry_answer WHERE inquiry_id = 1 ORDER BY id")
    assert [(row["answer"], row["answered_by"]) for row in kept] == [("wait", erin.id), (" OK", erin.id)]


def test_items_of_one_moment_are_listed_by_type_and_id_across_pages(desk: Desk, alice: Staff, bob: Staff) -> None:
    for _ in range(3):
        desk.done(alice, "create_transfer", cid=1, amount=1)
        desk.done(alice, "create_document", cid=1, content="c")
    desk.sql("UPDATE transfer SET created_at = '2026-01-01'; UPDATE document SET created_at = '2026-01-01'")

    listed: list[tuple[str, int]] = []
    page = desk.done(bob, "list_tasks", limit=2)
    while page["next_cursor"]:
        listed += [(item["type"], item["id"]) for item in page["items"]]
        page = desk.done(bob, "list_tasks", limit=2, cursor=page["next_cursor"])
    listed += [(item["type"], item["id"]) for item in page["items"]]

    assert listed == [(kind, number) for kind in ("document", "transfer") for number in (1, 2, 3)]


def test_a_listed_item_shows_its_type_and_everything_else(desk: Desk, alice: Staff, bob: Staff) -> None:
    created = desk.done(alice, "create_transfer", cid=1, amount=1)["transfer"]

    assert desk.done(bob, "list_tasks") == {"items": [{"type": "transfer", **created}], "next_cursor": None}


def a_cursor(*members: Any) -> str:
    return Position(*members).cursor()


@pytest.mark.parametrize(
    "cursor",
    [
        "abc",
        "ä",
        "=",
        "bnVsbA==",
        "W10=",
        a_cursor(datetime(2026, 1, 1, tzinfo=UTC), "transfer", 2**63),
        a_cursor(datetime(2026, 1, 1, tzinfo=UTC), "transfer", -5),
        a_cursor(datetime(2026, 1, 1, tzinfo=UTC), "transfer", True),
        a_cursor(datetime(2026, 1, 1, tzinfo=UTC), "transfer", 1.5),
        a_cursor(datetime(2026, 1, 1, tzinfo=UTC), "letter", 1),
        a_cursor(datetime(2026, 1, 1, tzinfo=UTC), "transfer", 1) + "=",
        "W1siMjAyNi0wMS0wMSJdLCBbXSwgMV0=",
        "Wy" * 100,
    ],
)
def test_a_cursor_that_no_page_gave_is_an_invalid_request(desk: Desk, bob: Staff, cursor: str) -> None:
    fault = {"path": "task.data.cursor", "message": "is not valid", "params": {}}

    assert desk.refused(bob, "list_tasks", cursor=cursor) == ("invalid_request", {"faults": [fault]})


def test_the_board_is_loaded_with_what_is_undecided(desk: Desk, alice: Staff, bob: Staff, erin: Staff) -> None:
    desk.done(alice, "create_transfer", cid=1, amount=1)
    document = desk.done(alice, "create_document", cid=1, content="c", level=2)["document"]
    desk.done(alice, "create_inquiry", cid=1, problem="p")
    desk.done(bob, "review_transfer", id=1, approved=True)
    inquiry = desk.done(erin, "get_task", type="inquiry")["inquiry"]

    with desk.pool.transaction() as tx:
        pending = list(pending_items(tx))

    created = datetime.fromisoformat(document["created_at"])
    asked, until = (datetime.fromisoformat(inquiry[name]) for name in ("created_at", "claimed_until"))
    assert sorted(pending, key=lambda item: item.type) == [
        PendingItem(ItemType.DOCUMENT, 1, 2, 1, created, None),
        PendingItem(ItemType.INQUIRY, 1, 1, 2, asked, until),
    ]
    assert until - asked > timedelta(seconds=CLAIM_SECONDS)
