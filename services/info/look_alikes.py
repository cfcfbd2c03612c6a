"""Operators whose names have no keys: added by a release that knew none, or too much like an older operator's."""

from collections.abc import Iterator
from typing import NamedTuple

from services.contracts.characters import is_spaced, refused_in
from services.info.name_keys import NameKeys, name_keys
from services.info.work import Row, Transaction


class LookAlike(NamedTuple):
    """An operator who stays without keys, and the older one for whom people could take them."""

    id: int
    name: str
    older_id: int
    older_name: str

    def __str__(self) -> str:
        return f"Operator {self.id} ({self.name}) looks like operator {self.older_id} ({self.older_name})."


_OPERATORS = "SELECT id, name, name_key, name_look FROM operator ORDER BY id"
_WITHOUT_KEYS = "SELECT id, name FROM operator WHERE name_key IS NULL ORDER BY id"
_CLEAR = "UPDATE operator SET name_key = NULL, name_look = NULL WHERE id = ANY(%s) RETURNING id"
_SET = "UPDATE operator SET name_key = %s, name_look = %s WHERE id = %s RETURNING id"
_ALIKE = """
SELECT id, name FROM operator WHERE id <> %(id)s AND (name_key = ANY(%(keys)s) OR name_look = ANY(%(keys)s))
ORDER BY id LIMIT 1
"""

_LOCK = 0x6E616D6573
"""The advisory lock under which names are given one at a time: an index finds equal keys of one kind only."""


def key_all(tx: Transaction) -> list[LookAlike]:
    """Compute the keys of all operators; those that an older release of the library computed otherwise are replaced.

    Returns who stays without keys: of operators who look alike, the one with the lowest id has them.
    """
    take_turns(tx)
    rows = [(row, name_keys(row["name"])) for row in tx.query(_OPERATORS)]
    wrong = [(row, keys) for row, keys in rows if (row["name_key"], row["name_look"]) != keys]
    tx.query(_CLEAR, ([row["id"] for row, _ in wrong],))
    return list(_keyed(tx, wrong))


def key_new(tx: Transaction) -> list[LookAlike]:
    """Compute the keys of the operators who have none; returns who stays without."""
    take_turns(tx)
    return list(_keyed(tx, [(row, name_keys(row["name"])) for row in tx.query(_WITHOUT_KEYS)]))


def unusual_names(tx: Transaction) -> list[Row]:
    """Return the operators (``id``, ``name``) whose names could not be given any more."""
    return [row for row in tx.query(_OPERATORS) if refused_in(row["name"]) or is_spaced(row["name"])]


def _keyed(tx: Transaction, rows: list[tuple[Row, NameKeys]]) -> Iterator[LookAlike]:
    for row, keys in rows:
        older = find_alike(tx, keys, row["id"])
        if older:
            yield LookAlike(row["id"], row["name"], older["id"], older["name"])
        else:
            tx.query(_SET, (keys.key, keys.look, row["id"]))


def find_alike(tx: Transaction, keys: NameKeys, operator_id: int = 0) -> Row | None:
    """Return another operator (``id``, ``name``) who has one of the keys, or None."""
    return tx.one(_ALIKE, {"id": operator_id, "keys": list(keys)})


def take_turns(tx: Transaction) -> None:
    """Wait until no other transaction gives an operator a name, and give the next one after this transaction."""
    tx.query("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
