"""Every class of SQLSTATE, and what is done about it; a state of its own row goes before its class.

    Unavailable
    ├── DatabaseUnavailable    the work is held: the database cannot be used now, or nothing is known of a commit
    └── Conflict               the work is retried alone: the transaction was rolled back, and may succeed when repeated

Every other ``psycopg2.Error`` is a fault of the statement or of its data, and passes through as it is.
"""

import psycopg2

from services.runtime.failures import FailureClass, Reaction, Unavailable

_ROWS = (
    ("00", "successful completion", Reaction.FAIL, False, "no failure; never raised"),
    ("01", "warning", Reaction.FAIL, False, "no failure; never raised"),
    ("02", "no data", Reaction.FAIL, False, "a function of ours is wrong"),
    ("03", "SQL statement not yet complete", Reaction.FAIL, False, "a statement of ours is wrong"),
    ("08", "connection exception", Reaction.HOLD, True, "the connection broke, or a pooler refuses it"),
    ("09", "triggered action exception", Reaction.FAIL, False, "a trigger refuses the data"),
    ("0A", "feature not supported", Reaction.FAIL, False, "a statement of ours is wrong"),
    ("0B", "invalid transaction initiation", Reaction.FAIL, False, "a function of ours is wrong"),
    ("0F", "locator exception", Reaction.FAIL, False, "a statement of ours is wrong"),
    ("0L", "invalid grantor", Reaction.FAIL, False, "a statement of ours is wrong"),
    ("0P", "invalid role specification", Reaction.HOLD, True, "the role is missing until the database is migrated"),
    ("0Z", "diagnostics exception", Reaction.FAIL, False, "a function of ours is wrong"),
    ("10", "XQuery error", Reaction.FAIL, False, "a statement of ours is wrong"),
    ("20", "case not found", Reaction.FAIL, False, "a function of ours is wrong"),
    ("21", "cardinality violation", Reaction.FAIL, False, "a statement of ours is wrong"),
    ("22", "data exception", Reaction.FAIL, False, "the database cannot store or compute this value"),
    ("23", "integrity constraint violation", Reaction.FAIL, False, "a rule of the schema refuses the data"),
    ("24", "invalid cursor state", Reaction.FAIL, False, "a statement of ours is wrong"),
    ("25", "invalid transaction state", Reaction.FAIL, False, "a statement of ours is wrong"),
    ("25006", "read-only SQL transaction", Reaction.HOLD, True, "after a failover this server cannot be written"),
    ("25P03", "idle in transaction session timeout", Reaction.HOLD, True, "the server closed the session"),
    ("25P04", "transaction timeout", Reaction.FAIL, True, "the transaction takes too long whenever it is repeated"),
    ("26", "invalid SQL statement name", Reaction.RETRY_ALONE, True, "the session lost its prepared statements"),
    ("27", "triggered data change violation", Reaction.FAIL, False, "a trigger refuses the data"),
    ("28", "invalid authorization specification", Reaction.HOLD, True, "the password is wrong, or being changed"),
    ("2B", "dependent privilege descriptors exist", Reaction.FAIL, False, "a statement of ours is wrong"),
    ("2D", "invalid transaction termination", Reaction.FAIL, False, "a function of ours is wrong"),
    ("2F", "SQL routine exception", Reaction.FAIL, False, "a function of ours is wrong"),
    ("34", "invalid cursor name", Reaction.FAIL, False, "a statement of ours is wrong"),
    ("38", "external routine exception", Reaction.FAIL, False, "a function is wrong"),
    ("39", "external routine invocation exception", Reaction.FAIL, False, "a function is wrong"),
    ("3B", "savepoint exception", Reaction.FAIL, False, "a statement of ours is wrong"),
    ("3D", "invalid catalog name", Reaction.HOLD, True, "the database is missing, or being restored"),
    ("3F", "invalid schema name", Reaction.HOLD, False, "the database has not been migrated yet"),
    ("40", "transaction rollback", Reaction.RETRY_ALONE, False, "a deadlock, or a serialization failure"),
    ("40003", "statement completion unknown", Reaction.HOLD, True, "nothing is known of the commit"),
    ("42", "syntax error or access rule violation", Reaction.FAIL, False, "a statement of ours is wrong"),
    ("42P01", "undefined table", Reaction.HOLD, False, "the database has not been migrated yet"),
    ("42703", "undefined column", Reaction.HOLD, False, "the database has not been migrated yet"),
    ("42883", "undefined function", Reaction.HOLD, False, "the database has not been migrated yet"),
    ("44", "WITH CHECK OPTION violation", Reaction.FAIL, False, "a rule of the schema refuses the data"),
    ("53", "insufficient resources", Reaction.HOLD, False, "the disk or the memory is full, or no connection is left"),
    ("54", "program limit exceeded", Reaction.FAIL, False, "the value is too large for the database"),
    ("55", "object not in prerequisite state", Reaction.RETRY_ALONE, False, "others hold the lock for too long"),
    ("57", "operator intervention", Reaction.HOLD, True, "the server stops, starts, or ended the session"),
    ("57014", "query canceled", Reaction.FAIL, False, "the statement takes too long whenever it is repeated"),
    ("58", "system error", Reaction.HOLD, False, "the server cannot read or write its files"),
    ("72", "snapshot failure", Reaction.RETRY_ALONE, False, "the transaction was too old"),
    ("F0", "configuration file error", Reaction.HOLD, False, "somebody has to mend the server's configuration"),
    ("HV", "foreign data wrapper error", Reaction.FAIL, False, "nothing of ours uses one"),
    ("P0", "PL/pgSQL error", Reaction.FAIL, False, "a trigger or a function refuses the data"),
    ("XX", "internal error", Reaction.FAIL, False, "a bug of the server, or a damaged row"),
)
SQLSTATES = {code: FailureClass(code, name, work, replace, reason) for code, name, work, replace, reason in _ROWS}
"""By SQLSTATE, or by its first two characters."""

UNKNOWN = FailureClass("others", "classes that PostgreSQL may add", Reaction.FAIL, False, "nothing is known of it")
LOST = FailureClass("none", "the connection was lost or not made", Reaction.HOLD, True, "it may be had again")

REFUSED = (
    "the database's encoding is another than UTF8, so that it cannot store every name",
    "what is notified does not arrive, as behind a pooler that gives each transaction another session",
)
"""What ``requirements.py`` finds: the process does not start."""


class _DatabaseFailure(Unavailable):
    """``replace``: the connection is not to be used again, nor are those that were made with it."""

    def __init__(self, reason: str, *, replace: bool = False) -> None:
        super().__init__(reason)
        self.replace = replace


class DatabaseUnavailable(_DatabaseFailure):
    """The database cannot be reached, is shutting down, is read-only, or lacks a resource or its schema."""

    def __init__(self, reason: str = "the database cannot be used now", *, replace: bool = False) -> None:
        super().__init__(reason, replace=replace)


class Conflict(_DatabaseFailure):
    """Deadlock, serialization failure or lock timeout; repeating the transaction may succeed."""

    def __init__(self, reason: str = "the same rows are being changed by others", *, replace: bool = False) -> None:
        super().__init__(reason, replace=replace)


def failure_class(state: str) -> FailureClass:
    """The row of a SQLSTATE."""
    return SQLSTATES.get(state) or SQLSTATES.get(state[:2]) or UNKNOWN


def translate(error: psycopg2.Error) -> Exception:
    """The failure that a database error means. Neither name carries any SQL."""
    if error.pgcode is None:
        lost = isinstance(error, psycopg2.OperationalError | psycopg2.InterfaceError)
        return DatabaseUnavailable(replace=LOST.replace) if lost else error
    known = failure_class(error.pgcode)
    if known.reaction is Reaction.HOLD:
        return DatabaseUnavailable(known.reason, replace=known.replace)
    if known.reaction is Reaction.RETRY_ALONE:
        return Conflict(known.reason, replace=known.replace)
    return error
