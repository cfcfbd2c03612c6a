"""How large things may be, in bytes of JSON in UTF-8. Each limit fits into the next; docs/sizes.md has them in a table.

A text fits an item, four texts (an inquiry before and after an answer) fit an entry of a history, an entry fits a
result, a result fits an outcome with the data of its task, and an outcome fits a message.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

KIBIBYTE = 1024

BYTES_A_CHARACTER = 4
"""Of a text, on average: the most that UTF-8 needs. Control characters are escaped in JSON and need more."""

LARGEST_BODY = 64 * KIBIBYTE
"""What a client sends: the body of a request, or a message on a WebSocket."""

LARGEST_HELLO = 8 * KIBIBYTE
"""The first message on a WebSocket, by which nobody is known yet."""

LARGEST_DATA = LARGEST_BODY
"""What a task asks for."""

LARGEST_TASK = 128 * KIBIBYTE
"""A task on its way: its data, and who asked."""

LARGEST_RESULT = 256 * KIBIBYTE
"""The result of a task. A page ends early; a single thing that is larger ends its task as ``result_too_large``."""

LARGEST_OUTCOME = 384 * KIBIBYTE
"""A finished task: its data, and its result or its error."""

LARGEST_PAGE = LARGEST_RESULT - 8 * KIBIBYTE
"""The entries of a page, which leave room for its cursor. A first entry that is larger is a page by itself."""

LARGEST_KEPT = 256 * KIBIBYTE
"""What is kept of a message that was set aside."""

LARGEST_MESSAGE = 512 * KIBIBYTE
"""A message between the services: a list of entries or one entry, a call, or its reply."""

LARGEST_READ = 2 * 1024 * KIBIBYTE
"""A message that is parsed at all. Releases before these limits published larger ones than ``LARGEST_MESSAGE``."""


class TooLarge(ValueError):
    """It is larger than it may be, and will be when it is repeated."""


def to_json(value: Any) -> bytes:
    """Compact JSON in UTF-8; in ASCII when it holds what is no text (a lone surrogate), which stays as it is."""
    try:
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode("ascii")


def size_of(value: Any) -> int:
    """The bytes of a value as JSON."""
    return len(to_json(value))


def parts(sizes: Iterable[int], most_bytes: int, most: int) -> Iterator[slice]:
    """Where to cut a sequence into parts of at most ``most`` entries and ``most_bytes``, unless one alone is larger."""
    start = end = total = 0
    for size in sizes:
        if end > start and (end - start == most or total + size > most_bytes):
            yield slice(start, end)
            start, total = end, 0
        total += size
        end += 1
    if end > start:
        yield slice(start, end)
