"""An inquiry that is answered and left open waits, and is not taken again at once; its whole thread is shown."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.contracts.operators import ItemType, Role
from services.contracts.tasks import utc_text
from services.info.board import Board
from services.info.pending import pending_items
from tests.desk import Desk, Staff


@pytest.fixture
def erin(desk: Desk) -> Staff:
    return desk.hire("Erin", Role.SERVICE, 2)


@pytest.fixture
def eve(desk: Desk) -> Staff:
    return desk.hire("Eve", Role.SERVICE, 2)


def ask(desk: Desk, alice: Staff, count: int = 1) -> None:
    for number in range(count):
        desk.done(alice, "create_inquiry", cid=1, problem=f"problem {number + 1}")


def in_days(days: float) -> str:
    return utc_text(datetime.now(UTC) + timedelta(days=days))


def take(desk: Desk, who: Staff) -> int:
    return int(desk.done(who, "get_task", type="inquiry")["inquiry"]["id"])


def left_open(desk: Desk, who: Staff, item_id: int, **until: str) -> dict[str, Any]:
    shown = desk.done(who, "respond_inquiry", id=item_id, answer="Please wait.", closed=False, **until)["inquiry"]
    assert isinstance(shown, dict)
    return shown


def test_what_is_left_open_waits_for_the_customer_and_others_come_first(desk: Desk, alice: Staff, erin: Staff) -> None:
    ask(desk, alice, 2)
    assert take(desk, erin) == 1

    answered = left_open(desk, erin, 1)

    assert (answered["waiting"], answered["waiting_until"], answered["status"]) == (True, None, "open")
    assert answered["claimed_by"] == "Erin"
    assert take(desk, erin) == 2
    desk.done(erin, "respond_inquiry", id=2, answer="Done.", closed=True)
    assert desk.refused(erin, "get_task", type="inquiry") == ("nothing_to_do", {})


def test_nobody_else_is_given_it_either_while_it_waits(desk: Desk, alice: Staff, erin: Staff, eve: Staff) -> None:
    ask(desk, alice)
    left_open(desk, erin, 1)

    assert desk.refused(eve, "get_task", type="inquiry") == ("nothing_to_do", {})
    assert desk.done(eve, "get_task", type="inquiry", id=1)["inquiry"]["waiting"] is True


def test_the_customers_reply_brings_it_back_first_to_who_holds_it(desk: Desk, alice: Staff, erin: Staff) -> None:
    ask(desk, alice, 2)
    take(desk, erin)
    left_open(desk, erin, 1)

    replied = desk.done(alice, "reply_inquiry", id=1, reply="Still nothing.")["inquiry"]

    assert (replied["waiting"], replied["claimed_by"], replied["version"]) == (False, "Erin", 4)
    assert desk.changes[-1]["event"] == "replied"
    assert take(desk, erin) == 1
    stale = desk.refused(erin, "respond_inquiry", id=1, answer="Bye.", closed=True, version=3)
    assert stale == ("version_conflict", {"current": 4, "stated": 3})


def test_it_comes_back_when_its_time_has_come(desk: Desk, alice: Staff, erin: Staff, eve: Staff) -> None:
    ask(desk, alice)
    until = in_days(3)
    answered = left_open(desk, erin, 1, until=until)
    assert (answered["waiting"], answered["waiting_until"]) == (True, until)
    assert desk.refused(eve, "get_task", type="inquiry") == ("nothing_to_do", {})

    desk.sql("UPDATE inquiry SET waiting_until = now() - interval '1 second'")

    shown = desk.done(eve, "get_task", type="inquiry")["inquiry"]
    assert (shown["id"], shown["waiting"], shown["waiting_until"]) == (1, False, None)


def test_a_reply_ends_the_waiting_for_a_time_too(desk: Desk, alice: Staff, erin: Staff, eve: Staff) -> None:
    ask(desk, alice)
    left_open(desk, erin, 1, until=in_days(300))

    desk.done(alice, "reply_inquiry", id=1, reply="It is here.")

    assert take(desk, eve) == 1


def test_who_escalates_it_wants_it_looked_at(desk: Desk, alice: Staff, erin: Staff, eve: Staff) -> None:
    ask(desk, alice)
    left_open(desk, erin, 1)

    escalated = desk.done(erin, "escalate_task", type="inquiry", id=1, level=2)["inquiry"]

    assert escalated["waiting"] is False
    assert take(desk, eve) == 1


def test_closing_ends_the_waiting_and_a_closed_inquiry_takes_no_reply(desk: Desk, alice: Staff, erin: Staff) -> None:
    ask(desk, alice)
    left_open(desk, erin, 1)

    closed = desk.done(erin, "respond_inquiry", id=1, answer="Done.", closed=True)["inquiry"]

    assert (closed["waiting"], closed["waiting_until"]) == (False, None)
    code, params = desk.refused(alice, "reply_inquiry", id=1, reply="Thanks.")
    assert (code, params["decided_by"]) == ("already_decided", "Erin")


def test_what_waits_keeps_nobody_from_taking_more(desk: Desk, alice: Staff, erin: Staff) -> None:
    ask(desk, alice, 7)

    for number in range(1, 7):
        assert take(desk, erin) == number
        left_open(desk, erin, number)

    assert take(desk, erin) == 7


@pytest.mark.parametrize(
    ("data", "path", "message"),
    [
        ({"closed": True, "until": in_days(1)}, "task.data", "waits until a time only when it is left open"),
        (
            {"closed": False, "until": in_days(-1)},
            "task.data.until",
            "must be in the future, at most {days} days ahead",
        ),
        (
            {"closed": False, "until": in_days(400)},
            "task.data.until",
            "must be in the future, at most {days} days ahead",
        ),
        (
            {"closed": False, "until": "2099-01-01"},
            "task.data.until",
            "must be a time such as 2026-11-24T14:50:56Z",
        ),
    ],
)
def test_a_time_that_cannot_be_meant_is_refused_and_nothing_is_answered(
    desk: Desk, alice: Staff, erin: Staff, data: dict[str, Any], path: str, message: str
) -> None:
    ask(desk, alice)

    code, params = desk.refused(erin, "respond_inquiry", id=1, answer="Please wait.", **data)

    assert code == "invalid_request"
    assert [(fault["path"], fault["message"]) for fault in params["faults"]] == [(path, message)]
    assert desk.done(erin, "get_inquiry", id=1)["thread"] == []


def test_every_list_and_event_shows_that_it_waits(desk: Desk, alice: Staff, erin: Staff) -> None:
    ask(desk, alice, 2)
    until = in_days(3)
    left_open(desk, erin, 1, until=until)

    expected = {"waiting": True, "waiting_until": until}
    (queued, other) = desk.done(erin, "list_queue")["queue"]
    assert {name: queued[name] for name in expected} == expected
    assert {name: other[name] for name in expected} == {"waiting": False, "waiting_until": None}
    for found in (
        desk.done(erin, "list_tasks")["items"][0],
        desk.done(alice, "search_items", decided=False)["items"][0],
        dict(desk.changes[-1]["item"]),
        desk.done(alice, "get_history", type="inquiry", id=1)["entries"][-1]["after"],
    ):
        assert {name: found[name] for name in expected} == expected
    (figures,) = desk.done(erin, "get_statistics")["statistics"]["pending"]
    assert (figures["count"], figures["waiting"], figures["oldest_at"]) == (2, 1, other["created_at"])


def test_the_board_counts_what_waits_for_the_staff(desk: Desk, alice: Staff, erin: Staff) -> None:
    ask(desk, alice, 2)
    board = Board()
    for change in desk.changes:
        board.apply(change)

    left_open(desk, erin, 1)
    board.apply(desk.changes[-1])
    assert board.pending(Role.SERVICE, 1)["inquiry"]["count"] == 1
    with desk.pool.transaction() as tx:
        assert [(item.type, item.id) for item in pending_items(tx)] == [(ItemType.INQUIRY, 2)]

    desk.done(alice, "reply_inquiry", id=1, reply="Well?")
    board.apply(desk.changes[-1])
    assert board.pending(Role.SERVICE, 1)["inquiry"]["count"] == 2


def test_the_thread_shows_who_said_what_and_when(desk: Desk, alice: Staff, erin: Staff, eve: Staff) -> None:
    ask(desk, alice)
    left_open(desk, erin, 1)
    desk.done(alice, "reply_inquiry", id=1, reply="Still nothing.")
    desk.done(erin, "release_task", type="inquiry", id=1) if take(desk, erin) else None
    desk.done(eve, "respond_inquiry", id=1, answer="It is there now.", closed=True)

    found = desk.done(alice, "get_inquiry", id=1)

    times = [message.pop("at") for message in found["thread"]]
    assert times == sorted(times)
    assert all(abs(datetime.fromisoformat(at) - datetime.now(UTC)) < timedelta(minutes=1) for at in times)
    assert found["thread"] == [
        {"text": "Please wait.", "from_customer": False, "by": "Erin", "by_id": erin.id},
        {"text": "Still nothing.", "from_customer": True, "by": "Alice", "by_id": alice.id},
        {"text": "It is there now.", "from_customer": False, "by": "Eve", "by_id": eve.id},
    ]
    assert (found["inquiry"]["problem"], found["earlier_cursor"]) == ("problem 1", None)


def test_a_long_thread_is_read_page_by_page_and_no_page_is_large(desk: Desk, alice: Staff, erin: Staff) -> None:
    ask(desk, alice)
    # What a page may hold ends a page before the number of messages does, and the other way round.
    lengths = [*[10_000] * 10, *[1] * 120, *[4_000] * 20]
    desk.sql(
        "INSERT INTO inquiry_answer (inquiry_id, answer, answered_by) SELECT 1, repeat('😀', length), %s "
        "FROM unnest(%s) WITH ORDINALITY AS each (length, position) ORDER BY position",
        erin.id,
        lengths,
    )

    read: list[str] = []
    cursor: dict[str, str] = {}
    pages = 0
    while True:
        outcome = desk.done(erin, "get_inquiry", id=1, **cursor)
        assert sum(len(message["text"].encode()) for message in outcome["thread"]) < 128 * 1024
        assert 1 <= len(outcome["thread"]) <= 50
        read[:0] = [message["text"] for message in outcome["thread"]]
        pages += 1
        if outcome["earlier_cursor"] is None:
            break
        cursor = {"cursor": outcome["earlier_cursor"]}

    assert [len(text) for text in read] == lengths
    assert pages > 10


def test_a_cursor_that_was_not_made_here_is_refused(desk: Desk, alice: Staff, erin: Staff) -> None:
    ask(desk, alice)

    code, params = desk.refused(erin, "get_inquiry", id=1, cursor="nonsense")

    assert (code, params["faults"][0]["path"]) == ("invalid_request", "task.data.cursor")
