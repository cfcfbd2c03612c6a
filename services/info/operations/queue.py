"""The queue: all that waits and that the caller may see, as the live desk shows it."""

from functools import cache
from typing import Any

from services.contracts.actions import ListQueue
from services.contracts.operators import ItemType, Role
from services.contracts.tasks import utc_text
from services.info.items import TEXT_SHOWN
from services.info.kinds import KINDS, Kind
from services.info.operations.lists import BEGINNING, Position
from services.info.operations.registry import operation
from services.info.paging import page
from services.info.rules import kind_for
from services.info.work import Row, Work

_OF_KIND = """
(SELECT '{type}' AS type, id, cid, level, status, version, {text} AS text, {amount} AS amount, {currency} AS currency,
    {waiting} AS waiting, {waiting_until} AS waiting_until, created_at, created_by, claimed_by, claimed_until
FROM {type} AS item WHERE status = '{undecided}' AND level <= %(level)s
    AND created_at >= %(created_at)s AND (created_at, '{type}', id) > (%(created_at)s, %(after_type)s, %(after_id)s)
ORDER BY created_at, id LIMIT %(limit)s)
"""

# What people are called is looked up for the rows of the page alone.
_QUEUE = """
WITH queue AS (SELECT * FROM ({kinds}) AS waiting ORDER BY created_at, type, id LIMIT %(limit)s)
SELECT queue.type, queue.id, queue.level, queue.status, queue.version, holder.name AS claimed_by,
    holder.id AS claimed_by_id,
    CASE WHEN holder.id IS NOT NULL THEN claimed_until END AS claimed_until, queue.cid, customer.name AS customer_name,
    text, amount, currency, queue.created_at, creator.name AS created_by,
    creator.id AS created_by_id, NULL AS decided_by, NULL AS decided_by_id,
    waiting, waiting_until
FROM queue
JOIN customer ON customer.id = queue.cid
JOIN operator AS creator ON creator.id = queue.created_by
LEFT JOIN operator AS holder ON holder.id = queue.claimed_by AND queue.claimed_until > statement_timestamp()
ORDER BY queue.created_at, queue.type, queue.id
"""

_HIGHEST = 2**63 - 1


@operation(ListQueue)
def list_queue(work: Work, data: ListQueue.Data) -> dict[str, Any]:
    """What waits and the caller may see, oldest first, each as a row of the live desk (``ItemState``)."""
    sql = _statement(_kinds(work, data.type))
    level = _HIGHEST if work.operator.role is Role.ADMIN else work.operator.level

    def read(after: Position | None, count: int) -> list[Row]:
        place = after or BEGINNING
        params = {"created_at": place.created_at, "after_type": place.type, "after_id": place.id}
        return work.query(sql, params | {"level": level, "limit": count})

    after = Position.parse(data.cursor) if data.cursor else None
    queue, last = page(read, _position, _shown, data.limit, after, portion=data.limit + 1)
    return {"queue": queue, "next_cursor": last.cursor() if last else None}


def _shown(row: Row) -> Row:
    """The row in JSON values: there may be a thousand of them."""
    changed = {"created_at": utc_text(row["created_at"])}
    if row["claimed_until"]:
        changed["claimed_until"] = utc_text(row["claimed_until"])
    if row["waiting_until"]:
        changed["waiting_until"] = utc_text(row["waiting_until"])
    if row["amount"]:
        changed["amount"] = str(row["amount"])
    return row | changed


def _kinds(work: Work, item_type: ItemType | None) -> tuple[Kind, ...]:
    if work.operator.role is Role.ADMIN:
        return tuple(KINDS[each] for each in ([item_type] if item_type else ItemType))
    decided = [item_type] if item_type else sorted(work.operator.role.decides)
    return tuple(kind_for(work.operator, each) for each in decided)


@cache
def _statement(kinds: tuple[Kind, ...]) -> str:
    return _QUEUE.format(kinds=" UNION ALL ".join(_of_kind(kind) for kind in kinds))


def _of_kind(kind: Kind) -> str:
    amount, currency = ("amount", "currency") if kind.text is None else ("NULL::numeric", "NULL::text")
    return _OF_KIND.format(
        type=kind.type.value,
        undecided=kind.undecided,
        text=f"left({kind.text}, {TEXT_SHOWN})" if kind.text else "NULL::text",
        amount=amount,
        currency=currency,
        **kind.waiting,
    )


def _position(row: Row) -> Position:
    return Position(row["created_at"], row["type"], row["id"])
