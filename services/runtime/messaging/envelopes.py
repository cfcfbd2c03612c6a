"""The bodies of events: ``{"version": 1, "<member>": [...]}`` in JSON."""

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from services.contracts.events import BATCH_TASKS, VERSION, Event
from services.contracts.sizes import LARGEST_MESSAGE, LARGEST_READ, parts, to_json


class Undecodable(ValueError):
    """The body can never be read: it is poison."""


class UnknownVersion(ValueError):
    """The body comes from a newer release; a reader that knows it will come."""


class Envelope(NamedTuple):
    """The body of one message, and the entries that it carries."""

    body: bytes
    entries: Sequence[Any]

    @property
    def fits(self) -> bool:
        """It is not larger than a message may be."""
        return len(self.body) <= LARGEST_MESSAGE


def envelopes(event: Event, entries: Sequence[Any]) -> Iterator[Envelope]:
    """``entries`` in as few messages as their number and their size in bytes allow.

    An entry that does not fit a message has one that is larger than may be (``Envelope.fits``).
    """
    head, tail = b'{"version":%d,%s:[' % (VERSION, to_json(event.member)), b"]}"
    encoded = [to_json(entry) for entry in entries]
    most = LARGEST_MESSAGE - len(head + tail)
    for part in parts((len(entry) + 1 for entry in encoded), most, event.per_message):
        yield Envelope(head + b",".join(encoded[part]) + tail, entries[part])


def encode(event: Event, entries: Sequence[Any]) -> Iterator[bytes]:
    """The bodies of ``envelopes``."""
    return (envelope.body for envelope in envelopes(event, entries))


def decode(event: Event, body: bytes) -> list[dict[str, Any]]:
    """The entries of a body. Raises ``Undecodable`` or ``UnknownVersion``.

    One with more bytes or entries than any release publishes is undecodable: to parse it, or to try its entries one by
    one, would take the memory and the time of all others.
    """
    if len(body) > LARGEST_READ:
        raise Undecodable(f"{len(body)} bytes")
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        raise Undecodable("not JSON") from None
    if not isinstance(message, dict) or type(message.get("version")) is not int:
        raise Undecodable("no version")
    if message["version"] > VERSION:
        raise UnknownVersion(f"version {message['version']}")
    entries = message.get(event.member)
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise Undecodable(f"no list of {event.member}")
    if len(entries) > BATCH_TASKS:
        raise Undecodable(f"{len(entries)} entries")
    return entries


__all__ = ["Envelope", "Undecodable", "UnknownVersion", "decode", "encode", "envelopes", "to_json"]
