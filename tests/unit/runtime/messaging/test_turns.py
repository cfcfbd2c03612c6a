"""Owners take turns in batches, and what concerns one thing keeps its order."""

from services.runtime.messaging.turns import Turns


def filled(*entries: str) -> Turns[str]:
    """The first letter of an entry is its owner; a letter after a dash is what it concerns."""
    turns: Turns[str] = Turns()
    for entry in entries:
        turns.put(entry, entry[0], entry.partition("-")[2])
    return turns


def taken(turns: Turns[str]) -> list[str]:
    """Everything, one after the other."""
    return [turns.take() for _ in range(len(turns))]


def test_an_owner_with_many_entries_delays_another_by_one() -> None:
    assert taken(filled("a1", "a2", "a3", "b1", "c1", "b2")) == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_an_owner_who_comes_later_is_not_behind_all_that_waits() -> None:
    turns = filled("a1", "a2", "a3")
    assert turns.take() == "a1"
    turns.put("b1", "b")
    assert taken(turns) == ["b1", "a2", "a3"]


def test_what_concerns_one_thing_keeps_its_order() -> None:
    assert taken(filled("a1", "a2-x", "b1-x", "b2", "c1")) == ["a1", "c1", "a2-x", "b1-x", "b2"]


def test_an_entry_of_several_owners_comes_after_the_earlier_ones_of_each() -> None:
    turns = filled("a1", "a2")
    turns.put("both", ["b", "a"])
    turns.put("b1", ["b"])
    assert taken(turns) == ["a1", "a2", "both", "b1"]


def test_without_owners_they_come_in_their_order() -> None:
    turns: Turns[int] = Turns()
    for number in range(3):
        turns.put(number, [])
    assert [turns.take() for _ in range(3)] == [0, 1, 2]


def test_what_is_looked_at_still_waits_and_what_is_cleared_does_not() -> None:
    turns = filled("a1", "b1")
    assert (turns.first(), len(turns)) == ("a1", 2)
    assert turns.clear() == ["a1", "b1"]
    assert turns.first() is None
