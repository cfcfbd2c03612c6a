"""One AMQP connection that heals itself: one greenlet reads it, any may write."""

import logging
import socket
import time
from collections.abc import Callable
from typing import Any

import eventlet
import kombu
from amqp.exceptions import AMQPError
from eventlet.event import Event
from kombu.exceptions import KombuError

from services.runtime.amqp import properties
from services.runtime.amqp.failures import reply_of
from services.runtime.amqp.tls import connection_arguments
from services.runtime.amqp.writing import CoalescedWrites
from services.runtime.pauses import Pauses

log = logging.getLogger(__name__)

HEARTBEAT = 10
CONNECT_SECONDS = 5
FLUSH_SECONDS = 1
READ_BYTES = 16_384
PROVEN_SECONDS = 2.0
"""A connection that lived for longer did work."""
WIRE_ERRORS = (OSError, EOFError, AMQPError, KombuError)
"""What a broken connection raises, whichever layer notices first."""


class Link:
    """A connection that is made, watched, and made again until ``stop``.

    name:   shown in RabbitMQ's list of connections
    opened: called in the reading greenlet with each new connection, to declare and consume
    lost:   called when a connection has gone, or could not be made, with what was raised
    linger: seconds between the last that was written and the end
    prompt: connect again without a pause when a message may have taken down a connection that worked until then
    clock:  seconds, to tell how long a connection has lived
    """

    def __init__(
        self,
        uri: str,
        name: str,
        opened: Callable[[Any], None],
        lost: Callable[[BaseException | None], None],
        linger: float = 0.0,
        *,
        prompt: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._uri = uri
        self._name = name
        self._opened = opened
        self._lost = lost
        self._linger = linger
        self._prompt = prompt
        self._clock = clock
        self._since = 0.0
        self._up = Event()
        self._stopping = Event()
        self._reader: Any = None
        self._connection: Any = None
        self._writes: CoalescedWrites | None = None
        self.blocked = False

    @property
    def ready(self) -> bool:
        """The connection is there, and ``opened`` has returned."""
        return bool(self._up.ready())

    def start(self) -> None:
        """Begin to connect."""
        if self._reader is None:
            properties.install()
            self._reader = eventlet.spawn(self._run)

    def wait(self) -> None:
        """Block until ``ready``."""
        while not self._up.ready():
            self._up.wait()

    def stop(self) -> None:
        """Close the connection for good."""
        if self._reader is None or self._stopping.ready():
            return
        self._stopping.send()
        self._flush()
        self.sever()
        self._reader.wait()

    def _flush(self) -> None:
        """What was acknowledged a moment ago would be delivered again."""
        if self._writes is not None and self.ready:
            with eventlet.Timeout(FLUSH_SECONDS, False):
                self._writes.flush()
            eventlet.sleep(self._linger)

    def sever(self) -> None:
        """Cut the connection, which makes its reader notice; what was unacknowledged is delivered again."""
        connection = self._connection
        # Kombu would connect anew if it were asked for the connection that is not there.
        transport = connection.connection.transport if connection is not None and connection.connected else None
        if transport is not None and transport.sock is not None:
            # Beneath TLS: it would wait for the other side to say farewell, and leave the reader without a session.
            try:
                with socket.fromfd(transport.sock.fileno(), socket.AF_INET, socket.SOCK_STREAM) as beneath:
                    beneath.shutdown(socket.SHUT_RDWR)
            except OSError:
                log.debug("%s was cut already", self._name)

    def _run(self) -> None:
        pauses = Pauses(0.2, 2.0)
        while not self._stopping.ready():
            failure: Exception | None = None
            try:
                self._connect()
                pauses.reset()
                self._since = self._clock()
                self._read()
            except WIRE_ERRORS as error:
                failure = error
                if not self._stopping.ready():
                    log.warning("%s: connection lost or not made: %s", self._name, reason_of(error))
            except Exception:
                log.exception("%s: connection given up", self._name)
            finally:
                taken_down = self._taken_down(failure)
                self._drop(failure)
            if not taken_down:
                self._stopping.wait(timeout=pauses.next())

    def _taken_down(self, failure: Exception | None) -> bool:
        """A message may be the cause. Where each connection is lost soon, as with a missing right, pauses are due."""
        proven = self.ready and self._clock() - self._since > PROVEN_SECONDS
        return self._prompt and proven and reply_of(failure).by_message

    def _connect(self) -> None:
        self._connection = kombu.Connection(
            **connection_arguments(self._uri),
            heartbeat=HEARTBEAT,
            connect_timeout=CONNECT_SECONDS,
            transport_options={
                "client_properties": {"connection_name": self._name},
                "on_blocked": self._block,
                "on_unblocked": self._unblock,
            },
        )
        self._connection.connect()
        self._writes = _coalesce(self._connection.connection.transport, self.sever)
        self._opened(self._connection.connection)
        self._watcher = eventlet.spawn(self._watch, self._connection.connection)
        self._up.send()

    def _read(self) -> None:
        connection = self._connection.connection
        while not self._stopping.ready():
            connection.drain_events()

    def _watch(self, connection: Any) -> None:
        """Send heartbeats, and sever the connection when the broker's stay out or a write hangs."""
        try:
            while connection.connected:
                with eventlet.Timeout(HEARTBEAT):
                    connection.heartbeat_tick(rate=2)
                eventlet.sleep(HEARTBEAT / 5)
        except (*WIRE_ERRORS, eventlet.Timeout):
            log.warning("%s: the broker has gone silent", self._name)
            self.sever()

    def _drop(self, failure: Exception | None) -> None:
        if self._up.ready():
            self._up = Event()
            self._watcher.kill()
        self.blocked = False
        self._lost(failure)
        self.sever()
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.collect()

    def _block(self, reason: str) -> None:
        log.warning("%s: blocked by the broker: %s", self._name, reason)
        self.blocked = True

    def _unblock(self) -> None:
        log.warning("%s: no longer blocked by the broker", self._name)
        self.blocked = False


def reason_of(error: BaseException) -> str:
    """What the broker says, ``ACCESS_REFUSED`` for one; of other failures the kind, since they may quote the URL."""
    said = getattr(error, "reply_text", None)
    return said if isinstance(said, str) and said else type(error).__name__


def _coalesce(transport: Any, broken: Callable[[], None]) -> CoalescedWrites:
    """Py-amqp makes a system call of each frame that it writes, and two of each that it reads."""
    writes = CoalescedWrites(transport._write, broken, HEARTBEAT)
    transport._write = writes.write
    receive = transport._quick_recv
    transport._quick_recv = lambda size: receive(max(size, READ_BYTES))
    return writes
