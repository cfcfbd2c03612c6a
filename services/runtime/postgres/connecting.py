"""Making a connection to PostgreSQL, as all of the services make theirs."""

import logging
from typing import Any

import eventlet
import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection

from services.runtime.postgres import cooperative
from services.runtime.postgres.failures import DatabaseUnavailable
from services.runtime.postgres.transaction import STATEMENT_SECONDS

log = logging.getLogger(__name__)

CONNECT_SECONDS = 5

REQUIRED: dict[str, Any] = {
    # Of several hosts the one that can be written; a connection to a read-only server is refused.
    "target_session_attrs": "read-write",
    "client_encoding": "UTF8",
}
"""What every connection asks for, whatever DATABASE_URL and the environment ask for. ``migrate`` needs it too."""

READ_ONLY = "The database is read-only."

_SESSION = f"""
SET TimeZone = 'UTC';
SET lock_timeout = '500ms';
SET statement_timeout = '{STATEMENT_SECONDS}s';
SET idle_in_transaction_session_timeout = '60s'
"""


class UnsuitableDatabase(DatabaseUnavailable):
    """The database cannot do what the services need, until somebody changes it; the message says that in a sentence."""


def connect(dsn: str, role: str | None, name: str) -> Connection:
    """A connection in autocommit mode, set up as every connection of the services is.

    role: taken on after connecting, or None to stay who the DSN says
    name: shown in ``pg_stat_activity``

    Raises ``DatabaseUnavailable``, or ``UnsuitableDatabase``.
    """
    connection: Connection | None = None
    cooperative.use()
    try:
        # In cooperative mode libpq's own connect_timeout does not apply.
        with eventlet.Timeout(CONNECT_SECONDS, DatabaseUnavailable()):
            connection = psycopg2.connect(
                dsn,
                application_name=name,
                connect_timeout=CONNECT_SECONDS,
                keepalives_idle=30,
                keepalives_interval=10,
                keepalives_count=3,
                tcp_user_timeout=30_000,
                **REQUIRED,
            )
            check_encoding(connection)
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(_SESSION)
                if role:
                    cursor.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
    except BaseException as error:
        if connection is not None:
            connection.close()
        if isinstance(error, psycopg2.Error):
            log.warning("no connection to the database: %s", str(error).strip())
            raise DatabaseUnavailable(_reason(error)) from error
        raise
    return connection


def check_encoding(connection: Connection) -> None:
    """Raises ``UnsuitableDatabase`` when the database cannot store every text."""
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise UnsuitableDatabase(
            f"The database {connection.info.dbname} has the encoding {encoding} and cannot store every name. "
            "Make another one with `CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0`."
        )


def _reason(error: psycopg2.Error) -> str:
    """libpq has no code for a server that is refused because it cannot be written."""
    text = str(error)
    refused = "session is read-only" in text or "server is in hot standby mode" in text
    return READ_ONLY if refused else "the database cannot be used now"
