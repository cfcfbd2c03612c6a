"""RabbitMQ as a ``Broker``: two self-healing connections, one that publishes and one that consumes.

They are two because RabbitMQ stops reading from a publishing connection while an alarm lasts, and acknowledgements
must pass all the same.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import eventlet

from services.runtime.amqp.consuming import Consuming, Subscription
from services.runtime.amqp.hostile import breaks_dead_lettering, cleaned
from services.runtime.amqp.publishing import Publishing
from services.runtime.messaging.broker import BrokerUnavailable, Consumer, Delivery, Message, Queue, Refused

log = logging.getLogger(__name__)

CLEANING_SECONDS = 5.0


class AmqpBroker:
    """One container's connections to RabbitMQ.

    uri:  ``amqp://user:password@host:port/vhost``
    name: shown in RabbitMQ's list of connections
    """

    def __init__(self, uri: str, name: str = "backoffice") -> None:
        self._queues: list[Queue] = []
        self._consuming = Consuming(uri, f"{name} consumes", self._queues)
        self._publishing = Publishing(uri, f"{name} publishes")

    @property
    def connected(self) -> bool:
        """See ``Broker``."""
        return self._consuming.link.ready and self._publishing.link.ready

    def declare(self, queues: Sequence[Queue]) -> None:
        """See ``Broker``."""
        self._queues.extend(queue for queue in queues if queue not in self._queues)

    def consume(
        self,
        queue: Queue,
        prefetch: int,
        on_delivery: Callable[[Delivery], None],
        on_connected: Callable[[], None] | None = None,
    ) -> Consumer:
        """See ``Broker``. Only before ``start``."""

        def deliver(delivery: Delivery) -> None:
            if queue.dead_letter and breaks_dead_lettering(delivery.headers):
                eventlet.spawn(self._clean, delivery)
            else:
                on_delivery(delivery)

        announce = partial(self._announce, on_connected) if on_connected is not None else None
        return self._consuming.add(Subscription(queue, prefetch, deliver, announce))

    def _announce(self, on_connected: Callable[[], None]) -> None:
        """Only when publishing works too: who is told reads anew what went unheard, by calls."""
        self._publishing.link.wait()
        on_connected()

    def _clean(self, delivery: Delivery) -> None:
        """Put a copy without the hostile header on the queue, and acknowledge only then."""
        log.warning("a message on %s has a death header that RabbitMQ did not write; it is taken off", delivery.queue)
        copy = cleaned(delivery)
        try:
            try:
                self.publish([copy], CLEANING_SECONDS)
            except Refused:
                # What a client could write, ours may not be able to.
                self.publish([replace(copy, headers={})], CLEANING_SECONDS)
        except (BrokerUnavailable, Refused):
            if delivery.alive:
                eventlet.spawn_after(CLEANING_SECONDS, self._clean, delivery)
        else:
            delivery.acknowledge()

    def publish(self, messages: Sequence[Message], timeout: float) -> None:
        """See ``Broker``."""
        self._publishing.publish(messages, timeout)

    def depth(self, queue: str) -> int | None:
        """See ``Broker``."""
        return self._consuming.depths.ask(queue)

    def start(self, timeout: float | None = None) -> None:
        """See ``Broker``."""
        with eventlet.Timeout(timeout, BrokerUnavailable("RabbitMQ does not answer")):
            self._consuming.link.start()
            self._publishing.link.start()
            self._consuming.link.wait()
            self._publishing.link.wait()

    def stop(self) -> None:
        """See ``Broker``."""
        self._consuming.link.stop()
        self._publishing.link.stop()
