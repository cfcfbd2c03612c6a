"""The entrypoint of PostgreSQL's notifications."""

import logging
from contextlib import closing
from typing import Any

import eventlet
import psycopg2
from eventlet.hubs import trampoline
from nameko.extensions import Entrypoint
from psycopg2 import sql
from psycopg2.extensions import connection as Connection

from services.runtime.configuration import settings_of
from services.runtime.failures import Unavailable
from services.runtime.pauses import Pauses
from services.runtime.postgres.database import DatabaseUnavailable, connect
from services.runtime.work import run_worker

log = logging.getLogger(__name__)


class Notified(Entrypoint):
    """Calls the method with the payloads of a channel's notifications, one call at a time, in order.

    The list is empty when some may have been missed: listening has just begun (again), or the method has failed.
    """

    def __init__(self, channel: str, **options: Any) -> None:
        self.channel = channel
        super().__init__(expected_exceptions=(Unavailable,), **options)

    def start(self) -> None:
        """Nameko: begin to listen."""
        self._loop = self.container.spawn_managed_thread(self._run, f"notified of {self.channel}")

    def stop(self) -> None:
        """Nameko: listen no more."""
        self._loop.kill()

    def _run(self) -> None:
        pauses = Pauses(0.2, 5.0)
        while True:
            try:
                with closing(self._connect()) as connection:
                    _listen(connection, self.channel)
                    self._tell([])
                    pauses.reset()
                    self._hear(connection)
            except (DatabaseUnavailable, psycopg2.Error) as error:
                log.warning("notifications of %s are interrupted: %s", self.channel, str(error).strip())
                eventlet.sleep(pauses.next())

    def _connect(self) -> Connection:
        settings = settings_of(self.container)
        name = f"backoffice {self.container.service_name} {self.channel}"
        return connect(settings.database_url, settings.database_role, name)

    def _hear(self, connection: Connection) -> None:
        while True:
            trampoline(connection.fileno(), read=True)
            connection.poll()
            payloads = [notice.payload for notice in connection.notifies]
            connection.notifies.clear()
            if payloads:
                self._tell(payloads)

    def _tell(self, payloads: list[str]) -> None:
        pauses = Pauses(0.2, 5.0)
        while run_worker(self.container, self, payloads) is not None:
            payloads = []
            eventlet.sleep(pauses.next())


def _listen(connection: Connection, channel: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))


notified: Any = Notified.decorator
