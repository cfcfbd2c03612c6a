"""Rows whose text is not folded yet: those from before there was folding, and those that an older release adds."""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from services.info.folding import fold
from services.info.work import Transaction
from services.runtime.postgres.database import Pool

ROWS = 200
"""Of one transaction. A text has up to 10,000 characters."""

TOLD = 10_000
"""After how many rows a line tells of the progress."""


class Searched(NamedTuple):
    """A table with a text that is searched: the text's column, and the columns of its key with their first value."""

    table: str
    text: str
    key: tuple[str, ...] = ("id",)
    first: tuple[Any, ...] = (0,)

    @property
    def some(self) -> str:
        """Select rows after a key, which nobody else folds meanwhile."""
        key = ", ".join(self.key)
        return (
            f"SELECT {key}, {self.text} AS text FROM {self.table} WHERE folded IS NULL AND ({key}) > "  # noqa: S608
            f"({', '.join(['%s'] * len(self.key))}) ORDER BY {key} LIMIT {ROWS} FOR NO KEY UPDATE SKIP LOCKED"
        )

    @property
    def keep(self) -> str:
        """Store folded texts."""
        same = " AND ".join(f"{self.table}.{name} = new.{name}" for name in self.key)
        return (
            f"UPDATE {self.table} SET folded = new.folded "  # noqa: S608
            f"FROM json_to_recordset(%s) AS new (type text, id bigint, folded text) WHERE {same} RETURNING new.id"
        )


SEARCHED = (
    Searched("operator", "name"),
    Searched("customer", "name"),
    Searched("item_text", "text", ("type", "id"), ("", 0)),
    Searched("inquiry_answer", "answer"),
)


def fold_some(tx: Transaction, searched: Searched, after: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    """Fold some rows after a key; returns their keys, in order."""
    rows = tx.query(searched.some, after)
    if rows:
        new = [{**{name: row[name] for name in searched.key}, "folded": fold(row["text"])} for row in rows]
        tx.query(searched.keep, (json.dumps(new),))
    return [tuple(row[name] for name in searched.key) for row in rows]


def fold_all(pool: Pool, tell: Callable[[str], None] = lambda line: None) -> int:
    """Fold all rows, some in each transaction, and return how many there were. Safe to repeat, and to break off.

    What somebody else has locked is left for the next time.
    """
    return sum(_fold_table(pool, searched, tell) for searched in SEARCHED)


def _fold_table(pool: Pool, searched: Searched, tell: Callable[[str], None]) -> int:
    count, after = 0, searched.first
    while keys := pool.run(lambda tx, after=after: fold_some(tx, searched, after)):  # type: ignore[misc]
        before, count, after = count, count + len(keys), keys[-1]
        if count // TOLD > before // TOLD:
            tell(f"{count:,} rows of {searched.table} are folded for searches ...")
    if count:
        tell(f"All {count:,} rows of {searched.table} that were not folded for searches are.")
    return count
