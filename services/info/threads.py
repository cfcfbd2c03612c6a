"""The thread of an inquiry: what the staff answered and what the customer replied, a page at a time."""

from typing import Any

from services.info.folding import fold
from services.info.items import json_value
from services.info.paging import an_id, cursor_of, page, values_of
from services.info.work import Row, Work

MOST_MESSAGES = 50
MOST_BYTES = 64 * 1024
"""How much a page holds, in JSON. A single message may be larger, and is a page then."""

_KEEP = """
INSERT INTO inquiry_answer (inquiry_id, answer, folded, answered_by, from_customer)
VALUES (%(id)s, %(text)s, %(folded)s, %(me)s, %(from_customer)s) RETURNING id
"""

_EARLIER = """
SELECT message.id, answer AS text, from_customer, operator.name AS by, operator.id AS by_id, answered_at AS at
FROM inquiry_answer AS message JOIN operator ON operator.id = answered_by
WHERE inquiry_id = %(id)s AND message.id < %(before)s ORDER BY message.id DESC LIMIT %(limit)s
"""

_LAST = 2**63 - 1


def keep_message(work: Work, inquiry_id: int, text: str, *, from_customer: bool) -> None:
    """Add a message, which the task's operator wrote, or recorded for the customer."""
    params = {
        "id": inquiry_id,
        "text": text,
        "folded": fold(text),
        "me": work.operator.id,
        "from_customer": from_customer,
    }
    work.query(_KEEP, params)


def earlier_messages(work: Work, inquiry_id: int, cursor: str | None) -> tuple[list[dict[str, Any]], str | None]:
    """The latest messages before the cursor, oldest first, and the cursor of those before them if there are any."""

    def read(before: int | None, count: int) -> list[Row]:
        return work.query(_EARLIER, {"id": inquiry_id, "before": before or _LAST, "limit": count})

    before: int | None = values_of(cursor, an_id)[0] if cursor else None
    latest, first = page(read, lambda row: int(row["id"]), _shown, MOST_MESSAGES, before, most=MOST_BYTES)
    return latest[::-1], cursor_of(first) if first else None


def _shown(row: Row) -> dict[str, Any]:
    return {name: json_value(value) for name, value in row.items() if name != "id"}
