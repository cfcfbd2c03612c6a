"""What comes over the broker is not trusted."""

from typing import Any

import pytest

from services.tasks.messages import Unreadable, read_dead_letter, read_outcome, read_task
from tests.unit.tasks.samples import a_task, an_outcome

LETTER = {"queue": "tasks.tasks_submitted", "reason": "failed twice", "body": "{}", "encoding": "utf-8"}


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


def test_a_task_is_read_as_it_is() -> None:
    task = a_task()
    assert read_task(task) is task


@pytest.mark.parametrize(
    "change",
    [
        {"id": None},
        {"id": "1"},
        {"id": "0192F1C4-0000-7000-8000-000000000001"},
        {"id": "6f9619ff-8b86-4d01-b42d-00c04fc964ff"},
        {"action": None},
        {"action": 7},
        {"action": "création"},
        {"action": "a\0b"},
        {"data": None},
        {"data": []},
        {"data": {"content": "\0"}},
        {"data": {"content": "\ud800"}},
        {"data": {"id": 2**63}},
        {"data": {"amount": float("nan")}},
        {"data": {"x": deep(63)}},
        {"operator_id": None},
        {"operator_id": "1"},
        {"operator_id": True},
        {"operator_id": 1.0},
        {"operator_id": 2**63},
        {"session": None},
        {"session": 1},
        {"submitted_at": None},
        {"submitted_at": 1732459856},
        {"submitted_at": "yesterday"},
        {"submitted_at": "2026-11-24T14:50:56"},
        {"submitted_at": "0001-01-01T00:00:00+23:00"},
    ],
    ids=lambda change: repr(change)[:60],
)
def test_what_could_not_be_stored_is_unreadable(change: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        read_task({**a_task(), **change})


def test_nesting_is_bounded() -> None:
    task = {**a_task(), "data": {"x": deep(62)}}
    assert read_task(task) is task


@pytest.mark.parametrize("member", ["id", "action", "data", "operator_id", "session", "submitted_at"])
def test_a_task_without_one_of_its_members_is_unreadable(member: str) -> None:
    entry = {name: value for name, value in a_task().items() if name != member}
    with pytest.raises(Unreadable):
        read_task(entry)


@pytest.mark.parametrize("entry", [None, 7, "task", [], True])
def test_what_is_no_object_is_no_task(entry: Any) -> None:
    with pytest.raises(Unreadable):
        read_task(entry)


def test_an_outcome_is_read_as_it_is() -> None:
    outcome = an_outcome(a_task())
    assert read_outcome(outcome) is outcome


@pytest.mark.parametrize(
    "change", [{"id": "1"}, {"status": "accepted"}, {"operator": None}, {"operator": {"id": "1"}}, {"result": "\ud800"}]
)
def test_what_could_not_be_told_is_no_outcome(change: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        read_outcome({**an_outcome(a_task()), **change})


def test_a_dead_letter_is_known_by_its_members() -> None:
    assert read_dead_letter({"task": None, "dead_letter": LETTER}) == LETTER


@pytest.mark.parametrize(
    "letter",
    [None, {}, "letter", {**LETTER, "body": None}, {**LETTER, "encoding": "rot13"}, {**LETTER, "body": "\0"}],
)
def test_what_could_not_be_kept_is_no_dead_letter(letter: Any) -> None:
    assert read_dead_letter({"task": None, "dead_letter": letter}) is None


@pytest.mark.parametrize("text", ["\0", "\ud83d", "a \udc00", "\ud83d\ud83d"])
def test_a_text_that_no_database_holds_is_unreadable_wherever_it_stands(text: str) -> None:
    for result in ({"queue": [{"text": text}]}, {text: 1}):
        with pytest.raises(Unreadable, match="not storable"):
            read_outcome({**an_outcome(a_task()), "result": result})


@pytest.mark.parametrize("text", ["😀", "\\u0000", "\\ud83d", "12345678901234567890", "\\\\u0000"])
def test_a_text_that_only_looks_so_is_read(text: str) -> None:
    outcome = {**an_outcome(a_task()), "result": {"queue": [{"text": text}]}}
    assert read_outcome(outcome) == outcome


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 10**30])
def test_a_number_beyond_64_bits_is_unreadable(number: int) -> None:
    with pytest.raises(Unreadable, match="not storable"):
        read_outcome({**an_outcome(a_task()), "result": {"queue": [number]}})
