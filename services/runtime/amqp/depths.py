"""Asking RabbitMQ how many messages wait on a queue."""

from typing import Any

from amqp import spec
from eventlet.event import Event
from eventlet.semaphore import Semaphore

from services.runtime.amqp.link import WIRE_ERRORS

ANSWER_SECONDS = 2.0


class Depths:
    """On a channel of its own, one question at a time.

    Channel.queue_declare would read from the socket for its answer, which belongs to the reading greenlet.
    """

    def __init__(self) -> None:
        self._channel: Any = None
        self._one = Semaphore(1)

    def opened(self, connection: Any) -> None:
        """There is a new connection."""
        self._channel = connection.channel()

    def ask(self, queue: str) -> int | None:
        """The messages of an existing queue that nobody holds; None when there is no answer now."""
        with self._one:
            channel, answered = self._channel, Event()
            if channel is None or not channel.is_open:
                return None
            channel._pending[spec.Queue.DeclareOk] = lambda signature, name, waiting, consumers: answered.send(waiting)
            passive: tuple[Any, ...] = (0, queue, True, False, False, False, False, {})
            try:
                channel.send_method(spec.Queue.Declare, "BsbbbbbF", passive)
            except WIRE_ERRORS:
                return None
            depth: int | None = answered.wait(timeout=ANSWER_SECONDS)
            return depth
