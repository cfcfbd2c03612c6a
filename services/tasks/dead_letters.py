"""What becomes of a message that the delivery limit set aside.

Each of its entries is tried once more, alone: it may be healthy and have met a broken connection, or a neighbour that
is not. What is set aside a second time is buried: ``info`` keeps the message for an operator, and ends the task with
``internal_error`` unless it has an outcome. Nothing is ever dropped.
"""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypedDict

from services.contracts.errors import Code, Refusal
from services.contracts.events import EVENTS, OPERATIONS_DONE, OPERATIONS_REQUESTED, TASKS_SUBMITTED, VERSION, Event
from services.contracts.sizes import LARGEST_KEPT, LARGEST_MESSAGE, size_of, to_json
from services.contracts.tasks import DeadLetter, Operation, Task
from services.runtime.messaging.batches import ALONE
from services.runtime.messaging.broker import Delivery
from services.runtime.messaging.envelopes import Undecodable, UnknownVersion, decode
from services.runtime.messaging.resending import Letter
from services.runtime.telemetry.tracing import traceparents
from services.tasks.lifecycle import as_error
from services.tasks.messages import Unreadable, read_dead_letter, read_task

LONGEST_ESCAPE = len(r"\u0000")
"""Bytes of JSON that one byte of a message may need."""

SHORT = 1_000
"""Characters of a message that are kept when the broker refuses to carry more (a multiple of four, as base64 needs)."""

BURIAL_PAUSE = 5.0
"""Seconds before a burial that was set aside itself is sent again."""

VERSION_PAUSE = 0.2
"""Seconds before a message of a newer release is: others that were set aside wait behind it."""

_EVENTS: Mapping[str, Event] = {
    key: event for event in EVENTS if event.listener is not None for key in (event.name, event.queue)
}
"""By routing key: a message came to its queue as an event, or was sent to it by name. Headers may lie."""

_NAME = re.compile(r"[\w.-]{1,255}", re.ASCII)


@dataclass(frozen=True)
class Verdict:
    """What is to be done before the message may be acknowledged.

    again:   to be sent to their queues
    burials: to be requested of ``info``
    pause:   first wait for so many seconds, since this comes round
    """

    again: list[Letter] = field(default_factory=list)
    burials: list[Operation] = field(default_factory=list)
    pause: float = 0.0


def judge(delivery: Delivery) -> Verdict:
    """What becomes of the message."""
    event = _EVENTS.get(delivery.routing_key)
    if event is None:
        return Verdict(burials=[{"task": None, "dead_letter": _kept(delivery, delivery.body, "of no queue")}])
    try:
        entries = decode(event, delivery.body)
        bodies = [delivery.body] if len(entries) == 1 else [_body(event, entry) for entry in entries]
    except UnknownVersion:
        # A newer release has said it, so a reader that knows it is about to start.
        return Verdict(again=[Letter(event.queue, delivery.body, _alone(delivery))], pause=VERSION_PAUSE)
    except (Undecodable, RecursionError) as error:
        return Verdict(burials=[{"task": None, "dead_letter": _kept(delivery, delivery.body, f"undecodable: {error}")}])
    if not _was_alone(delivery) and all(len(body) <= LARGEST_MESSAGE for body in bodies):
        parents = traceparents(delivery.headers, len(bodies))
        letters = [Letter(event.queue, body, _once_more(parent)) for body, parent in zip(bodies, parents, strict=True)]
        return Verdict(again=letters)
    if event is OPERATIONS_REQUESTED and len(entries) == 1 and read_dead_letter(entries[0]) is not None:
        return Verdict(again=[Letter(event.queue, delivery.body, {ALONE: True})], pause=BURIAL_PAUSE)
    return Verdict(burials=[_burial(event, entry, delivery, body) for entry, body in zip(entries, bodies, strict=True)])


def burial_of(delivery: Delivery, letter: Letter) -> Operation:
    """For one of the letters that were to be tried again, which the broker does not take."""
    event = _EVENTS[letter.queue]
    try:
        (entry,) = decode(event, letter.body)
    except (UnknownVersion, ValueError):
        return {"task": None, "dead_letter": _kept(delivery, letter.body, "refused by the broker")}
    return _burial(event, entry, delivery, letter.body)


def shortened(burial: Operation) -> Operation:
    """The same burial as a small message, whatever was wrong with the large one: the task ends all the same."""
    letter = burial.get("dead_letter")
    short: Operation = {**burial}
    if short["task"] is not None:
        short["task"] = {**short["task"], "data": {}}
    if letter is not None:
        reason = f"{letter['reason'][:SHORT]}; {len(letter['body'])} characters, cut: the broker refuses more"
        short["dead_letter"] = {**letter, "reason": reason, "body": letter["body"][:SHORT]}
    return short


def _burial(event: Event, entry: Mapping[str, Any], delivery: Delivery, body: bytes) -> Operation:
    task, reason = _task_of(event, entry)
    burial: Operation = {"task": task, "dead_letter": _kept(delivery, body, reason)}
    if task is not None:
        burial["refusal"] = as_error(Refusal(Code.INTERNAL_ERROR, {"task_id": task["id"]}))
    return burial


def _task_of(event: Event, entry: Mapping[str, Any]) -> tuple[Task | None, str]:
    """The task that ends by this, and what to say of the message."""
    if event is OPERATIONS_DONE:
        return None, "an outcome that could not be told; it is stored"
    try:
        return read_task(entry if event is TASKS_SUBMITTED else entry.get("task")), "failed twice"
    except Unreadable as error:
        return None, f"no readable task: {error}"


def _kept(delivery: Delivery, body: bytes, reason: str) -> DeadLetter:
    """The message as it is kept: the beginning of one that is larger than may be."""
    kept = _as_text(body)
    if size_of(kept["body"]) > LARGEST_KEPT:
        reason = f"{reason}; {len(body)} bytes, cut"
        kept = _as_text(body[: LARGEST_KEPT // LONGEST_ESCAPE])
    death = _last_death(delivery)
    event = _EVENTS.get(delivery.routing_key)
    queue = event.queue if event else _name(death.get("queue"))
    return {"queue": queue, "reason": f"{reason} ({_name(death.get('reason'))})", **kept}


class _Kept(TypedDict):
    body: str
    encoding: Literal["utf-8", "base64"]


def _as_text(body: bytes) -> _Kept:
    """The body as a text that a database can hold: in base64 when it is not one."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        return {"body": base64.b64encode(body).decode(), "encoding": "base64"}
    return {"body": text, "encoding": "utf-8"}


def _last_death(delivery: Delivery) -> Mapping[str, Any]:
    deaths = delivery.headers.get("x-death")
    last = deaths[0] if isinstance(deaths, list) and deaths else None
    return last if isinstance(last, Mapping) else {}


def _name(value: Any) -> str:
    return value if isinstance(value, str) and _NAME.fullmatch(value) else "unknown"


def _was_alone(delivery: Delivery) -> bool:
    return delivery.headers.get(ALONE) is True


def _once_more(parent: str) -> Mapping[str, Any]:
    """The headers of a message that is tried again alone, in the trace that it is part of."""
    return {ALONE: True, "traceparent": parent} if parent else {ALONE: True}


def _alone(delivery: Delivery) -> Mapping[str, Any]:
    return {ALONE: True} if _was_alone(delivery) else {}


def _body(event: Event, entry: Mapping[str, Any]) -> bytes:
    """One entry as a message. What is no valid text is escaped, and so stays as it is."""
    return to_json({"version": VERSION, event.member: [entry]})
