"""What a database has to do for the services, tried before they start: a server behind a pooler may look like one."""

import logging
import select
import time
from contextlib import closing

from psycopg2 import Error, sql
from psycopg2.extensions import connection as Connection

from services.runtime.postgres.connecting import UnsuitableDatabase, connect
from services.runtime.postgres.failures import DatabaseUnavailable, translate
from services.runtime.settings import SettingsError

log = logging.getLogger(__name__)

ARRIVAL_SECONDS = 10.0
"""How long a notification may take to arrive. It is there within milliseconds, or never."""

CHANNEL = "backoffice_check"

POOLED = (
    "What is notified does not arrive: DATABASE_URL leads to a pooler that gives each transaction another session "
    "(PgBouncer with pool_mode = transaction or statement), or LISTEN is cut off on the way. Let info connect to "
    "PostgreSQL itself, or set pool_mode = session."
)


def refuse_unsuitable(dsn: str, role: str | None) -> None:
    """Raises ``SettingsError`` when the database will never do. One that cannot be asked now may do later."""
    try:
        check(dsn, role)
    except UnsuitableDatabase as unsuitable:
        raise SettingsError(str(unsuitable)) from None
    except DatabaseUnavailable as failure:
        log.warning("the database cannot be checked yet: %s", failure)


def check(dsn: str, role: str | None) -> None:
    """Raises ``UnsuitableDatabase``, or ``DatabaseUnavailable`` when it cannot be told now."""
    with (
        closing(connect(dsn, role, "backoffice listens for a check")) as listening,
        closing(connect(dsn, role, "backoffice notifies for a check")) as telling,
    ):
        try:
            listen(listening, CHANNEL)
            notify(telling, CHANNEL)
            _await(listening)
        except Error as error:
            raise translate(error) from error


def listen(connection: Connection, channel: str) -> None:
    """Have the session notified of what is said on a channel."""
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))


def notify(connection: Connection, channel: str) -> None:
    """Notify the listeners of a channel."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, '')", (channel,))


def _await(connection: Connection) -> None:
    """Until the connection is notified. Raises ``UnsuitableDatabase`` when that takes too long."""
    deadline = time.monotonic() + ARRIVAL_SECONDS
    while not connection.notifies:
        left = deadline - time.monotonic()
        if left <= 0:
            raise UnsuitableDatabase(POOLED)
        select.select([connection], [], [], left)
        connection.poll()
