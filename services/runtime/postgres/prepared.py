"""Statements that a connection says often, prepared on it: the server then plans them once instead of every time,
which is half of what a small statement costs it.

A statement is prepared between transactions, since one that cannot be would end the transaction that it is tried in.
"""

import re
from collections import Counter

import psycopg2
from psycopg2.extensions import connection as Connection

USES = 3
"""How often a statement is said before it is prepared."""

MOST = 300
"""The most statements that are prepared, or counted, on a connection."""

_PLACEHOLDER = re.compile(r"%(?:%|s|\((\w+)\)s|(.))", re.DOTALL)


class PreparedStatements:
    """Those of one connection. ``refused`` is shared by all connections of a pool."""

    def __init__(self, connection: Connection, refused: set[str]) -> None:
        self._connection = connection
        self._refused = refused
        self._calls: dict[str, str] = {}
        self._uses: Counter[str] = Counter()

    def call(self, sql: str) -> str | None:
        """What to say instead of ``sql``, with the same parameters; None until it is prepared."""
        call = self._calls.get(sql)
        if call is None and sql not in self._refused:
            self._uses[sql] += 1
        return call

    def refuse(self, sql: str) -> None:
        """It does not work prepared; never do that again."""
        self._refused.add(sql)
        self._calls.pop(sql, None)

    def prepare(self) -> None:
        """Prepare what has become frequent; called outside a transaction. Raises ``psycopg2.Error`` when the
        connection breaks."""
        if len(self._uses) > MOST:
            self._uses.clear()
        for sql in [sql for sql, uses in self._uses.items() if uses >= USES]:
            del self._uses[sql]
            if len(self._calls) < MOST:
                self._prepare(sql)

    def _prepare(self, sql: str) -> None:
        name = f"s{len(self._calls)}_{abs(hash(sql)):x}"
        try:
            statement, parameters = _numbered(sql)
            with self._connection.cursor() as cursor:
                cursor.execute(f"PREPARE {name} AS {statement}")
        except (psycopg2.ProgrammingError, psycopg2.NotSupportedError):
            self._refused.add(sql)
        else:
            self._calls[sql] = f"EXECUTE {name} ({parameters})" if parameters else f"EXECUTE {name}"


def _numbered(sql: str) -> tuple[str, str]:
    """The statement with ``$1``, ``$2`` in place of psycopg2's placeholders, and these in the order of the numbers."""
    placeholders: list[str] = []

    def number(match: re.Match[str]) -> str:
        text = match[0]
        if match[2]:
            raise psycopg2.ProgrammingError(f"unknown placeholder {text}")
        if text == "%%":
            return "%"
        if text == "%s" or text not in placeholders:
            placeholders.append(text)
            return f"${len(placeholders)}"
        return f"${placeholders.index(text) + 1}"

    return _PLACEHOLDER.sub(number, sql), ", ".join(placeholders)
