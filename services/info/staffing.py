"""What can be done to an operator, whoever asks for it: an administrator at the command line, or an Admin by a task.

Each function works in the caller's transaction on a row that is locked there, and answers what the audit is to keep.
"""

from typing import Any, NamedTuple

from services.contracts.operators import Role
from services.info import look_alikes, sessions, turns
from services.info.folding import fold
from services.info.name_keys import name_keys
from services.info.outcomes import operator_shown
from services.info.releases import Released, end_claims
from services.info.work import AuditEntry, Row, Transaction

_STATE = "SELECT id, name, role, level, active FROM operator"
_ADMINS = f"{_STATE} WHERE role = 'Admin' AND active ORDER BY id"

SHOW = """
SELECT operator.id, name, role, level, active, created_at, session.last_used_at
FROM operator LEFT JOIN session ON session.operator_id = operator.id AND session.ended_at IS NULL
"""
"""An operator as administrators see one; ``last_used_at`` is that of the open session."""

_ADD = """
INSERT INTO operator (name, name_key, name_look, folded, role, level, token_hash) VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT DO NOTHING RETURNING id, name, role, level, active
"""

_RENAME = """
UPDATE operator SET name = %s, name_key = %s, name_look = %s, folded = %s WHERE id = %s
RETURNING id, name, role, level, active
"""

_UPDATES = {
    column: f"UPDATE operator SET {column} = %s WHERE id = %s RETURNING id, name, role, level, active"  # noqa: S608
    for column in ("active", "token_hash", "level", "role")
}


class Changed(NamedTuple):
    """An operator's row as it is now, what is to be audited, and the operator's claims that ended with the change."""

    row: Row
    entry: AuditEntry
    released: list[Released]


def locked(tx: Transaction, operator_id: int) -> Row | None:
    """The operator's row as the functions below take it, or None."""
    turns.alone(tx, [operator_id])
    return tx.one(f"{_STATE} WHERE id = %s FOR UPDATE", (operator_id,))


def locked_admins(tx: Transaction) -> list[Row]:
    """The rows of all enabled Admins, by id."""
    turns.alone(tx, [row["id"] for row in tx.query(_ADMINS)])
    return tx.query(f"{_ADMINS} FOR UPDATE")


def add(tx: Transaction, name: str, role: Role, level: int, token_hash: str) -> Changed | None:
    """A new operator; None when the token is somebody's already, or the name, or one that looks like it."""
    look_alikes.take_turns(tx)
    if find_named(tx, name):
        return None
    row = tx.one(_ADD, (name, *name_keys(name), fold(name), role.value, level, token_hash))
    return None if row is None else Changed(row, AuditEntry("operator", row["id"], "added", None, state_of(row)), [])


def rename(tx: Transaction, before: Row, name: str) -> Changed | None:
    """Another name; None when somebody has it, or one that looks like it."""
    look_alikes.take_turns(tx)
    if find_named(tx, name, before["id"]):
        return None
    (after,) = tx.query(_RENAME, (name, *name_keys(name), fold(name), before["id"]))
    return Changed(after, AuditEntry("operator", after["id"], "renamed", state_of(before), state_of(after)), [])


def find_named(tx: Transaction, name: str, other_than: int = 0) -> Row | None:
    """Return an operator (``id``, ``name``) who has this name, or one that looks like it, or None."""
    named = tx.one("SELECT id, name FROM operator WHERE name = %s AND id <> %s", (name, other_than))
    return named or look_alikes.find_alike(tx, name_keys(name), other_than)


def disable(tx: Transaction, before: Row) -> Changed:
    """Refuse the operator from now on, and end the open session and the claims."""
    sessions.end_all(tx, before["id"])
    return _change(tx, before, "disabled", "active", False)


def enable(tx: Transaction, before: Row) -> Changed:
    """Let a disabled operator log in again."""
    return _change(tx, before, "enabled", "active", True)


def rotate(tx: Transaction, before: Row, token_hash: str) -> Changed:
    """A new token; the old one is void and the open session ended. Nobody may have the token already."""
    sessions.end_all(tx, before["id"])
    return _change(tx, before, "token_rotated", "token_hash", token_hash)


def set_level(tx: Transaction, before: Row, level: int) -> Changed:
    """Tasks that execute afterwards are judged by the new level; claims on items above it end."""
    return _change(tx, before, "level_set", "level", level)


def set_role(tx: Transaction, before: Row, role: Role) -> Changed:
    """Tasks that execute afterwards are judged by the new role; claims on items that it does not decide end."""
    return _change(tx, before, "role_set", "role", role.value)


def state_of(row: Row) -> dict[str, Any]:
    """An operator as the audit keeps one."""
    return {**operator_shown(row), "active": row["active"]}


def _change(tx: Transaction, before: Row, event: str, column: str, value: Any) -> Changed:
    (after,) = tx.query(_UPDATES[column], (value, before["id"]))
    entry = AuditEntry("operator", after["id"], event, state_of(before), state_of(after))
    return Changed(after, entry, end_claims(tx, after))
