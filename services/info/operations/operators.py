"""Operators, as an Admin manages them. What is done to them is the same as at the command line."""

from typing import Any

from services.contracts.actions import (
    AddOperator,
    ById,
    ChangeOperator,
    DisableOperator,
    EnableOperator,
    ListOperators,
    RotateOperator,
)
from services.contracts.errors import Code, Refusal
from services.contracts.operators import Role
from services.contracts.validation import Invalid, fault
from services.info import items, staffing
from services.info.folding import fold
from services.info.items import json_value
from services.info.operations.registry import operation
from services.info.paging import an_id, cursor_of, like, page, values_of
from services.info.staffing import Changed
from services.info.work import Row, Work

_LIST = f"""
{staffing.SHOW}
WHERE operator.id > %(after)s AND coalesce(folded, lower(name)) LIKE %(part)s
    AND (%(role)s::text IS NULL OR role = %(role)s::text) AND (%(enabled)s::bool IS NULL OR active = %(enabled)s::bool)
ORDER BY operator.id LIMIT %(limit)s
"""


@operation(ListOperators)
def list_operators(work: Work, data: ListOperators.Data) -> dict[str, Any]:
    """Operators by id, a page at a time."""
    params = {
        "part": like(fold(data.text or "")),
        "role": data.role and data.role.value,
        "enabled": data.enabled,
    }

    def read(after: int | None, count: int) -> list[Row]:
        return work.query(_LIST, params | {"after": after or 0, "limit": count})

    after: int | None = values_of(data.cursor, an_id)[0] if data.cursor else None
    shown, last = page(read, lambda row: int(row["id"]), _shown, data.limit, after)
    return {"operators": shown, "next_cursor": None if last is None else cursor_of(last)}


@operation(AddOperator)
def add_operator(work: Work, data: AddOperator.Data) -> dict[str, Any]:
    """A new operator, who logs in with the token that has this hash."""
    added = staffing.add(work, data.name, data.role, data.level, data.token_hash)
    if added is None:
        named = staffing.find_named(work, data.name)
        if named:
            raise Refusal(Code.OPERATOR_EXISTS, {"name": named["name"]})
        raise _token_taken()
    return _done(work, added)


@operation(ChangeOperator)
def change_operator(work: Work, data: ChangeOperator.Data) -> dict[str, Any]:
    """The operator with another role or level, or both; with neither, as it is."""
    row = _locked(work, data.id)
    if data.role is not None:
        if data.role is not Role.ADMIN:
            _check_admin_is_left(work, row)
        row = _noted(work, staffing.set_role(work, row, data.role))
    if data.level is not None:
        _noted(work, staffing.set_level(work, row, data.level))
    return _operator(work, data.id)


@operation(DisableOperator)
def disable_operator(work: Work, data: ById) -> dict[str, Any]:
    """The operator, refused from now on."""
    row = _locked(work, data.id)
    _check_admin_is_left(work, row)
    return _done(work, staffing.disable(work, row))


@operation(EnableOperator)
def enable_operator(work: Work, data: ById) -> dict[str, Any]:
    """The operator, who may log in again."""
    return _done(work, staffing.enable(work, _locked(work, data.id)))


@operation(RotateOperator)
def rotate_operator(work: Work, data: RotateOperator.Data) -> dict[str, Any]:
    """The operator with another token."""
    row = _locked(work, data.id)
    if work.one("SELECT id FROM operator WHERE token_hash = %s", (data.token_hash,)):
        raise _token_taken()
    return _done(work, staffing.rotate(work, row, data.token_hash))


def _locked(work: Work, operator_id: int) -> Row:
    row = staffing.locked(work, operator_id)
    if row is None:
        raise Refusal(Code.OPERATOR_NOT_FOUND, {"id": operator_id})
    return row


def _check_admin_is_left(work: Work, row: Row) -> None:
    """All Admins are locked, so that two who leave at the same time do not count on each other.

    Raises ``last_admin`` when the operator is an enabled Admin and no other is.
    """
    admins = staffing.locked_admins(work)
    if [admin["id"] for admin in admins] == [row["id"]]:
        raise Refusal(Code.LAST_ADMIN, {"name": row["name"]})


def _token_taken() -> Invalid:
    return Invalid([fault("taken", "task.data.token_hash")])


def _noted(work: Work, changed: Changed) -> Row:
    work.entries.append(changed.entry)
    for before, after in changed.released:
        items.tell(work, "released", before, after)
    work.operators_changed.add(changed.row["id"])
    return changed.row


def _done(work: Work, changed: Changed) -> dict[str, Any]:
    return _operator(work, _noted(work, changed)["id"])


def _operator(work: Work, operator_id: int) -> dict[str, Any]:
    (row,) = work.query(f"{staffing.SHOW} WHERE operator.id = %s", (operator_id,))
    return {"operator": _shown(row)}


def _shown(row: Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "name": row["name"],
        "role": row["role"],
        "level": row["level"],
        "enabled": row["active"],
        "created_at": json_value(row["created_at"]),
        "last_used_at": json_value(row["last_used_at"]),
    }
