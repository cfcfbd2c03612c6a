"""The bodies of events: ``{"version": 1, "<member>": [...]}`` in JSON."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from services.contracts.events import VERSION, Event


class Undecodable(ValueError):
    """The body can never be read: it is poison."""


class UnknownVersion(ValueError):
    """The body comes from a newer release; a reader that knows it will come."""


def to_json(value: Any) -> bytes:
    """Compact UTF-8 JSON."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def encode(event: Event, entries: Sequence[Any]) -> Iterator[bytes]:
    """The bodies that say ``entries``, each with as many as one message may hold."""
    for start in range(0, len(entries), event.per_message):
        yield to_json({"version": VERSION, event.member: list(entries[start : start + event.per_message])})


def decode(event: Event, body: bytes) -> list[dict[str, Any]]:
    """The entries of a body. Raises ``Undecodable`` or ``UnknownVersion``."""
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
    return entries
