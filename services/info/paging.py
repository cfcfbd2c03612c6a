"""Pages of a list: where one ends and the next begins, as text that means nothing to a client."""

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

from services.contracts.tasks import utc_text
from services.contracts.validation import Invalid, fault, storable_faults
from services.contracts.values import LARGEST_AMOUNT_DIGITS, LARGEST_INTEGER

T = TypeVar("T")

_AMOUNT = re.compile(rf"[0-9]{{1,{LARGEST_AMOUNT_DIGITS}}}\.[0-9]{{2}}")


def cursor_of(*values: str | int) -> str:
    """The cursor of a place in a list."""
    return urlsafe_b64encode(json.dumps(values).encode()).decode()


def values_of(cursor: str, *readers: Callable[[Any], Any]) -> list[Any]:
    """What ``cursor_of`` was given, each value read by its reader, which raises ``ValueError`` for a wrong one.

    Raises ``Invalid`` for a cursor that was not made here.
    """
    try:
        values = json.loads(urlsafe_b64decode(cursor.encode("ascii")))
        if isinstance(values, list) and len(values) == len(readers) and cursor_of(*values) == cursor:
            return [read(value) for read, value in zip(readers, values, strict=True)]
    except (ValueError, TypeError, ArithmeticError):
        pass
    raise Invalid([fault("invalid", "task.data.cursor")])


def an_id(value: Any) -> int:
    """Reads an id out of a cursor."""
    if type(value) is not int or abs(value) > LARGEST_INTEGER:
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


def page(rows: Sequence[T], limit: int, cursor: Callable[[T], str]) -> tuple[list[T], str | None]:
    """The first ``limit`` rows, and the cursor of the next page if there are more."""
    shown = list(rows[:limit])
    return shown, cursor(shown[-1]) if len(rows) > limit else None


def like(text: str) -> str:
    """The pattern of ``LIKE`` for whatever holds the text."""
    for special in "\\%_":
        text = text.replace(special, f"\\{special}")
    return f"%{text}%"
