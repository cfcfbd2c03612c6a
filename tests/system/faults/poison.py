"""Messages that nobody can make sense of, for every queue."""

import json
from collections.abc import Iterable, Iterator
from random import Random
from typing import Any

from services.contracts.calls import ANSWERING
from services.contracts.events import DEAD_LETTER_QUEUE, EVENTS
from services.runtime.messaging.broker import RPC_EXCHANGE
from tests.system.faults.broker_access import Letter, send
from tests.system.faults.site import Site

HUGE_BYTES = 3_000_000

HOSTILE_HEADERS: tuple[dict[str, Any], ...] = (
    {"x-death": "long ago"},
    {"x-death": [1, 2, 3]},
    {"x-death": [{"queue": 5, "count": "many"}], "x-first-death-queue": 7},
    {"x-alone": "yes", "x-delivery-count": -1},
    {"nameko.call_id_stack": "no list", "nameko.language": ["x"] * 50},
    {"content-type": "application/x-python-serialize", "x-match": None},
)

NO_EVENTS = (
    b"\xff\xfe no JSON at all",
    b"",
    b"[]",
    b"null",
    b'"version"',
    b'{"version": "1"}',
    b'{"version": 1}',
    b"[" * 5_000,
    b'{"version": 1, "version": 2, "tasks": [NaN]}',
)


def wrong_bodies(member: str) -> Iterator[bytes]:
    """Bodies for a queue whose events carry that member."""
    yield from NO_EVENTS
    entries: list[Any] = [
        [],
        "tasks",
        [5],
        [{}],
        [{"id": 5}],
        [{"task": None}],
        [{"task": {"id": "x", "action": "create_customer"}}],
        [{"id": "01a20ec0-41d0-73dc-8727-71b51f853787", "action": ["login"], "data": None, "operator_id": "1"}],
        [{"task": {"id": "0" * 36, "data": {"\0": "\ud800"}}, "refusal": 5, "dead_letter": {"queue": 7}}],
    ]
    for each in entries:
        yield json.dumps({"version": 1, member: each}).encode()
    yield json.dumps({"version": 1, member: "x" * HUGE_BYTES}).encode()


def wrong_calls(service: str) -> Iterator[Letter]:
    """RPC calls that are none."""
    for body in (*NO_EVENTS, b'{"args": 5, "kwargs": {}}', b'{"args": [], "kwargs": {"caller": 1}}', b"x" * HUGE_BYTES):
        for properties in ({}, {"reply_to": "nobody", "correlation_id": "x"}):
            yield Letter(RPC_EXCHANGE, f"{service}.identify", body, {}, properties)
    for headers in HOSTILE_HEADERS:
        good = b'{"args": [], "kwargs": {}}'
        yield Letter(RPC_EXCHANGE, f"{service}.no_such_method", good, headers)
        yield Letter("", f"rpc-{service}", good, headers, {"reply_to": "\u2603" * 80})


def poison(chance: Random, queue: str, count: int) -> list[Letter]:
    """Some bad messages for the queue of that name, or of the transient queues of that event."""
    letters: list[Letter] = []
    for event in EVENTS:
        if queue == event.name:
            exchange, key = ("", event.queue) if event.listener else (event.speakers[0].exchange, event.name)
            letters += [
                Letter(exchange, key, body, chance.choice(({}, *HOSTILE_HEADERS)))
                for body in wrong_bodies(event.member)
            ]
    if queue == DEAD_LETTER_QUEUE:
        letters += [Letter("", queue, body, headers) for body in NO_EVENTS for headers in HOSTILE_HEADERS]
    if queue in ANSWERING:
        letters += wrong_calls(queue)
    return chance.sample(letters, min(count, len(letters)))


def replies(chance: Random, queues: Iterable[str]) -> list[Letter]:
    """Bad answers for everybody who waits for an answer; ``queues`` are all that there are."""
    return [
        Letter("", queue, chance.choice((*NO_EVENTS, b'{"result": 1}')), {}, {"correlation_id": "nobody's"})
        for queue in queues
        if queue.startswith("rpc.reply-")
    ]


QUEUES = (*(event.name for event in EVENTS), DEAD_LETTER_QUEUE, *(str(service) for service in ANSWERING))
"""Every queue, by what ``poison`` calls it."""


def send_poison(site: Site, chance: Random, queue: str, count: int = 1) -> None:
    """Send some bad messages to a queue."""
    send(site, poison(chance, queue, count))
