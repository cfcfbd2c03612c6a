"""Operators, as an administrator manages them at the command line. Every change is audited.

Each function works in the caller's transaction. ``actor`` says in the audit who did it.
"""

from typing import Any, NamedTuple

from services.contracts.characters import is_spaced, normal, refused_in
from services.contracts.operators import LARGEST_LEVEL, Role
from services.contracts.tasks import utc_text
from services.contracts.tokens import new_token, token_hash
from services.info import audit, items, releases, staffing
from services.info.staffing import Changed
from services.info.work import Row
from services.runtime.postgres.transaction import Transaction

_NAMED = "SELECT id FROM operator WHERE name IN (%s, %s) ORDER BY name = %s DESC LIMIT 1"
"""As typed, or in its one spelling."""


class OperatorError(Exception):
    """It cannot be done; the message is a sentence for the person who asked."""


class NewOperator(NamedTuple):
    """The token is shown this once: only its hash is kept."""

    id: int
    token: str


def add(
    tx: Transaction,
    name: str,
    role: Role,
    level: int,
    actor: str,
    token: str | None = None,
    *,
    largest_level: int = LARGEST_LEVEL,
) -> NewOperator:
    """A new operator, with a generated token unless the demo data brings its own. Raises ``OperatorError``."""
    name = _checked(name)
    _check(level, largest_level)
    token = token or new_token()
    added = staffing.add(tx, name, role, level, token_hash(token))
    if added is None:
        raise _named_alike(staffing.find_named(tx, name), name)
    return NewOperator(_audited(tx, added, actor)["id"], token)


def list_all(tx: Transaction) -> list[dict[str, Any]]:
    """All operators by id; ``last_used_at`` is that of the open session, None without one."""
    return [
        {
            **row,
            "created_at": utc_text(row["created_at"]),
            "last_used_at": row["last_used_at"] and utc_text(row["last_used_at"]),
        }
        for row in tx.query(f"{staffing.SHOW} ORDER BY operator.id")
    ]


def rename(tx: Transaction, operator_id: int, name: str, actor: str) -> None:
    """Another name, from the next login on. Found by id: names may look alike. Raises ``OperatorError``."""
    name = _checked(name)
    row = staffing.locked(tx, operator_id)
    if row is None:
        raise OperatorError(f"There is no operator with the id {operator_id}.")
    renamed = staffing.rename(tx, row, name)
    if renamed is None:
        raise _named_alike(staffing.find_named(tx, name, operator_id), name)
    _audited(tx, renamed, actor)


def disable(tx: Transaction, name: str, actor: str) -> None:
    """Refuse the operator from now on, and end the open session. Raises ``OperatorError``."""
    _audited(tx, staffing.disable(tx, _locked(tx, name)), actor)


def enable(tx: Transaction, name: str, actor: str) -> None:
    """Let a disabled operator log in again. Raises ``OperatorError``."""
    _audited(tx, staffing.enable(tx, _locked(tx, name)), actor)


def rotate(tx: Transaction, name: str, actor: str) -> str:
    """A new token; the old one is void and the open session ended. Raises ``OperatorError``."""
    token = new_token()
    _audited(tx, staffing.rotate(tx, _locked(tx, name), token_hash(token)), actor)
    return token


def set_level(tx: Transaction, name: str, level: int, actor: str, *, largest_level: int = LARGEST_LEVEL) -> None:
    """Tasks that execute after this commits are judged by the new level. Raises ``OperatorError``."""
    _check(level, largest_level)
    _audited(tx, staffing.set_level(tx, _locked(tx, name), level), actor)


def set_role(tx: Transaction, name: str, role: Role, actor: str) -> None:
    """Tasks that execute after this commits are judged by the new role. Raises ``OperatorError``."""
    _audited(tx, staffing.set_role(tx, _locked(tx, name), role), actor)


def _locked(tx: Transaction, name: str) -> Row:
    found = tx.one(_NAMED, (name, normal(name), name))
    row = staffing.locked(tx, found["id"]) if found else None
    if row is None:
        raise OperatorError(f"There is no operator called {name}.")
    return row


def _checked(name: str) -> str:
    """The name in its one spelling."""
    name = normal(name)
    refused = refused_in(name)
    if refused:
        raise OperatorError(f"A name must not hold the character {refused}.")
    if is_spaced(name):
        raise OperatorError("A name must not begin or end with a space, or hold two in a row.")
    if not 1 <= len(name) <= 200:
        raise OperatorError("A name has 1 to 200 characters.")
    return name


def _named_alike(alike: Row | None, name: str) -> OperatorError:
    if alike is None or alike["name"] == name:
        return OperatorError(f"There is already an operator called {name}.")
    return OperatorError(f"{name} looks like the name of operator {alike['id']}, {alike['name']}.")


def _check(level: int, largest_level: int) -> None:
    if not 1 <= level <= largest_level:
        raise OperatorError(f"A level is a whole number from 1 to {largest_level}.")


def _audited(tx: Transaction, changed: Changed, actor: str) -> Row:
    entries = [changed.entry, *(items.entry_of("released", *ended) for ended in changed.released)]
    audit.write(tx, [(audit.Author(actor=actor), entry) for entry in entries])
    releases.notify(tx, changed.released)
    return changed.row
