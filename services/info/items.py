"""The items that wait for a decision: how they are read, locked, created and changed, whatever their type."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from services.contracts.errors import Code, Refusal
from services.contracts.tasks import ChangeEvent, ItemChange, ItemState, utc_text
from services.info.folding import fold
from services.info.kinds import Kind
from services.info.work import AuditEntry, Row, Transaction, Work

TEXT_SHOWN = 200
"""How many characters of an item's text the live desk shows."""

_CUSTOMER = ("id", "name", "created_at", "created_by", "created_by_id")


@dataclass(frozen=True)
class Item:
    """An item as a statement found it.

    creator, holder: ids of operators; a claim that has lapsed has no holder
    shown:           the item as clients see it and the audit keeps it, JSON values
    customer:        its customer, likewise
    """

    kind: Kind
    id: int
    level: int
    version: int
    decided: bool
    creator: int
    holder: int | None
    created_at: datetime
    shown: dict[str, Any]
    customer: dict[str, Any]

    @property
    def state(self) -> ItemState:
        """What the live desk shows of it."""
        return {
            "type": self.kind.type.value,
            "id": self.id,
            "level": self.level,
            "status": self.shown["status"],
            "version": self.version,
            "claimed_by": self.shown["claimed_by"],
            "claimed_by_id": self.shown["claimed_by_id"],
            "claimed_until": self.shown["claimed_until"],
            "cid": self.shown["cid"],
            "customer_name": self.customer["name"],
            "text": self.shown[self.kind.text][:TEXT_SHOWN] if self.kind.text else None,
            "amount": self.shown.get("amount"),
            "currency": self.shown.get("currency"),
            "created_at": self.shown["created_at"],
            "created_by": self.shown["created_by"],
            "created_by_id": self.shown["created_by_id"],
            "decided_by": self.shown["decided_by"],
            "decided_by_id": self.shown["decided_by_id"],
            "waiting": self.shown.get("waiting", False),
            "waiting_until": self.shown.get("waiting_until"),
        }


def json_value(value: Any) -> Any:
    """A column's value in JSON: times as ``utc_text``, amounts as strings."""
    if isinstance(value, datetime):
        return utc_text(value)
    return str(value) if isinstance(value, Decimal) else value


def item_of(kind: Kind, row: Row) -> Item:
    """The item in a row that ``{show}`` selected."""
    return Item(
        kind=kind,
        id=row["id"],
        level=row["level"],
        version=row["version"],
        decided=row["status"] != kind.undecided,
        creator=row["created_by_id"],
        holder=row["claimed_by_id"],
        created_at=row["created_at"],
        shown={name: json_value(row[name]) for name in kind.shown},
        customer={name: json_value(row[f"customer_{name}"]) for name in _CUSTOMER},
    )


# The names of holder and decider are looked up below the columns: a join would keep the partner found before the row
# lock was waited for, and so miss who has claimed or decided meanwhile. Customer and creator never change.
_SHOW = """
SELECT item.id, item.cid, {own}, item.level, item.status, item.version, item.created_at, item.decided_at,
    item.created_by AS created_by_id,
    (SELECT name FROM operator WHERE id = item.created_by) AS created_by,
    CASE WHEN item.claimed_until > statement_timestamp() THEN item.claimed_by END AS claimed_by_id,
    CASE WHEN item.claimed_until > statement_timestamp() THEN item.claimed_until END AS claimed_until,
    (SELECT name FROM operator WHERE id = item.claimed_by AND item.claimed_until > statement_timestamp()) AS claimed_by,
    (SELECT name FROM operator WHERE id = item.decided_by) AS decided_by, item.decided_by AS decided_by_id,
    customer.id AS customer_id, customer.name AS customer_name, customer.created_at AS customer_created_at,
    (SELECT name FROM operator WHERE id = customer.created_by) AS customer_created_by,
    customer.created_by AS customer_created_by_id
FROM {source} AS item JOIN customer ON customer.id = item.cid
"""


@lru_cache(maxsize=500)
def statement(kind: Kind, sql: str, **parts: str) -> str:
    """``sql`` for one item type: ``{table}`` is its table, ``{show}`` selects whole items out of that table,
    ``{show_picked}`` and ``{show_changed}`` out of the statement's own common table of that name, and ``parts`` are
    further pieces. ``{undecided}`` is its status while it waits, which a prepared statement has to name for the index
    of what waits to be used. All of it is text of this program; values travel as parameters."""
    columns = [f"item.{name}" for name in (*kind.subject, *kind.conclusion)]
    own = ", ".join([*columns, *(f"{value} AS {name}" for name, value in kind.waiting.items() if kind.waits)])
    return sql.format(
        table=kind.type.value,
        undecided=kind.undecided,
        show=_SHOW.format(own=own, source=kind.type.value),
        show_picked=_SHOW.format(own=own, source="picked"),
        show_changed=_SHOW.format(own=own, source="changed"),
        **parts,
    )


def find(transaction: Transaction, kind: Kind, item_id: int) -> Item:
    """The item as it stands. Raises ``Refusal`` (``*_not_found``)."""
    return _found(transaction, kind, item_id, "{show} WHERE item.id = %s")


def lock(transaction: Transaction, kind: Kind, item_id: int) -> Item:
    """The item, which nobody else changes until the transaction ends. Raises ``Refusal`` (``*_not_found``)."""
    return _found(transaction, kind, item_id, "{show} WHERE item.id = %s FOR UPDATE OF item")


def _found(transaction: Transaction, kind: Kind, item_id: int, sql: str) -> Item:
    row = transaction.one(statement(kind, sql), (item_id,))
    if row is None:
        raise Refusal(kind.not_found, {"id": item_id})
    return item_of(kind, row)


_CREATE = """
WITH changed AS (
    INSERT INTO {table} (cid, level, created_by, {columns})
    SELECT id, %(level)s, %(me)s, {values} FROM customer WHERE id = %(cid)s
    RETURNING *
){kept}
{show_changed}
"""

# Beside the item, for searches.
_KEPT = """, kept AS (
    INSERT INTO item_text (type, id, text, folded) SELECT '{type}', id, {text}, %(folded)s FROM changed
)"""

_CHANGE = """
WITH changed AS (
    UPDATE {table} SET {assignments} WHERE id = %(id)s RETURNING *
)
{show_changed}
"""


def create(work: Work, kind: Kind, cid: int, level: int, **subject: Any) -> Item:
    """A new item of a customer, by the task's operator, audited and told. Raises ``customer_not_found``."""
    kept = _KEPT.format(type=kind.type.value, text=kind.text) if kind.text else ""
    names = {"columns": ", ".join(subject), "values": ", ".join(f"%({name})s" for name in subject), "kept": kept}
    params = {"cid": cid, "level": level, "me": work.operator.id, **subject}
    if kind.text:
        params["folded"] = fold(subject[kind.text])
    row = work.one(statement(kind, _CREATE, **names), params)
    if row is None:
        raise Refusal(Code.CUSTOMER_NOT_FOUND, {"id": cid})
    item = item_of(kind, row)
    tell(work, "created", None, item)
    return item


def change(
    work: Work,
    event: ChangeEvent,
    before: Item,
    assignments: str,
    params: Mapping[str, Any],
    note: Mapping[str, Any] | None = None,
) -> Item:
    """The locked item ``before`` after an UPDATE with these assignments, audited and told.

    assignments: text of this program, its values in ``params``
    note:        what the audit keeps beside the item's new state
    """
    after = _updated(work, before, assignments, params)
    tell(work, event, before, after, note)
    return after


def renew(work: Work, before: Item, assignments: str, params: Mapping[str, Any]) -> Item:
    """The locked item ``before`` with its claim renewed: told, and not audited, since nothing was done to it."""
    after = _updated(work, before, assignments, params)
    work.changes.append(change_of("claimed", before, after))
    return after


def _updated(work: Work, before: Item, assignments: str, params: Mapping[str, Any]) -> Item:
    sql = statement(before.kind, _CHANGE, assignments=assignments)
    (row,) = work.query(sql, {**params, "id": before.id})
    return item_of(before.kind, row)


def tell(
    work: Work, event: ChangeEvent, before: Item | None, after: Item, note: Mapping[str, Any] | None = None
) -> None:
    """Audit a change of an item, and have it said once it has committed."""
    work.entries.append(entry_of(event, before, after, note))
    work.changes.append(change_of(event, before, after))


def entry_of(event: str, before: Item | None, after: Item, note: Mapping[str, Any] | None = None) -> AuditEntry:
    """The audit's entry of a change of an item."""
    state = {**after.shown, **(note or {})}
    return AuditEntry(after.kind.type.value, after.id, event, before.shown if before else None, state)


def change_of(event: ChangeEvent, before: Item | None, after: Item) -> ItemChange:
    """A change of an item as it is published."""
    level_before = (before or after).level
    return {
        "event": event,
        "item": after.state,
        "level_before": level_before,
        "created_at": after.shown["created_at"],
    }
