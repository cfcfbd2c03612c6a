"""The list of what waits."""

from dataclasses import dataclass
from datetime import UTC, datetime
from heapq import merge
from itertools import islice
from typing import Any

from services.contracts.actions import ListTasks
from services.contracts.operators import ItemType
from services.contracts.tasks import utc_text
from services.info.items import Item, item_of, statement
from services.info.kinds import Kind
from services.info.operations.registry import operation
from services.info.paging import a_time, an_id, cursor_of, page, values_of
from services.info.rules import kind_for
from services.info.work import Work


@dataclass(frozen=True, order=True)
class Position:
    """A place in the list, whose order is that of its members."""

    created_at: datetime
    type: str
    id: int

    @classmethod
    def of(cls, item: Item) -> "Position":
        """Where the item stands."""
        return cls(item.created_at, item.kind.type.value, item.id)

    def cursor(self) -> str:
        """The position as text that means nothing to a client."""
        return cursor_of(utc_text(self.created_at), self.type, self.id)

    @classmethod
    def parse(cls, cursor: str) -> "Position":
        """The position that ``cursor`` was made of. Raises ``Invalid``."""
        created_at, item_type, item_id = values_of(cursor, a_time, ItemType, an_id)
        return cls(created_at, item_type.value, item_id)


BEGINNING = Position(datetime.min.replace(tzinfo=UTC), "", 0)

_WAITING = """
{show}
WHERE item.status = '{undecided}' AND item.level <= %(level)s AND item.created_by <> %(me)s
    AND item.created_at >= %(created_at)s
    AND (item.created_at, %(type)s, item.id) > (%(created_at)s, %(after_type)s, %(after_id)s)
    AND (NOT %(mine)s OR (item.claimed_by = %(me)s AND item.claimed_until > statement_timestamp()))
ORDER BY item.created_at, item.id LIMIT %(limit)s
"""


@operation(ListTasks)
def list_tasks(work: Work, data: ListTasks.Data) -> dict[str, Any]:
    """The pending items that the caller may decide, oldest first, a page at a time."""
    kinds = [kind_for(work.operator, item_type) for item_type in _types(work, data)]

    def read(after: Position | None, count: int) -> list[Item]:
        waiting = (_waiting(work, kind, after or BEGINNING, data, count) for kind in kinds)
        return list(islice(merge(*waiting, key=Position.of), count))

    after = Position.parse(data.cursor) if data.cursor else None
    items, last = page(read, Position.of, _shown, data.limit, after)
    return {"items": items, "next_cursor": last.cursor() if last else None}


def _shown(item: Item) -> dict[str, Any]:
    return {"type": item.kind.type.value, **item.shown}


def _types(work: Work, data: ListTasks.Data) -> list[ItemType]:
    return [data.type] if data.type else sorted(work.operator.role.decides)


def _waiting(work: Work, kind: Kind, after: Position, data: ListTasks.Data, count: int) -> list[Item]:
    params = {
        "level": work.operator.level,
        "me": work.operator.id,
        "mine": bool(data.claimed_by_me),
        "type": kind.type.value,
        "created_at": after.created_at,
        "after_type": after.type,
        "after_id": after.id,
        "limit": count,
    }
    return [item_of(kind, row) for row in work.query(statement(kind, _WAITING), params)]
