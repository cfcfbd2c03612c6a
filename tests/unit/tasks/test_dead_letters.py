"""What becomes of a message that was set aside."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from services.contracts.events import OPERATIONS_DONE, OPERATIONS_REQUESTED, TASKS_SUBMITTED, Event
from services.contracts.sizes import LARGEST_KEPT, LARGEST_MESSAGE, LARGEST_READ, size_of
from services.contracts.tasks import DeadLetter, Operation
from services.runtime.messaging.envelopes import decode, encode
from services.runtime.messaging.resending import Letter
from services.tasks.dead_letters import judge
from tests.unit.tasks.samples import a_task, an_outcome

ALONE = {"x-alone": True}
WORK = (TASKS_SUBMITTED, OPERATIONS_REQUESTED, OPERATIONS_DONE)


@dataclass
class DeadMessage:
    """A delivery out of the dead letters."""

    routing_key: str
    body: bytes
    headers: Mapping[str, Any] = field(default_factory=dict)
    queue: str = "tasks.dead_letters"
    exchange: str = "dead-letters"
    content_type: str | None = "application/json"
    content_encoding: str | None = "utf-8"
    correlation_id: str | None = None
    reply_to: str | None = None
    user_id: str | None = None
    redelivered: bool = False
    alive: bool = True

    def acknowledge(self) -> None:
        raise AssertionError("the entrypoint acknowledges")

    def reject(self, *, requeue: bool) -> None:
        raise AssertionError("a dead letter is never rejected")


def body(event: Event, *entries: Any, version: Any = 1) -> bytes:
    return json.dumps({"version": version, event.member: entries}).encode()


def dead(event: Event, *entries: Any, alone: bool = False) -> DeadMessage:
    return DeadMessage(event.queue if alone else event.name, body(event, *entries), ALONE if alone else {})


def buried(message: DeadMessage) -> Operation:
    verdict = judge(message)
    assert (verdict.again, verdict.pause) == ([], 0)
    (burial,) = verdict.burials
    return burial


@pytest.mark.parametrize("event", WORK)
def test_each_entry_is_tried_once_more_alone(event: Event) -> None:
    entries = [{"id": number, "text": "é"} for number in range(3)]
    verdict = judge(dead(event, *entries))
    assert [(letter.queue, letter.headers) for letter in verdict.again] == [(event.queue, ALONE)] * 3
    assert [decode(event, letter.body) for letter in verdict.again] == [[entry] for entry in entries]
    assert (verdict.burials, verdict.pause) == ([], 0)


def test_a_message_of_one_entry_is_sent_as_it_came() -> None:
    message = dead(TASKS_SUBMITTED, {"id": 1})
    message.body = b' {"version": 1, "tasks": [{"id": 1}]}\n'
    assert judge(message).again == [Letter("tasks.tasks_submitted", message.body, ALONE)]


def test_text_that_is_no_valid_text_survives_the_separation() -> None:
    verdict = judge(dead(TASKS_SUBMITTED, {"a": "\ud800\0"}, {"b": 1}))
    assert decode(TASKS_SUBMITTED, verdict.again[0].body) == [{"a": "\ud800\0"}]


def test_a_task_that_is_set_aside_twice_ends_and_its_message_is_kept() -> None:
    task = a_task()
    message = dead(TASKS_SUBMITTED, task, alone=True)
    assert buried(message) == {
        "task": task,
        "refusal": {"code": "internal_error", "number": 5001, "params": {"task_id": task["id"]}},
        "dead_letter": {
            "queue": "tasks.tasks_submitted",
            "reason": "failed twice (unknown)",
            "body": message.body.decode(),
            "encoding": "utf-8",
        },
    }


def test_an_operation_that_is_set_aside_twice_ends_its_task() -> None:
    task = a_task()
    burial = buried(dead(OPERATIONS_REQUESTED, {"task": task}, alone=True))
    assert burial["task"] == task
    assert burial["refusal"]["params"] == {"task_id": task["id"]}
    assert burial["dead_letter"]["queue"] == "info.operations_requested"


def test_an_outcome_that_is_set_aside_twice_is_kept_only() -> None:
    burial = buried(dead(OPERATIONS_DONE, an_outcome(a_task()), alone=True))
    assert burial["task"] is None
    assert "refusal" not in burial
    assert burial["dead_letter"]["queue"] == "tasks.operations_done"


@pytest.mark.parametrize(
    ("event", "entry"),
    [
        (TASKS_SUBMITTED, {}),
        (TASKS_SUBMITTED, {**a_task(), "operator_id": "1"}),
        (TASKS_SUBMITTED, {**a_task(), "data": {"content": "\ud800"}}),
        (OPERATIONS_REQUESTED, {}),
        (OPERATIONS_REQUESTED, {"task": None}),
        (OPERATIONS_REQUESTED, {"task": {"id": 7}}),
        (OPERATIONS_REQUESTED, {"task": None, "dead_letter": {"queue": "q"}}),
    ],
    ids=repr,
)
def test_what_holds_no_readable_task_is_kept_only(event: Event, entry: dict[str, Any]) -> None:
    message = dead(event, entry, alone=True)
    burial = buried(message)
    assert burial["task"] is None
    assert "refusal" not in burial
    assert burial["dead_letter"]["reason"].startswith("no readable task")
    assert burial["dead_letter"]["body"] == message.body.decode()


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (b"", "utf-8"),
        (b"not JSON", "utf-8"),
        (b"{}", "utf-8"),
        (b"[1]", "utf-8"),
        (b'{"version": 1}', "utf-8"),
        (b'{"version": 1, "tasks": {}}', "utf-8"),
        (b'{"version": 1, "tasks": [7]}', "utf-8"),
        (b'{"version": true, "tasks": []}', "utf-8"),
        (b"[" * 100_000, "utf-8"),
        ("é".encode("latin-1"), "base64"),
        (b"\x80\x04\x95pickle", "base64"),
        (b"a\0b", "base64"),
    ],
    ids=lambda value: repr(value)[:40],
)
@pytest.mark.parametrize("headers", [{}, ALONE])
def test_what_cannot_be_decoded_is_kept_at_once(content: bytes, encoding: str, headers: dict[str, Any]) -> None:
    burial = buried(DeadMessage("tasks_submitted", content, headers))
    letter = burial["dead_letter"]
    assert burial["task"] is None
    assert letter["reason"].startswith("undecodable")
    assert letter["encoding"] == encoding
    assert (base64.b64decode(letter["body"]) if encoding == "base64" else letter["body"].encode()) == content


@pytest.mark.parametrize("headers", [{}, ALONE])
def test_an_unknown_version_waits_as_it_is_for_a_reader_that_knows_it(headers: dict[str, Any]) -> None:
    message = DeadMessage("operations_requested", body(OPERATIONS_REQUESTED, {"new": 1}, version=2), headers)
    verdict = judge(message)
    assert verdict.again == [Letter("info.operations_requested", message.body, headers)]
    assert verdict.burials == []
    assert verdict.pause


def test_a_burial_that_is_set_aside_goes_on_after_a_pause_for_ever() -> None:
    burial = buried(dead(TASKS_SUBMITTED, a_task(), alone=True))
    message = dead(OPERATIONS_REQUESTED, burial, alone=True)
    for _ in range(3):
        verdict = judge(message)
        assert verdict.burials == []
        assert verdict.pause
        (letter,) = verdict.again
        assert letter == Letter("info.operations_requested", message.body, ALONE)
        message = DeadMessage("info.operations_requested", letter.body, letter.headers)


def test_a_burial_among_others_is_separated_first() -> None:
    burial = buried(dead(TASKS_SUBMITTED, a_task(), alone=True))
    verdict = judge(dead(OPERATIONS_REQUESTED, burial, {"task": a_task()}))
    assert len(verdict.again) == 2
    assert not verdict.pause


@pytest.mark.parametrize("key", ["", "tasks_finished", "no_such_event", "tasks.tasks_submitted.x"])
def test_a_message_of_no_queue_is_kept(key: str) -> None:
    burial = buried(DeadMessage(key, body(TASKS_SUBMITTED, a_task())))
    assert burial["task"] is None
    assert burial["dead_letter"]["queue"] == "unknown"


def test_where_and_why_it_died_is_told_by_the_broker() -> None:
    deaths = [{"queue": "some.queue", "reason": "rejected"}, {"queue": "earlier", "reason": "expired"}]
    burial = buried(DeadMessage("no_such_event", b"", {"x-death": deaths}))
    assert burial["dead_letter"]["queue"] == "some.queue"
    assert burial["dead_letter"]["reason"] == "of no queue (rejected)"


@pytest.mark.parametrize(
    "headers",
    [
        {"x-death": None},
        {"x-death": "rejected"},
        {"x-death": []},
        {"x-death": [None]},
        {"x-death": [{"queue": 7, "reason": b"x"}]},
        {"x-death": [{"queue": "\0", "reason": "DROP TABLE task; --"}]},
        {"x-alone": "true"},
        {"x-alone": 1},
        {"x-alone": [True]},
        {"nameko.call_id_stack": 7},
    ],
    ids=repr,
)
def test_headers_that_lie_change_nothing(headers: dict[str, Any]) -> None:
    burial = buried(DeadMessage("tasks_submitted", b"poison", headers))
    assert burial["dead_letter"]["queue"] == "tasks.tasks_submitted"
    assert burial["dead_letter"]["reason"] == "undecodable: not JSON (unknown)"
    assert len(judge(DeadMessage("tasks_submitted", body(TASKS_SUBMITTED, a_task()), headers)).again) == 1


@pytest.mark.parametrize("body", [b"x" * 20_000_000, b"\x01" * 2_000_000, b"\xff" * 5_000_000, b'"' * LARGEST_KEPT])
def test_of_a_message_beyond_all_measure_the_beginning_is_kept(body: bytes) -> None:
    burial = buried(DeadMessage("tasks_submitted", body))
    letter = burial["dead_letter"]
    assert size_of(letter["body"]) <= LARGEST_KEPT
    assert f"{len(body)} bytes, cut" in letter["reason"]
    assert body.startswith(content(letter))
    assert len(list(encode(OPERATIONS_REQUESTED, [burial]))) == 1


def content(letter: DeadLetter) -> bytes:
    kept = letter["body"]
    return kept.encode() if letter["encoding"] == "utf-8" else base64.b64decode(kept)


def test_an_entry_that_no_message_can_carry_is_kept_and_not_tried_again() -> None:
    task = a_task() | {"data": {"name": "x" * LARGEST_MESSAGE}}
    verdict = judge(dead(TASKS_SUBMITTED, task))
    assert verdict.again == []
    (burial,) = verdict.burials
    assert burial["task"] is None
    assert len(list(encode(OPERATIONS_REQUESTED, [burial]))) == 1


def test_each_entry_that_is_tried_again_stays_in_its_trace() -> None:
    first, second = (f"00-{trace * 32}-00f067aa0ba902b7-01" for trace in "ab")
    message = dead(OPERATIONS_REQUESTED, *({"task": a_task()} for _ in range(3)))
    message.headers = {"traceparents": [first, "", second]}
    told = [letter.headers for letter in judge(message).again]
    assert told == [ALONE | {"traceparent": first}, ALONE, ALONE | {"traceparent": second}]


@pytest.mark.parametrize("event", WORK, ids=lambda event: event.name)
@pytest.mark.parametrize(("entries", "reason"), [([{}] * 65, "65 entries"), ([{"a": "b" * LARGEST_READ}], "bytes")])
def test_a_message_with_more_than_any_release_publishes_is_buried_as_one(
    event: Event, entries: list[Any], reason: str
) -> None:
    letter = buried(dead(event, *entries)).get("dead_letter")

    assert letter is not None
    assert letter["reason"].startswith("undecodable: ")
    assert reason in letter["reason"]
