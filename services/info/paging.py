"""Pages of a list: where one ends and the next begins, as text that means nothing to a client."""

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

from services.contracts.sizes import KIBIBYTE, LARGEST_PAGE, size_of
from services.contracts.tasks import utc_text
from services.contracts.validation import Invalid, fault, storable_faults
from services.contracts.values import LARGEST_INTEGER

T = TypeVar("T")
P = TypeVar("P")

LARGEST_ENTRY = 240 * KIBIBYTE
"""An entry of a history with the longest texts and names, before and after. A whole item is smaller."""

PORTION = 50
"""Rows that are read at a time, unless told otherwise."""

# Amounts of an earlier release may have 18 digits before the point.
_AMOUNT = re.compile(r"[0-9]{1,18}(\.[0-9]{1,4})?")


def cursor_of(*values: str | int) -> str:
    """The cursor of a place in a list."""
    return urlsafe_b64encode(json.dumps(values, ensure_ascii=False).encode("utf-8", "surrogatepass")).decode()


def values_of(cursor: str, *readers: Callable[[Any], Any]) -> list[Any]:
    """What ``cursor_of`` was given, each value read by its reader, which raises ``ValueError`` for a wrong one.

    Raises ``Invalid`` for a cursor that was not made here.
    """
    try:
        values = json.loads(urlsafe_b64decode(cursor.encode("ascii")))
        if isinstance(values, list) and len(values) == len(readers) and cursor_of(*values) == cursor:
            return [read(value) for read, value in zip(readers, values, strict=True)]
    except (ValueError, TypeError, ArithmeticError, RecursionError):
        pass
    raise Invalid([fault("invalid", "task.data.cursor")])


def an_id(value: Any) -> int:
    """Reads an id out of a cursor."""
    if type(value) is not int or not 0 < value <= LARGEST_INTEGER:
        raise ValueError
    return value


# Whoever holds a cursor can write another. So the readers let through only what the database takes for such a value:
# what it does not would end as a fault of ours, be tried again and again, and become a dead letter.


def a_time(value: Any) -> datetime:
    """Reads a time out of a cursor."""
    time = datetime.fromisoformat(value)
    if utc_text(time) != value:
        raise ValueError
    return time


def an_amount(value: Any) -> Decimal:
    """Reads an amount of money out of a cursor."""
    if not isinstance(value, str) or not _AMOUNT.fullmatch(value):
        raise ValueError
    return Decimal(value)


def a_text(value: Any) -> str:
    """Reads a text out of a cursor."""
    if not isinstance(value, str) or storable_faults(value):
        raise ValueError
    return value


def page(
    read: Callable[[P | None, int], Sequence[T]],
    place: Callable[[T], P],
    show: Callable[[T], Any],
    limit: int,
    after: P | None,
    portion: int = PORTION,
    most: int = LARGEST_PAGE,
) -> tuple[list[Any], P | None]:
    """The entries of a page, and the place after which the next one begins if there are more.

    It ends after ``limit`` entries, or before the one with which it would have more than ``most`` bytes; the first is
    there in any case.

    read:    the rows that follow a place, in order, at most so many; None: from the beginning
    place:   where a row stands
    show:    a row as it is answered, in JSON values
    portion: rows that are read at a time
    """
    entries: list[Any] = []
    size = 0
    while True:
        wanted = min(limit - len(entries) + 1, portion)
        rows = read(after, wanted)
        for row in rows:
            entry = show(row)
            size += size_of(entry) + len(",")
            if len(entries) == limit or (entries and size > most):
                return entries, after
            entries.append(entry)
            after = place(row)
        if len(rows) < wanted:
            return entries, None


def like(text: str) -> str:
    """The pattern of ``LIKE`` for whatever holds the text."""
    for special in "\\%_":
        text = text.replace(special, f"\\{special}")
    return f"%{text}%"
