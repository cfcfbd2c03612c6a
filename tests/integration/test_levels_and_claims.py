"""Nobody can block work permanently: levels end, claims end, and there is always somebody who can end them."""

import json
from collections.abc import Iterator
from typing import Any

import eventlet
import psycopg2
import pytest

from services.contracts.operators import ItemType, Role
from services.info import operators
from services.info.batch import execute
from services.info.board import Board
from services.info.deciders import highest_levels
from services.info.pending import pending_items
from services.info.requests import read
from services.info.work import Limits
from tests import parts
from tests.desk import Desk, Staff
from tests.documents import ROOT
from tests.parts import WAITING
from tests.waiting import eventually

HIGHEST = 2**63 - 1


@pytest.fixture
def bob(desk: Desk) -> Staff:
    return desk.hire("Bob", Role.COMPLIANCE)


@pytest.fixture
def transfer(desk: Desk, alice: Staff) -> int:
    """A transfer of the first level."""
    return int(desk.done(alice, "create_transfer", cid=1, amount=1)["transfer"]["id"])


def holder(desk: Desk, item_type: str = "transfer", item_id: int = 1) -> int | None:
    (row,) = desk.sql(f"SELECT claimed_by FROM {item_type} WHERE id = %s", item_id)
    found: int | None = row["claimed_by"]
    return found


# Levels


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("create_document", {"cid": 1, "content": "c"}),
        ("create_transfer", {"cid": 1, "amount": 1}),
        ("create_inquiry", {"cid": 1, "problem": "p"}),
        ("add_operator", {"name": "New", "role": "Service", "token_hash": "a" * 64}),
        ("change_operator", {"id": 2}),
    ],
)
def test_levels_end_wherever_one_is_given(desk: Desk, alice: Staff, bob: Staff, action: str, data: Any) -> None:
    for level in (10, HIGHEST):
        code, params = desk.refused(alice, action, **data, level=level)
        assert code == "invalid_request"
        (fault,) = params["faults"]
        assert (fault["path"], fault["params"]) == ("task.data.level", {"le": 9})
    desk.done(alice, action, **data, level=9)


def test_levels_end_where_the_setting_says(database_url: str) -> None:
    desk = Desk(database_url, limits=Limits(900, 5, largest_level=3))
    alice = desk.hire("Alice", Role.ADMIN)
    desk.done(alice, "create_customer", name="Grace")

    desk.done(alice, "create_document", cid=1, content="c", level=3)
    refused = desk.refused(alice, "create_document", cid=1, content="c", level=4)
    # What is only looked for may have any level.
    found = desk.done(alice, "search_items", level=HIGHEST)["items"]

    desk.close()
    assert (refused[0], found) == ("invalid_request", [])


def test_the_command_line_gives_no_higher_level_either(desk: Desk, bob: Staff) -> None:
    with desk.pool.transaction() as tx, pytest.raises(operators.OperatorError, match="from 1 to 9"):
        operators.set_level(tx, "Bob", 10, "test")
    with desk.pool.transaction() as tx, pytest.raises(operators.OperatorError, match="from 1 to 3"):
        operators.add(tx, "New", Role.SERVICE, 4, "test", largest_level=3)


def test_nobody_escalates_above_everybody(desk: Desk, alice: Staff, bob: Staff, transfer: int) -> None:
    carol = desk.hire("Carol", Role.COMPLIANCE, 2)
    desk.hire("Erin", Role.SERVICE, 9)
    escalation = {"type": "transfer", "id": transfer}

    assert desk.refused(bob, "escalate_task", **escalation, level=3) == ("nobody_has_level", {"level": 3})
    desk.sql("UPDATE operator SET active = false WHERE id = %s", carol.id)
    assert desk.refused(bob, "escalate_task", **escalation, level=2) == ("nobody_has_level", {"level": 2})
    desk.sql("UPDATE operator SET active = true WHERE id = %s", carol.id)
    assert desk.done(bob, "escalate_task", **escalation, level=2)["transfer"]["level"] == 2


def test_who_created_an_item_is_nobody_to_decide_it(desk: Desk, alice: Staff, bob: Staff, transfer: int) -> None:
    desk.sql("UPDATE operator SET role = 'Compliance', level = 2 WHERE id = %s", alice.id)

    refused = desk.refused(bob, "escalate_task", type="transfer", id=transfer, level=2)

    assert refused == ("nobody_has_level", {"level": 2})


def test_who_is_being_disabled_is_waited_for_and_then_gone(desk: Desk, bob: Staff, alice: Staff, transfer: int) -> None:
    carol = desk.hire("Carol", Role.COMPLIANCE, 2)
    with desk.pool.transaction() as tx:
        execute(tx, [read(desk.request(alice, "disable_operator", {"id": carol.id}))], desk.rules)
        waiting = eventlet.spawn(lambda: desk.run(bob, "escalate_task", type="transfer", id=transfer, level=2))
        eventually(lambda: desk.sql(WAITING)[0]["n"])

    assert waiting.wait()["error"]["code"] == "nobody_has_level"


def test_statistics_and_the_metric_tell_of_levels_that_nobody_has(desk: Desk, alice: Staff, bob: Staff) -> None:
    for level in (1, 2, 2):
        desk.done(alice, "create_transfer", cid=1, amount=1, level=level)
    desk.done(alice, "create_inquiry", cid=1, problem="p")

    pending = desk.done(alice, "get_statistics")["statistics"]["pending"]

    assert {(row["type"], row["level"]): row["nobody_has_level"] for row in pending} == {
        ("transfer", 1): False,
        ("transfer", 2): True,
        ("inquiry", 1): True,
    }
    with desk.pool.transaction() as tx:
        levels = highest_levels(tx)
    assert levels == {ItemType.DOCUMENT: 1, ItemType.TRANSFER: 1, ItemType.INQUIRY: 0}


def test_an_item_that_was_escalated_above_everybody_comes_back_by_the_migration(
    postgres: str, migrated_template: str
) -> None:
    """The migration's statements, on items as an older release left them."""
    with parts.temporary_database(postgres, migrated_template) as url:
        desk = Desk(url)
        alice, bob = desk.hire("Alice", Role.ADMIN), desk.hire("Bob", Role.COMPLIANCE)
        desk.hire("Director", Role.SERVICE, 20)
        desk.done(alice, "create_customer", name="Grace")
        for action, data in (("create_transfer", {"amount": 1}), ("create_inquiry", {"problem": "p"})):
            desk.done(alice, action, cid=1, **data)
        desk.sql("UPDATE transfer SET level = %s", HIGHEST)
        desk.sql("UPDATE inquiry SET level = 20")
        desk.sql(lowering())

        shown = desk.done(bob, "get_transfer", id=1)["transfer"]
        (row,) = desk.sql("SELECT actor, before, after FROM audit WHERE event = 'level_lowered'")
        desk.sql("UPDATE operator SET level = 9 WHERE id = %s", bob.id)
        decided = desk.done(bob, "review_transfer", id=1, approved=False)["transfer"]

        assert (shown["level"], shown["version"], decided["status"]) == (9, 2, "rejected")
        assert (row["actor"], row["after"]) == ("migration 0009", {**row["before"], "level": 9, "version": 2})
        # Somebody has that level, so nobody lowers it.
        assert desk.done(alice, "get_inquiry", id=1)["inquiry"]["level"] == 20
        desk.close()


def lowering() -> str:
    """The part of the migration that lowers levels."""
    text = (ROOT / "services/info/migrations/0009.levels_and_claims.sql").read_text()
    return text[text.index("CREATE FUNCTION") :]


# Claims


def held(desk: Desk, alice: Staff, who: Staff) -> None:
    """A document and a transfer that somebody holds."""
    desk.done(alice, "create_document", cid=1, content="c")
    desk.done(alice, "create_transfer", cid=1, amount=1)
    for item_type in ("document", "transfer"):
        desk.done(who, "get_task", type=item_type)
    desk.changes.clear()


@pytest.mark.parametrize(
    ("action", "data", "ended"),
    [
        ("disable_operator", {}, 2),
        ("change_operator", {"role": "Service"}, 2),
        ("change_operator", {"role": "Admin"}, 2),
        ("change_operator", {"level": 2}, 0),
        ("change_operator", {"role": "Compliance", "level": 1}, 0),
        ("rotate_operator", {"token_hash": "b" * 64}, 0),
    ],
)
def test_claims_of_who_may_decide_no_longer_end_with_the_change(
    desk: Desk, alice: Staff, bob: Staff, action: str, data: dict[str, Any], ended: int
) -> None:
    held(desk, alice, bob)

    outcome = desk.run(alice, action, id=bob.id, **data)

    events = [(change["event"], change["item"]["claimed_by"], change["item"]["version"]) for change in desk.changes]
    assert events == [("released", None, 3)] * ended
    rows = desk.sql("SELECT * FROM audit WHERE event = 'released' ORDER BY id")
    assert [(row["task_id"], row["operator_id"], row["before"]["claimed_by"]) for row in rows] == [
        (outcome["id"], alice.id, "Bob")
    ] * ended
    assert [holder(desk, item_type) for item_type in ("document", "transfer")] == [None if ended else bob.id] * 2


def test_a_demotion_ends_claims_on_what_lies_above(desk: Desk, alice: Staff, transfer: int) -> None:
    carol = desk.hire("Carol", Role.COMPLIANCE, 2)
    second = desk.done(alice, "create_transfer", cid=1, amount=1, level=2)["transfer"]["id"]
    for item_id in (transfer, second):
        desk.done(carol, "get_task", type="transfer", id=item_id)

    desk.done(alice, "change_operator", id=carol.id, level=1)

    assert (holder(desk, item_id=transfer), holder(desk, item_id=second)) == (carol.id, None)


@pytest.fixture
def notices(desk: Desk, database_url: str) -> Iterator[Any]:
    """Reads what the database has notified of changed items."""
    connection = psycopg2.connect(database_url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("LISTEN items_changed")

    def take() -> list[Any]:
        connection.poll()
        found = [json.loads(notice.payload) for notice in connection.notifies]
        connection.notifies.clear()
        return found

    yield take
    connection.close()


def test_the_command_line_ends_claims_too_and_the_database_tells(
    desk: Desk, alice: Staff, bob: Staff, notices: Any
) -> None:
    held(desk, alice, bob)
    with desk.pool.transaction() as tx:
        operators.disable(tx, "Bob", "root on the server")

    changes = eventually(notices)

    assert [(change["event"], change["item"]["type"]) for change in changes] == [
        ("released", "document"),
        ("released", "transfer"),
    ]
    assert (holder(desk, "document"), holder(desk)) == (None, None)
    (row,) = desk.sql("SELECT actor, after FROM audit WHERE event = 'released' AND entity = 'transfer'")
    shown = desk.done(alice, "get_transfer", id=1)["transfer"]
    assert (row["actor"], row["after"]) == ("root on the server", shown)
    board = Board()
    with desk.pool.transaction() as tx:
        board.load(pending_items(tx))
    for change in changes:
        board.apply(change)
    assert board.pending(Role.COMPLIANCE, 1)["transfer"]["count"] == 1


def test_the_longest_texts_fit_a_notification(desk: Desk, alice: Staff, bob: Staff, notices: Any) -> None:
    """A notification holds less than 8,000 bytes."""
    desk.sql("UPDATE customer SET name = repeat('😀', 200)")
    desk.sql("UPDATE operator SET name = repeat('🙃', 200) WHERE id = %s", alice.id)
    desk.done(alice, "create_document", cid=1, content='😀"\\' * 3_000)
    desk.done(bob, "get_task", type="document")
    with desk.pool.transaction() as tx:
        operators.set_role(tx, "Bob", Role.SERVICE, "x")

    assert len(eventually(notices)) == 1


def test_an_admin_ends_anybodys_claim_and_that_is_audited(desk: Desk, alice: Staff, bob: Staff, transfer: int) -> None:
    claim = {"type": "transfer", "id": transfer}
    assert desk.refused(alice, "release_task", **claim)[0] == "not_claimed_by_you"
    desk.done(bob, "get_task", **claim)

    released = desk.done(alice, "release_task", **claim)["transfer"]

    assert (released["claimed_by"], released["version"]) == (None, 3)
    assert desk.changes[-1]["event"] == "released"
    (row,) = desk.sql("SELECT operator_id, before FROM audit WHERE event = 'released'")
    assert (row["operator_id"], row["before"]["claimed_by"]) == (alice.id, "Bob")


def test_a_claim_is_renewed_for_some_hours_from_when_it_was_taken(
    desk: Desk, alice: Staff, bob: Staff, transfer: int
) -> None:
    claim = {"type": "transfer", "id": transfer}
    desk.done(bob, "get_task", **claim)
    # Held for so long, and renewed again and again.
    held_since = "claimed_at = now() - interval '7 hours 50 minutes', claimed_until = now() + interval '1 minute'"
    desk.sql(f"UPDATE transfer SET {held_since}")

    desk.done(bob, "get_task", **claim)
    desk.done(bob, "get_task", type="transfer")

    (row,) = desk.sql("SELECT claimed_until = claimed_at + interval '8 hours' AS at_the_end FROM transfer")
    assert row["at_the_end"]
    # When its time is over it may be taken anew, by others too.
    desk.sql("UPDATE transfer SET claimed_at = now() - interval '8 hours', claimed_until = now()")
    carol = desk.hire("Carol", Role.COMPLIANCE)
    assert desk.done(carol, "get_task", type="transfer")["transfer"]["claimed_by"] == "Carol"
    (row,) = desk.sql("SELECT claimed_until - claimed_at = interval '15 minutes' AS whole FROM transfer")
    assert row["whole"]


def test_a_claim_from_before_there_was_a_limit_counts_from_its_renewal(
    desk: Desk, bob: Staff, alice: Staff, transfer: int
) -> None:
    desk.done(bob, "get_task", type="transfer", id=transfer)
    desk.sql("UPDATE transfer SET claimed_at = NULL")

    desk.done(bob, "get_task", type="transfer", id=transfer)

    (row,) = desk.sql(
        "SELECT claimed_at > now() - interval '1 minute' AND claimed_until > now() AS lasts FROM transfer"
    )
    assert row["lasts"]


def test_no_claim_is_longer_than_the_longest(database_url: str) -> None:
    desk = Desk(database_url, limits=Limits(900, 5, longest_claim_seconds=60))
    alice, bob = desk.hire("Alice", Role.ADMIN), desk.hire("Bob", Role.COMPLIANCE)
    desk.done(alice, "create_customer", name="Grace")
    desk.done(alice, "create_transfer", cid=1, amount=1)

    for _ in range(2):
        desk.done(bob, "get_task", type="transfer")
        (row,) = desk.sql("SELECT claimed_until = claimed_at + interval '1 minute' AS whole FROM transfer")
        assert row["whole"]

    desk.close()


def test_renewing_is_told_and_not_audited(desk: Desk, alice: Staff, bob: Staff, transfer: int) -> None:
    desk.done(bob, "get_task", type="transfer")
    (before,) = desk.sql("SELECT count(*) AS n FROM audit")
    told = len(desk.changes)

    for _ in range(3):
        desk.done(bob, "get_task", type="transfer")

    (after,) = desk.sql("SELECT count(*) AS n FROM audit")
    assert after == before
    assert [change["event"] for change in desk.changes[told:]] == ["claimed"] * 3
