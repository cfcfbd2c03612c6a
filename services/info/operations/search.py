"""Finding customers, and items of any state, by what is known of them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from heapq import merge
from itertools import islice
from typing import Any, NamedTuple

from services.contracts.action import ActionData
from services.contracts.actions import SearchCustomers, SearchItems
from services.contracts.operators import ItemType
from services.contracts.values import LARGEST_INTEGER
from services.info.folding import fold
from services.info.items import item_of, json_value, statement
from services.info.kinds import KINDS, TRANSFER, Kind
from services.info.operations.registry import operation
from services.info.paging import a_text, a_time, an_amount, an_id, cursor_of, like, page, values_of
from services.info.work import Row, Work

# Which condition each member of the data makes. All of it is text of this program; values travel as parameters.

CUSTOMER_CONDITIONS: Mapping[str, str] = {
    "created_by": "customer.created_by = (SELECT id FROM operator WHERE name = %(created_by)s)",
    "created_from": "customer.created_at >= %(created_from)s",
    "created_until": "customer.created_at < %(created_until)s",
    "text": "(customer.folded LIKE %(part)s OR customer.id = %(number)s)",
}

ITEM_CONDITIONS: Mapping[str, str] = {
    "status": "item.status = %(status)s",
    "level": "item.level = %(level)s",
    "min_level": "item.level >= %(min_level)s",
    "max_level": "item.level <= %(max_level)s",
    "cid": "item.cid = %(cid)s",
    "min_amount": "item.amount >= %(min_amount)s",
    "max_amount": "item.amount <= %(max_amount)s",
    "currency": "item.currency = %(currency)s",
    "created_by": "item.created_by = (SELECT id FROM operator WHERE name = %(created_by)s)",
    "claimed_by": "item.claimed_by = (SELECT id FROM operator WHERE name = %(claimed_by)s)"
    " AND item.claimed_until > statement_timestamp()",
    "decided_by": "item.decided_by = (SELECT id FROM operator WHERE name = %(decided_by)s)",
    "created_from": "item.created_at >= %(created_from)s",
    "created_until": "item.created_at < %(created_until)s",
    "decided_from": "item.decided_at >= %(decided_from)s",
    "decided_until": "item.decided_at < %(decided_until)s",
    "text": """item.id IN (
        SELECT id FROM item_text WHERE type = %(type)s AND folded LIKE %(part)s
        UNION SELECT id FROM {table} WHERE cid IN (SELECT id FROM customer WHERE folded LIKE %(part)s)
        UNION SELECT inquiry_id FROM inquiry_answer WHERE %(type)s = 'inquiry' AND folded LIKE %(part)s
        UNION SELECT %(number)s)""",
}

OF_TRANSFERS = ("min_amount", "max_amount", "currency")
"""The filters that only a transfer can fit."""

_CUSTOMERS = """
SELECT customer.id, customer.name, customer.created_at,
    (SELECT name FROM operator WHERE id = customer.created_by) AS created_by, customer.created_by AS created_by_id
FROM customer WHERE {conditions} ORDER BY customer.{sort} {direction}, customer.id {direction} LIMIT %(limit)s
"""

_ITEMS = "{show} WHERE {conditions} ORDER BY item.{sort} {direction}, item.id {direction} LIMIT %(limit)s"

_READERS: Mapping[str, Callable[[Any], Any]] = {
    "created_at": a_time,
    "decided_at": a_time,
    "amount": an_amount,
    "level": an_id,
    "name": a_text,
}
"""How the value that a list is sorted by is read out of a cursor."""


class Place(NamedTuple):
    """Where an item stands; the order of a list is that of its members."""

    key: Any
    type: str
    id: int


class Found(NamedTuple):
    """An item, and where it stands in the list."""

    place: Place
    shown: dict[str, Any]


@operation(SearchCustomers)
def search_customers(work: Work, data: SearchCustomers.Data) -> dict[str, Any]:
    """Customers, a page at a time."""
    params = _params(data)
    conditions = [condition for name, condition in CUSTOMER_CONDITIONS.items() if params.get(name) is not None]
    beyond = f"(customer.{data.sort}, customer.id) {'<' if data.descending else '>'} (%(after)s, %(after_id)s)"

    def read(after: tuple[Any, int] | None, count: int) -> list[Row]:
        wanted = [*conditions, beyond] if after else conditions
        place = {"after": after[0], "after_id": after[1]} if after else {}
        sql = _ordered(_CUSTOMERS, wanted, data.sort, data.descending)
        return work.query(sql, params | place | {"limit": count}, prepare=False)

    key, customer_id = values_of(data.cursor, _READERS[data.sort], an_id) if data.cursor else (None, 0)
    after = (key, customer_id) if data.cursor else None
    shown, last = page(read, lambda row: (row[data.sort], int(row["id"])), _customer, data.limit, after)
    return {"customers": shown, "next_cursor": cursor_of(json_value(last[0]), last[1]) if last else None}


def _customer(row: Row) -> dict[str, Any]:
    return {name: json_value(value) for name, value in row.items()}


@operation(SearchItems)
def search_items(work: Work, data: SearchItems.Data) -> dict[str, Any]:
    """Items of all types in one order, a page at a time."""

    def read(after: Place | None, count: int) -> list[Found]:
        found = [_find(work, kind, data, after, count) for kind in _kinds(data)]
        return list(islice(merge(*found, key=lambda each: each.place, reverse=data.descending), count))

    after = Place(*values_of(data.cursor, _READERS[data.sort], ItemType, an_id)) if data.cursor else None
    shown, last = page(read, lambda each: each.place, lambda each: each.shown, data.limit, after)
    return {"items": shown, "next_cursor": _cursor(last) if last else None}


def _kinds(data: SearchItems.Data) -> Iterator[Kind]:
    """The kinds of which any item could match."""
    transfers_only = data.sort == "amount" or any(getattr(data, name) is not None for name in OF_TRANSFERS)
    for kind in [KINDS[data.type]] if data.type else KINDS.values():
        if (kind is TRANSFER or not transfers_only) and data.status in (None, kind.undecided, *kind.decided):
            yield kind


def _find(work: Work, kind: Kind, data: SearchItems.Data, after: Place | None, count: int) -> list[Found]:
    params = _params(data) | {"type": kind.type.value, "limit": count}
    conditions = [condition for name, condition in ITEM_CONDITIONS.items() if params.get(name) is not None]
    if data.decided is not None:
        conditions.append("item.decided_at IS NOT NULL" if data.decided else f"item.status = '{kind.undecided}'")
    if data.sort == "decided_at":
        conditions.append("item.decided_at IS NOT NULL")
    if after:
        params |= {"after": after.key, "after_type": after.type, "after_id": after.id}
        conditions.append(_beyond(data.sort, "<" if data.descending else ">"))
    sql = _ordered(_ITEMS, conditions, data.sort, data.descending)
    return [_found(kind, row, data.sort) for row in work.query(statement(kind, sql), params, prepare=False)]


def _beyond(sort: str, sign: str) -> str:
    """The rows after a place in the order of key, type and id; the first condition is what an index can find."""
    place, after = f"(item.{sort}, %(type)s, item.id)", "(%(after)s, %(after_type)s, %(after_id)s)"
    return f"item.{sort} {sign}= %(after)s AND {place} {sign} {after}"


def _ordered(sql: str, conditions: Sequence[str], sort: str, descending: bool) -> str:
    for name, text in {
        "conditions": " AND ".join(conditions) or "true",
        "sort": sort,
        "direction": "DESC" if descending else "ASC",
    }.items():
        sql = sql.replace(f"{{{name}}}", text)
    return sql


def _params(data: ActionData) -> dict[str, Any]:
    """The members of the data, and what is looked for in texts: a part of them, or an id in digits."""
    params = dict(data)
    return params | text_params(params["text"] or "")


def text_params(text: str) -> dict[str, Any]:
    """The values of the conditions on texts: what is looked for as a part of them, or as an id in digits."""
    folded = fold(text)
    return {"part": like(folded), "number": _number(folded)}


def _number(text: str) -> int:
    """The id that the text could be; 0, which none is, when it could not."""
    return int(text) if text.isascii() and text.isdigit() and int(text) <= LARGEST_INTEGER else 0


def _found(kind: Kind, row: Row, sort: str) -> Found:
    item = item_of(kind, row)
    shown = {"type": kind.type.value, **item.shown, "customer_name": item.customer["name"]}
    return Found(Place(row[sort], kind.type.value, item.id), shown)


def _cursor(place: Place) -> str:
    return cursor_of(json_value(place.key), place.type, place.id)
