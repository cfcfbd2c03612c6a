"""The record: who did what, with what it was before and after."""

from collections.abc import Callable, Mapping
from typing import Any

from services.contracts.actions import GetHistory, ListActivity
from services.contracts.errors import Code, Refusal
from services.contracts.operators import ItemType, Role
from services.info import items
from services.info.items import json_value
from services.info.kinds import KINDS
from services.info.operations.customers import find_customer
from services.info.operations.registry import operation
from services.info.paging import an_id, cursor_of, page, values_of
from services.info.rules import kind_for
from services.info.work import Row, Work

_ENTRIES = """
SELECT audit.id, audit.at, operator.name AS by, operator.id AS by_id, audit.actor, audit.entity AS type,
    audit.entity_id, audit.event, audit.task_id, audit.before, audit.after
FROM audit LEFT JOIN operator ON operator.id = audit.operator_id
"""

_HISTORY = {
    "ASC": f"{_ENTRIES} WHERE entity = %s AND entity_id = %s AND audit.id > %s ORDER BY audit.id LIMIT %s",
    "DESC": f"{_ENTRIES} WHERE entity = %s AND entity_id = %s AND audit.id < %s ORDER BY audit.id DESC LIMIT %s",
}

_ACTIVITY = f"{_ENTRIES} WHERE operator_id = %s AND audit.id < %s ORDER BY audit.id DESC LIMIT %s"

_FIRST, _LAST = 0, 2**63 - 1


@operation(GetHistory)
def get_history(work: Work, data: GetHistory.Data) -> dict[str, Any]:
    """The history of one thing, a page at a time."""
    _check_may_look(work, data)
    sql = _HISTORY["DESC" if data.descending else "ASC"]
    beginning = _LAST if data.descending else _FIRST

    def read(after: int | None, count: int) -> list[Row]:
        return work.query(sql, (data.type, data.id, beginning if after is None else after, count))

    return _page(read, data)


@operation(ListActivity)
def list_activity(work: Work, data: ListActivity.Data) -> dict[str, Any]:
    """What one operator did, newest first, a page at a time."""
    operator_id = data.id or work.operator.id
    if operator_id != work.operator.id:
        if work.operator.role is not Role.ADMIN:
            raise Refusal(Code.NOT_PERMITTED)
        _check_operator_exists(work, operator_id)

    def read(after: int | None, count: int) -> list[Row]:
        return work.query(_ACTIVITY, (operator_id, _LAST if after is None else after, count))

    return _page(read, data)


def _check_may_look(work: Work, data: GetHistory.Data) -> None:
    """An Admin sees every history, others those of customers and of the items that they may decide by role and level.

    Raises ``Refusal``: ``*_not_found``, ``not_permitted`` or ``level_too_low``.
    """
    if data.type == "customer":
        find_customer(work, data.id)
    elif data.type == "operator":
        if work.operator.role is not Role.ADMIN:
            raise Refusal(Code.NOT_PERMITTED)
        _check_operator_exists(work, data.id)
    else:
        _check_may_look_at_item(work, ItemType(data.type), data.id)


def _check_may_look_at_item(work: Work, item_type: ItemType, item_id: int) -> None:
    if work.operator.role is Role.ADMIN:
        items.find(work, KINDS[item_type], item_id)
        return
    item = items.find(work, kind_for(work.operator, item_type), item_id)
    if item.level > work.operator.level:
        raise Refusal(Code.LEVEL_TOO_LOW, {"required": item.level, "yours": work.operator.level})


def _check_operator_exists(work: Work, operator_id: int) -> None:
    if work.one("SELECT id FROM operator WHERE id = %s", (operator_id,)) is None:
        raise Refusal(Code.OPERATOR_NOT_FOUND, {"id": operator_id})


def _page(read: Callable[[int | None, int], list[Row]], data: GetHistory.Data | ListActivity.Data) -> dict[str, Any]:
    after: int | None = values_of(data.cursor, an_id)[0] if data.cursor else None
    entries, last = page(read, lambda row: int(row["id"]), _entry, data.limit, after)
    return {"entries": entries, "next_cursor": None if last is None else cursor_of(last)}


def _entry(row: Row) -> dict[str, Any]:
    entry = {name: json_value(value) for name, value in row.items()}
    if row["type"] == "operator":
        entry |= {name: _operator_shown(row[name]) for name in ("before", "after")}
    return entry


def _operator_shown(state: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The audit keeps the column's name; clients know it by the one that ``list_operators`` answers."""
    return None if state is None else {"enabled" if name == "active" else name: value for name, value in state.items()}
