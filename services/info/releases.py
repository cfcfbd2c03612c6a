"""Claims that end because their holder may no longer decide the items."""

import json
from collections.abc import Iterable
from typing import NamedTuple

from services.contracts.operators import Role
from services.info import items
from services.info.items import Item, item_of, statement
from services.info.kinds import KINDS
from services.info.work import Row, Transaction

FREED = "claimed_by = NULL, claimed_until = NULL, version = version + 1"
"""Assignments that end a claim."""

CHANNEL = "items_changed"
"""PostgreSQL's notifications of changes of items that no task has made."""

_RELEASE = """
WITH picked AS (
    SELECT * FROM {table}
    WHERE claimed_by = %(id)s AND claimed_until > statement_timestamp() AND level > %(level)s
    ORDER BY id FOR UPDATE
), changed AS (
    UPDATE {table} SET {freed} WHERE id IN (SELECT id FROM picked) RETURNING *
)
{show_picked} UNION ALL {show_changed} ORDER BY id, version
"""


class Released(NamedTuple):
    """An item before and after its claim ended."""

    before: Item
    after: Item


def end_claims(tx: Transaction, holder: Row) -> list[Released]:
    """End the claims on what the operator of this locked row may no longer decide."""
    released: list[Released] = []
    for kind in KINDS.values():
        decides = holder["active"] and kind.type in Role(holder["role"]).decides
        params = {"id": holder["id"], "level": holder["level"] if decides else 0}
        found = [item_of(kind, row) for row in tx.query(statement(kind, _RELEASE, freed=FREED), params)]
        released += map(Released, found[::2], found[1::2])
    return released


def notify(tx: Transaction, released: Iterable[Released]) -> None:
    """Have every ``info`` publish the changes as soon as the transaction has committed."""
    for before, after in released:
        change = items.change_of("released", before, after)
        tx.query("SELECT pg_notify(%s, %s)", (CHANNEL, json.dumps(change, ensure_ascii=False)))
