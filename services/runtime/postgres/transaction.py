"""A PostgreSQL transaction, in as few round trips as it can be had. What its failures mean: ``failures.py``."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg2
from psycopg2.extensions import connection as Connection
from psycopg2.extras import execute_values

from services.runtime.postgres.failures import Conflict, DatabaseUnavailable, translate
from services.runtime.postgres.prepared import PreparedStatements

Params = Sequence[Any] | Mapping[str, Any] | None
Row = dict[str, Any]

BEGIN = "BEGIN"
BEGIN_SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

STATEMENT_SECONDS = 30
"""How long a statement may take unless less was stated."""

_READ_ONLY = "25006"


def uuid_array(ids: Iterable[str]) -> str:
    """UUIDs as one parameter for ``%s::uuid[]``, which a list of strings is not when the statement is prepared."""
    return "{" + ",".join(ids) + "}"


class Transaction:
    """An open transaction on a connection in autocommit mode.

    Statements without an answer (BEGIN, savepoints) wait and travel in front of the next one.
    """

    def __init__(self, connection: Connection, prepared: PreparedStatements, begin: str = BEGIN) -> None:
        self._connection = connection
        self._prepared = prepared
        self._cursor = connection.cursor()
        self._begin = begin
        self._waiting = [begin]

    def query(self, sql: str, params: Params = None, *, prepare: bool = True) -> list[Row]:
        """All rows of a statement, as dicts by column name.

        prepare: it is prepared once it is frequent; not for one of many variants, or whose plan hangs on its parameters
        """
        self._send(sql, params, prepare)
        return self._rows()

    def one(self, sql: str, params: Params = None) -> Row | None:
        """The first row of a statement, or None."""
        rows = self.query(sql, params)
        return rows[0] if rows else None

    def execute(self, sql: str, params: Params = None) -> int:
        """Run a statement; the number of rows that it changed."""
        self._send(sql, params)
        return self._cursor.rowcount

    def many(self, sql: str, rows: Sequence[Sequence[Any]], template: str | None = None) -> None:
        """Run ``INSERT ... VALUES %s`` (or the like) once for all rows."""
        if rows:
            with self._sending():
                execute_values(self._cursor, self._with_waiting(sql), rows, template, page_size=len(rows))

    @contextmanager
    def savepoint(self, statement_seconds: float = STATEMENT_SECONDS) -> Iterator[None]:
        """What is done inside is undone when it raises. Savepoints do not nest.

        statement_seconds: how long each statement inside may take; a longer one raises
            ``psycopg2.errors.QueryCanceled``
        """
        self._waiting.append("SAVEPOINT task")
        if statement_seconds != STATEMENT_SECONDS:
            self._waiting.append(_limit(statement_seconds))
        try:
            yield
        except Exception:
            self._end_savepoint("ROLLBACK TO SAVEPOINT task; RELEASE SAVEPOINT task")
            raise
        self._end_savepoint("RELEASE SAVEPOINT task")
        if statement_seconds != STATEMENT_SECONDS:
            self._waiting.append(_limit(STATEMENT_SECONDS))

    def _end_savepoint(self, statement: str) -> None:
        if self._waiting and self._waiting[-1] == "SAVEPOINT task":
            self._waiting.pop()
        else:
            self._waiting.append(statement)

    def commit(self) -> None:
        """Commit what was done. Called by the pool."""
        if self._waiting[:1] != [self._begin]:
            self._send("COMMIT", None)

    def _send(self, sql: str, params: Params, prepare: bool = True) -> None:
        call = self._prepared.call(sql) if prepare and params is not None else None
        with self._sending():
            if call is None:
                self._cursor.execute(self._with_waiting(sql), params)
            else:
                self._execute_prepared(call, sql, params)

    @contextmanager
    def _sending(self) -> Iterator[None]:
        """What waits goes with the statement, also with one that fails: a savepoint before it is there."""
        try:
            yield
        except psycopg2.Error as error:
            writes_in_snapshot = self._begin == BEGIN_SNAPSHOT and error.pgcode == _READ_ONLY
            failure = error if writes_in_snapshot else translate(error)
            if failure is error:
                raise
            raise failure from error
        finally:
            self._waiting.clear()

    def _execute_prepared(self, call: str, sql: str, params: Params) -> None:
        try:
            self._cursor.execute(self._with_waiting(call), params)
        except (psycopg2.ProgrammingError, psycopg2.NotSupportedError) as error:
            # The types were not what they seemed, or the schema has changed: repeated, it is said in full.
            self._prepared.refuse(sql)
            self._connection.close()
            raise Conflict from error

    def _with_waiting(self, sql: str) -> str:
        return "; ".join([*self._waiting, sql]) if self._waiting else sql

    def _rows(self) -> list[Row]:
        if self._cursor.description is None:
            return []
        names = [column.name for column in self._cursor.description]
        return [dict(zip(names, row, strict=True)) for row in self._cursor.fetchall()]


def _limit(seconds: float) -> str:
    """Undone by a rollback to the savepoint that it follows."""
    return f"SET LOCAL statement_timeout = {round(seconds * 1000)}"


__all__ = ["STATEMENT_SECONDS", "Conflict", "DatabaseUnavailable", "Transaction", "uuid_array"]
