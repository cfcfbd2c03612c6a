"""The entrypoint of PostgreSQL's notifications."""

import logging
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import Any

import eventlet
import psycopg2
from eventlet.hubs import trampoline
from nameko.extensions import Entrypoint
from psycopg2.extensions import connection as Connection

from services.runtime.configuration import monitoring_of, settings_of
from services.runtime.failures import Unavailable
from services.runtime.pauses import Pauses
from services.runtime.postgres.connecting import UnsuitableDatabase, connect
from services.runtime.postgres.failures import DatabaseUnavailable
from services.runtime.postgres.requirements import ARRIVAL_SECONDS, CHANNEL, POOLED, listen, notify
from services.runtime.work import run_worker

log = logging.getLogger(__name__)

CHECK_SECONDS = 20.0
"""How often a connection that listens is tried. After a failover, or behind a pooler, it may be deaf and look well."""


class Notified(Entrypoint):
    """Calls the method with the payloads of a channel's notifications, one call at a time, in order.

    The list is empty when some may have been missed: listening has just begun (again), or the method has failed.
    From time to time another connection notifies this one. When that does not arrive, listening starts again, and the
    process is not ready.
    """

    def __init__(self, channel: str, **options: Any) -> None:
        self.channel = channel
        self._listening = False
        self._deaf = False
        super().__init__(expected_exceptions=(Unavailable,), **options)

    def setup(self) -> None:
        """Nameko: before any extension starts."""
        monitoring_of(self.container).check(self._fault)

    def _fault(self) -> str | None:
        """Why notifications are missed: they do not arrive, or the process has not begun to listen."""
        if self._deaf:
            return POOLED
        return None if self._listening else "The process does not listen to the database yet."

    def start(self) -> None:
        """Nameko: begin to listen."""
        self._loop = self.container.spawn_managed_thread(self._run, f"notified of {self.channel}")

    def stop(self) -> None:
        """Nameko: listen no more."""
        self._loop.kill()

    def _run(self) -> None:
        pauses = Pauses(0.2, 5.0)
        retries, name = monitoring_of(self.container).retries, f"listening to {self.channel}"
        while True:
            try:
                with closing(self._connect(self.channel)) as connection:
                    listen(connection, self.channel)
                    listen(connection, CHANNEL)
                    self._tell([])
                    self._listening = True
                    self._hear(connection, pauses, partial(retries.over, name))
            except (DatabaseUnavailable, psycopg2.Error) as error:
                self._deaf = str(error) == POOLED
                retries.failed(name, error)
                log.warning("notifications of %s are interrupted: %s", self.channel, str(error).strip())
                eventlet.sleep(pauses.next())

    def _connect(self, purpose: str) -> Connection:
        settings = settings_of(self.container)
        name = f"backoffice {self.container.service_name} {purpose}"
        return connect(settings.database_url, settings.database_role, name)

    def _hear(self, connection: Connection, pauses: Pauses, heard: Callable[[], None]) -> None:
        while True:
            if self._notify():
                if not self._hear_until(connection, time.monotonic() + ARRIVAL_SECONDS, checked=True):
                    raise UnsuitableDatabase(POOLED)
                self._deaf = False
                pauses.reset()
                heard()
            self._hear_until(connection, time.monotonic() + CHECK_SECONDS, checked=False)

    def _notify(self) -> bool:
        """Notify this connection by another one; whether that could be made now."""
        try:
            with closing(self._connect("checks")) as another:
                notify(another, CHANNEL)
        except (DatabaseUnavailable, psycopg2.Error) as error:
            log.warning("whether %s is heard cannot be checked now: %s", self.channel, str(error).strip())
            return False
        return True

    def _hear_until(self, connection: Connection, deadline: float, *, checked: bool) -> bool:
        """Pass on what arrives; whether a check arrived. ``checked``: it is over when one has."""
        arrived = False
        while not (checked and arrived) and (left := deadline - time.monotonic()) > 0:
            with eventlet.Timeout(left, False):
                trampoline(connection.fileno(), read=True)
            connection.poll()
            payloads = [notice.payload for notice in connection.notifies if notice.channel == self.channel]
            arrived = arrived or len(payloads) < len(connection.notifies)
            connection.notifies.clear()
            if payloads:
                self._tell(payloads)
        return arrived

    def _tell(self, payloads: list[str]) -> None:
        pauses = Pauses(0.2, 5.0)
        retries, name = monitoring_of(self.container).retries, f"{self.container.service_name}.{self.method_name}"
        while (failure := run_worker(self.container, self, payloads)) is not None:
            retries.failed(name, failure)
            payloads = []
            eventlet.sleep(pauses.next())
        retries.over(name)


notified: Any = Notified.decorator
