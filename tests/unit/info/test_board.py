"""The pending board: counts and ages that survive late, repeated and lost events."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.operators import ItemType, Role
from services.contracts.tasks import ChangeEvent, ItemChange, utc_text
from services.info.board import DECIDED_SECONDS, SETTLING_SECONDS, Board, PendingItem, Waiting

START = datetime(2026, 11, 24, 12, tzinfo=UTC)
NONE: Waiting = {"count": 0, "oldest_seconds": None}


class Clock:
    """A clock that stands until it is moved on."""

    def __init__(self) -> None:
        self.now = START.timestamp()

    def __call__(self) -> float:
        return self.now


def row(item_id: int = 1, version: int = 1, level: int = 1, age: float = 0, claim: float | None = None) -> PendingItem:
    """A pending transfer; ``claim`` is the end of its lease in seconds from the start."""
    until = None if claim is None else START + timedelta(seconds=claim)
    return PendingItem(ItemType.TRANSFER, item_id, level, version, START - timedelta(seconds=age), until)


def change(event: ChangeEvent, item: PendingItem, status: str | None = None) -> ItemChange:
    """What is said of an item that has changed."""
    undecided = "open" if item.type is ItemType.INQUIRY else "pending"
    return {
        "event": event,
        "item": {
            "type": item.type.value,
            "id": item.id,
            "level": item.level,
            "status": status or undecided,
            "version": item.version,
            "claimed_by": None,
            "claimed_until": utc_text(item.claimed_until) if item.claimed_until else None,
        },
        "level_before": item.level,
        "created_at": utc_text(item.created_at),
    }


def decided(item: PendingItem) -> ItemChange:
    return change("decided", item, "closed" if item.type is ItemType.INQUIRY else "approved")


def transfers(board: Board, level: int = 9) -> Waiting:
    return board.pending(Role.COMPLIANCE, level)["transfer"]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def board(clock: Clock) -> Board:
    return Board(clock)


def test_an_empty_board_shows_the_types_of_the_role(board: Board) -> None:
    assert board.pending(Role.COMPLIANCE, 1) == {"document": NONE, "transfer": NONE}
    assert board.pending(Role.SERVICE, 1) == {"inquiry": NONE}
    assert board.pending(Role.ADMIN, 1) == {"document": NONE, "transfer": NONE, "inquiry": NONE}


def test_it_counts_what_the_level_may_decide_and_tells_the_oldest_age(board: Board) -> None:
    board.load([row(1, age=10), row(2, age=30), row(3, level=2, age=99)])

    assert transfers(board, level=1) == {"count": 2, "oldest_seconds": 30}
    assert transfers(board, level=2) == {"count": 3, "oldest_seconds": 99}


def test_an_admin_sees_every_level(board: Board) -> None:
    board.load([row(1, level=7, age=5)])

    assert board.pending(Role.ADMIN, 1)["transfer"] == {"count": 1, "oldest_seconds": 5}


def test_the_oldest_age_grows_with_time_and_passes_on_when_the_oldest_is_decided(board: Board, clock: Clock) -> None:
    board.load([row(1, age=10), row(2, age=30)])
    clock.now += 5
    assert transfers(board)["oldest_seconds"] == 35

    board.apply(decided(row(2, version=2, age=30)))

    assert transfers(board) == {"count": 1, "oldest_seconds": 15}


def test_a_created_item_is_counted_once_however_often_it_is_told(board: Board) -> None:
    board.apply(change("created", row()))
    board.apply(change("created", row()))

    assert transfers(board)["count"] == 1


def test_a_closed_inquiry_leaves_the_board(board: Board) -> None:
    inquiry = replace(row(), type=ItemType.INQUIRY)
    board.apply(change("created", inquiry))
    assert board.pending(Role.SERVICE, 1)["inquiry"]["count"] == 1

    board.apply(decided(replace(inquiry, version=2)))

    assert board.pending(Role.SERVICE, 1)["inquiry"] == NONE


def test_an_escalated_item_is_counted_at_its_new_level(board: Board) -> None:
    board.load([row(1, age=10), row(2, age=5)])

    board.apply(change("escalated", row(1, version=2, level=3, age=10)))

    assert transfers(board, level=2) == {"count": 1, "oldest_seconds": 5}
    assert transfers(board, level=3) == {"count": 2, "oldest_seconds": 10}


def test_an_event_older_than_what_is_known_changes_nothing(board: Board) -> None:
    board.apply(change("escalated", row(version=3, level=2)))

    board.apply(change("claimed", row(version=2, level=1)))

    assert transfers(board, level=1) == NONE


@pytest.mark.parametrize(("version", "claim"), [(2, 900), (3, None)])
def test_the_later_version_counts_and_then_the_later_claim(version: int, claim: float | None) -> None:
    known = row(version=2, claim=600)

    assert row(version=version, claim=claim).is_newer_than(known)
    assert not known.is_newer_than(row(version=version, claim=claim))
    assert not known.is_newer_than(known)


def test_a_late_event_does_not_revive_a_decided_item(board: Board, clock: Clock) -> None:
    board.load([row()])
    board.apply(decided(row(version=3)))
    clock.now += DECIDED_SECONDS - 1

    board.apply(change("claimed", row(version=2)))
    board.reconcile([row()])  # read before the decision had committed

    assert transfers(board) == NONE


def test_a_decision_that_comes_before_the_creation_counts(board: Board) -> None:
    board.apply(decided(row(version=2)))
    board.apply(change("created", row()))

    assert transfers(board) == NONE


def test_decided_items_are_forgotten_after_a_while(board: Board, clock: Clock) -> None:
    for item_id in range(1, 50):
        board.apply(decided(row(item_id, version=2)))
    clock.now += DECIDED_SECONDS + 1
    board.apply(decided(row(50, version=2)))

    assert len(board._decided_at) == 1


def test_reconciling_adds_what_no_event_told_and_drops_what_is_decided(board: Board) -> None:
    board.load([row(1), row(2)])

    board.reconcile([row(2, version=2, level=4), row(3)])

    assert transfers(board, level=3)["count"] == 1
    assert transfers(board, level=4)["count"] == 2


def test_reconciling_with_rows_read_before_an_event_keeps_what_the_event_told(board: Board) -> None:
    board.apply(change("created", row(1)))
    board.apply(change("escalated", row(2, version=2, level=5)))

    board.reconcile([row(2)])

    assert transfers(board, level=1)["count"] == 1
    assert transfers(board, level=5)["count"] == 2


def test_an_item_whose_decision_was_lost_leaves_once_events_have_settled(board: Board, clock: Clock) -> None:
    board.apply(change("created", row(1)))
    board.apply(change("created", row(2)))
    clock.now += 30
    board.apply(change("claimed", row(1, version=2, claim=900)))
    clock.now += SETTLING_SECONDS - 1
    board.reconcile([])
    assert transfers(board)["count"] == 1

    clock.now += 2
    board.reconcile([])
    assert transfers(board) == NONE

    board.apply(change("claimed", row(1, version=2, claim=900)))
    assert transfers(board) == NONE


def test_reconciling_lets_go_of_items_that_left_without_being_the_oldest(board: Board) -> None:
    board.load([row(1, age=9999)])
    for item_id in range(2, 100):
        board.apply(change("created", row(item_id)))
        board.apply(decided(row(item_id, version=2)))

    board.reconcile([row(1, age=9999)])

    assert sum(len(entries) for entries in board._oldest_first.values()) == 1
    assert transfers(board) == {"count": 1, "oldest_seconds": 9999}


histories = st.lists(
    st.tuples(st.integers(1, 4), st.sampled_from(["claimed", "escalated", "released", "decided"])), max_size=25
)


@given(history=histories, data=st.data())
def test_in_whatever_order_events_come_the_board_ends_up_as_the_database(
    history: list[tuple[int, ChangeEvent]], data: st.DataObject
) -> None:
    truth: dict[int, PendingItem] = {item_id: row(item_id, age=item_id) for item_id in range(1, 5)}
    said = [change("created", item) for item in truth.values()]
    for item_id, event in history:
        if item_id not in truth:
            continue
        item = truth[item_id]
        item = replace(item, version=item.version + 1, level=item.level + (event == "escalated"))
        truth[item_id] = item
        said.append(decided(item) if event == "decided" else change(event, item))
        if event == "decided":
            del truth[item_id]
    board = Board(Clock())

    for event_said in data.draw(st.permutations(said + said[::2])):
        board.apply(event_said)

    for level in (1, 2, 30):
        suited = [item for item in truth.values() if item.level <= level]
        oldest = max((float(item.id) for item in suited), default=None)
        assert transfers(board, level) == {"count": len(suited), "oldest_seconds": oldest}
