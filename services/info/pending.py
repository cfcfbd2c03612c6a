"""What the pending board is loaded from and reconciled with."""

from collections.abc import Iterator
from datetime import UTC, datetime

from services.info.board import PendingItem, Shelf, Waiting
from services.info.items import statement
from services.info.kinds import KINDS
from services.info.work import Transaction

AT_ONCE = 5_000
"""Items that are read at a time."""

_PENDING = """
SELECT id, level, version, created_at, claimed_until
FROM {table} AS item WHERE status = '{undecided}' AND NOT {waiting} AND (created_at, id) > (%s, %s)
ORDER BY created_at, id LIMIT %s
"""

_COUNTED = """
SELECT level, count(*) AS count, extract(epoch FROM statement_timestamp() - min(created_at))::float8 AS oldest_seconds
FROM {table} AS item WHERE status = '{undecided}' AND NOT {waiting} GROUP BY level
"""

_BEGINNING = datetime.min.replace(tzinfo=UTC), 0


def pending_items(transaction: Transaction) -> Iterator[PendingItem]:
    """Every undecided item that does not wait for its customer, a type after the other."""
    for kind in KINDS.values():
        place = _BEGINNING
        while rows := transaction.query(statement(kind, _PENDING, **kind.waiting), (*place, AT_ONCE)):
            yield from (PendingItem(type=kind.type, **row) for row in rows)
            place = rows[-1]["created_at"], rows[-1]["id"]


def counted(transaction: Transaction) -> dict[Shelf, Waiting]:
    """How many of them there are by type and level, and for how long the oldest has waited."""
    return {
        (kind.type, row["level"]): {"count": row["count"], "oldest_seconds": max(0.0, row["oldest_seconds"])}
        for kind in KINDS.values()
        for row in transaction.query(statement(kind, _COUNTED, **kind.waiting))
    }
