"""Owners take turns."""

from services.runtime.messaging.fair import FairQueue


def filled(*entries: str) -> FairQueue[str]:
    """The first letter of an entry is its owner."""
    queue: FairQueue[str] = FairQueue()
    for entry in entries:
        queue.put(entry[0], entry)
    return queue


def taken(queue: FairQueue[str]) -> list[str]:
    """Everything, one after the other."""
    entries = []
    while (turn := queue.take()) is not None:
        entries.append(turn[1])
        queue.done(turn[0])
    return entries


def test_an_owner_with_many_entries_delays_another_by_one() -> None:
    assert taken(filled("a1", "a2", "a3", "b1", "c1", "b2")) == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_the_entries_of_an_owner_come_in_their_order() -> None:
    assert taken(filled("a1", "a2", "a3")) == ["a1", "a2", "a3"]


def test_an_owner_who_comes_later_is_not_behind_all_that_waits() -> None:
    queue = filled("a1", "a2", "a3")
    assert queue.take() == ("a", "a1")
    queue.put("b", "b1")
    queue.done("a")
    assert taken(queue) == ["a2", "b1", "a3"]


def test_an_owner_has_one_entry_in_hand_at_a_time() -> None:
    queue = filled("a1", "a2", "b1")
    assert queue.take() == ("a", "a1")
    assert queue.take() == ("b", "b1")
    assert queue.take() is None
    queue.done("b")
    assert queue.take() is None
    queue.done("a")
    assert queue.take() == ("a", "a2")


def test_what_has_no_owner_waits_as_that_of_one() -> None:
    queue: FairQueue[int] = FairQueue()
    queue.put(None, 1)
    queue.put(None, 2)
    assert queue.take() == (None, 1)
    assert queue.take() is None


def test_what_is_cleared_is_not_taken() -> None:
    queue = filled("a1", "b1", "a2")
    queue.take()
    assert len(queue) == 2
    assert sorted(queue.clear()) == ["a2", "b1"]
    assert len(queue) == 0
    assert queue.take() is None
