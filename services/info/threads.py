"""The thread of an inquiry: what the staff answered and what the customer replied, a page at a time."""

import json
from typing import Any

from services.info.items import json_value
from services.info.paging import an_id, cursor_of, values_of
from services.info.work import Work

MOST_MESSAGES = 50
MOST_BYTES = 64 * 1024
"""How much a page holds, in JSON. A single message may be larger, and is a page then."""

_KEEP = """
INSERT INTO inquiry_answer (inquiry_id, answer, answered_by, from_customer)
VALUES (%(id)s, %(text)s, %(me)s, %(from_customer)s) RETURNING id
"""

_EARLIER = """
SELECT message.id, answer AS text, from_customer, operator.name AS by, answered_at AS at
FROM inquiry_answer AS message JOIN operator ON operator.id = answered_by
WHERE inquiry_id = %(id)s AND message.id < %(before)s ORDER BY message.id DESC LIMIT %(limit)s
"""

_LAST = 2**63 - 1


def keep_message(work: Work, inquiry_id: int, text: str, *, from_customer: bool) -> None:
    """Add a message, which the task's operator wrote, or recorded for the customer."""
    params = {"id": inquiry_id, "text": text, "me": work.operator.id, "from_customer": from_customer}
    work.query(_KEEP, params)


def earlier_messages(work: Work, inquiry_id: int, cursor: str | None) -> tuple[list[dict[str, Any]], str | None]:
    """The latest messages before the cursor, oldest first, and the cursor of those before them if there are any."""
    before = values_of(cursor, an_id)[0] if cursor else _LAST
    rows = work.query(_EARLIER, {"id": inquiry_id, "before": before, "limit": MOST_MESSAGES + 1})
    page: list[dict[str, Any]] = []
    size = 0
    for row in rows[:MOST_MESSAGES]:
        message = {name: json_value(value) for name, value in row.items() if name != "id"}
        size += len(json.dumps(message))
        if page and size > MOST_BYTES:
            break
        page.append(message)
    more = len(page) < len(rows)
    return page[::-1], cursor_of(rows[len(page) - 1]["id"]) if more else None
