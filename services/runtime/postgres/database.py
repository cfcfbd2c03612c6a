"""The pool of PostgreSQL connections, and the nameko dependency that provides it."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, NamedTuple, TypeVar

import eventlet
import psycopg2
from eventlet import patcher
from nameko.extensions import DependencyProvider
from psycopg2 import extensions
from psycopg2.extensions import connection as Connection

from services.contracts.metrics import POOL_IN_USE, POOL_SIZE, POOL_WAITING
from services.runtime.configuration import monitoring_of, settings_of
from services.runtime.pauses import Pauses
from services.runtime.postgres.connecting import READ_ONLY, UnsuitableDatabase, connect
from services.runtime.postgres.failures import Conflict, DatabaseUnavailable
from services.runtime.postgres.prepared import PreparedStatements
from services.runtime.postgres.transaction import BEGIN, BEGIN_SNAPSHOT, Transaction
from services.runtime.telemetry.tracing import OFF, Tracing, tracing_of

log = logging.getLogger(__name__)

T = TypeVar("T")

CHECK_SECONDS = 1.5
_CAN_WRITE = "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean AS read_only"
_USABLE = {extensions.TRANSACTION_STATUS_INTRANS, extensions.TRANSACTION_STATUS_INERROR}


class Link(NamedTuple):
    """A connection of a pool. ``generation``: of the pool, when it was made."""

    connection: Connection
    prepared: PreparedStatements
    generation: int


class Pool:
    """At most ``size`` connections, made when they are first needed; whoever finds all of them busy waits.

    A connection that failed, or whose state is in doubt, is closed and never used again. When the failure says that
    of the server (it has become read-only, say), so are all connections that were made before. ``in_use`` and
    ``waiting`` count connections and those who want one.
    """

    def __init__(
        self, dsn: str, size: int = 8, role: str | None = None, name: str = "backoffice", tracing: Tracing = OFF
    ) -> None:
        self._dsn = dsn
        self._tracing = tracing
        self._role = role
        self._name = name
        self.size = size
        self.in_use = 0
        self.waiting = 0
        self._slots = threading.Semaphore(size)
        self._idle: deque[Link] = deque()
        self._unpreparable: set[str] = set()
        self._generation = 0

    def snapshot(self) -> AbstractContextManager[Transaction]:
        """A transaction that changes nothing and sees the database as it was at its first statement."""
        return self.transaction(BEGIN_SNAPSHOT)

    @contextmanager
    def transaction(self, begin: str = BEGIN) -> Iterator[Transaction]:
        """A transaction: committed when the block ends, rolled back when it raises.

        Raises ``DatabaseUnavailable`` and ``Conflict``, besides what the block raises.
        """
        with self._tracing.transaction(), self._slot():
            link = self._take()
            try:
                transaction = Transaction(link.connection, link.prepared, begin)
                yield transaction
                transaction.commit()
                self._prepare(link)
            except (DatabaseUnavailable, Conflict) as failure:
                _roll_back(link.connection)
                if failure.replace and link.generation == self._generation:
                    self._replace_all()
                raise
            except Exception:
                _roll_back(link.connection)
                raise
            except BaseException:
                # Killed or timed out in the middle of something.
                link.connection.close()
                raise
            finally:
                self._keep(link)

    def _keep(self, link: Link) -> None:
        if link.generation != self._generation:
            link.connection.close()
        elif not link.connection.closed:
            self._idle.append(link)

    def _replace_all(self) -> None:
        """Those in use are closed when they come back."""
        self._generation += 1
        self.close()

    @contextmanager
    def _slot(self) -> Iterator[None]:
        self.waiting += 1
        try:
            self._slots.acquire()
        finally:
            self.waiting -= 1
        self.in_use += 1
        try:
            yield
        finally:
            self.in_use -= 1
            self._slots.release()

    def fault(self) -> str | None:
        """Why the database cannot be written now, in a sentence; None when it can."""
        try:
            with eventlet.Timeout(CHECK_SECONDS, DatabaseUnavailable()), self.transaction() as transaction:
                row = transaction.one(_CAN_WRITE)
                if row and row["read_only"]:
                    raise DatabaseUnavailable(READ_ONLY, replace=True)
        except UnsuitableDatabase as unsuitable:
            return str(unsuitable)
        except DatabaseUnavailable as failure:
            return READ_ONLY if str(failure) == READ_ONLY else "The database does not answer."
        return None

    def run(self, work: Callable[[Transaction], T], attempts: int = 5) -> T:
        """What ``work`` answers in a transaction of its own, which is repeated after a ``Conflict``."""
        pauses = Pauses(0.05, 1.0)
        while True:
            attempts -= 1
            try:
                with self.transaction() as transaction:
                    return work(transaction)
            except Conflict:
                if attempts == 0:
                    raise
                time.sleep(pauses.next())

    def close(self) -> None:
        """Close the connections that nobody uses."""
        while self._idle:
            self._idle.pop().connection.close()

    def _take(self) -> Link:
        while self._idle:
            link = self._idle.pop()
            if _still_open(link.connection):
                return link
            link.connection.close()
        generation = self._generation
        connection = connect(self._dsn, self._role, self._name)
        return Link(connection, PreparedStatements(connection, self._unpreparable), generation)

    def _prepare(self, link: Link) -> None:
        try:
            link.prepared.prepare()
        except psycopg2.Error as error:
            # What was asked has committed; whoever comes next gets another connection.
            log.warning("a connection to the database broke: %s", str(error).strip())
            link.connection.close()


def _roll_back(connection: Connection) -> None:
    """Make the connection usable again, or close it."""
    try:
        if connection.info.transaction_status in _USABLE:
            with connection.cursor() as cursor:
                cursor.execute("ROLLBACK")
        idle = connection.info.transaction_status == extensions.TRANSACTION_STATUS_IDLE
    except psycopg2.Error:
        idle = False
    except BaseException:
        connection.close()
        raise
    if not idle:
        connection.close()


def _still_open(connection: Connection) -> bool:
    """A server says nothing to an idle connection, except that it closes it."""
    # Eventlet takes poll away, since it blocks; with a timeout of 0 it does not.
    original: Any = patcher.original("select")
    poll = original.poll()
    poll.register(connection.fileno(), original.POLLIN)
    return not poll.poll(0)


class Database(DependencyProvider):
    """``database = Database()`` on a service: a ``Pool``. It needs no database to start."""

    def setup(self) -> None:
        """Nameko: before any extension starts."""
        settings = settings_of(self.container)
        name, tracing = f"backoffice {self.container.service_name}", tracing_of(self.container)
        self.pool = Pool(settings.database_url, settings.database_connections, settings.database_role, name, tracing)
        monitoring = monitoring_of(self.container)
        monitoring.check(self.pool.fault)
        gauge = monitoring.measures.gauge
        gauge(POOL_SIZE).set(self.pool.size)
        gauge(POOL_IN_USE).set_function(lambda: self.pool.in_use)
        gauge(POOL_WAITING).set_function(lambda: self.pool.waiting)

    def stop(self) -> None:
        """Nameko: when every worker has ended."""
        self.pool.close()

    def get_dependency(self, worker_ctx: Any) -> Pool:
        """Nameko: for each worker."""
        return self.pool


__all__ = ["Conflict", "Database", "DatabaseUnavailable", "Pool", "Transaction", "connect"]
