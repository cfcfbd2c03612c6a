"""Declaring queues and consuming from them, again after every reconnection."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import amqp
import eventlet

from services.runtime.amqp.depths import Depths
from services.runtime.amqp.link import WIRE_ERRORS, Link
from services.runtime.messaging.broker import DEAD_LETTER_EXCHANGE, Consumer, Delivery, Queue

log = logging.getLogger(__name__)

DELIVERY_LIMIT = 3
"""Redeliveries: a message is tried four times in all."""

LINGER_SECONDS = 0.25
"""A quorum queue is told of 32 acknowledgements at a time; those that wait to be told are lost with the connection."""

NO_LIMIT = 2**31 - 1
"""For the dead letters themselves. RabbitMQ 4 would otherwise drop them after 20 tries."""


@dataclass(frozen=True)
class Subscription:
    """What a consumer asked for."""

    queue: Queue
    prefetch: int
    on_delivery: Callable[[Delivery], None]
    on_connected: Callable[[], None] | None


class AmqpDelivery:
    """See ``Delivery``."""

    def __init__(self, queue: str, message: amqp.Message) -> None:
        properties = message.properties
        self.queue = queue
        self.exchange: str = message.delivery_info["exchange"]
        self.routing_key: str = message.delivery_info["routing_key"]
        self.redelivered: bool = message.delivery_info["redelivered"]
        self.body: bytes = message.body.encode() if isinstance(message.body, str) else bytes(message.body)
        self.headers: Mapping[str, Any] = properties.get("application_headers") or {}
        self.content_type: str | None = properties.get("content_type")
        self.content_encoding: str | None = properties.get("content_encoding")
        self.correlation_id: str | None = properties.get("correlation_id")
        self.reply_to: str | None = properties.get("reply_to")
        self.user_id: str | None = properties.get("user_id")
        self._channel = message.channel
        self._tag = message.delivery_info["delivery_tag"]
        self._settled = False

    @property
    def alive(self) -> bool:
        """See ``Delivery``."""
        return bool(self._channel.is_open)

    def acknowledge(self) -> None:
        """See ``Delivery``."""
        self._settle(lambda: self._channel.basic_ack(self._tag))

    def reject(self, *, requeue: bool) -> None:
        """See ``Delivery``."""
        self._settle(lambda: self._channel.basic_reject(self._tag, requeue))

    def _settle(self, settle: Callable[[], None]) -> None:
        if self._settled or not self.alive:
            return
        self._settled = True
        try:
            settle()
        except WIRE_ERRORS:
            # The connection has gone, so the broker delivers the message again; its reader notices by itself.
            return


class AmqpConsumer:
    """See ``Consumer``. ``channel`` is that of the present connection."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.channel: Any = None
        self.cancelled = False

    def cancel(self) -> None:
        """See ``Consumer``."""
        if self.cancelled:
            return
        self.cancelled = True
        if self.channel is not None and self.channel.is_open:
            try:
                self.channel.basic_cancel(self.tag, nowait=True)
            except WIRE_ERRORS:
                return


class Consuming:
    """The consuming connection, a channel a consumer, so that each has its own prefetch."""

    def __init__(self, uri: str, name: str, queues: Sequence[Queue]) -> None:
        self.link = Link(uri, name, self._opened, lambda error: None, LINGER_SECONDS)
        self.depths = Depths()
        self._queues = queues
        self._consumers: list[tuple[Subscription, AmqpConsumer]] = []

    def add(self, subscription: Subscription) -> Consumer:
        """Consume from the next connection on."""
        consumer = AmqpConsumer(f"{subscription.queue.name}#{len(self._consumers)}")
        self._consumers.append((subscription, consumer))
        return consumer

    def _opened(self, connection: Any) -> None:
        running = [pair for pair in self._consumers if not pair[1].cancelled]
        read = [subscription.queue for subscription, _ in running]
        # A reader makes its own queues first: services that wait for each other's would wait for good otherwise.
        declaring = connection.channel()
        for queue in read:
            declare(declaring, queue)
        for queue in self._queues:
            if queue not in read and not _exists(connection, partial(_passively, queue)):
                declare(declaring, queue)
        for subscription, consumer in running:
            self._consume(connection.channel(), subscription, consumer)
        self.depths.opened(connection)
        for subscription, _ in running:
            if subscription.on_connected is not None:
                eventlet.spawn(subscription.on_connected)

    def _consume(self, channel: Any, subscription: Subscription, consumer: AmqpConsumer) -> None:
        queue = subscription.queue
        channel.basic_qos(0, subscription.prefetch, False)
        consumer.channel = channel

        def deliver(message: amqp.Message) -> None:
            subscription.on_delivery(AmqpDelivery(queue.name, message))

        channel.basic_consume(queue.name, consumer_tag=consumer.tag, callback=deliver)


def declare(channel: Any, queue: Queue) -> None:
    """Declare a queue and its bindings, and those of its exchanges that do not exist.

    Where the broker's definitions limit a service's user, they have made the exchanges, and the service may declare
    the queues that it reads and nothing else.
    """
    exchanges = {binding.exchange for binding in queue.bindings}
    if queue.durable and queue.dead_letter:
        exchanges.add(DEAD_LETTER_EXCHANGE)
    for exchange in sorted(exchanges):
        if not _exists(channel.connection, lambda probe: probe.exchange_declare(exchange, "topic", passive=True)):  # noqa: B023
            channel.exchange_declare(exchange, "topic", durable=True, auto_delete=False)
    _declare_queue(channel, queue)
    for binding in queue.bindings:
        channel.queue_bind(queue.name, binding.exchange, binding.routing_key)


def _declare_queue(channel: Any, queue: Queue) -> None:
    """One that exists otherwise, with another bound for instance, is used as it is."""
    declaring = channel.connection.channel()
    try:
        declaring.queue_declare(
            queue.name,
            durable=queue.durable,
            exclusive=not queue.durable,
            auto_delete=not queue.durable,
            arguments=arguments(queue),
        )
    except amqp.PreconditionFailed as error:
        log.warning("the queue %s was made otherwise and stays as it is: %s", queue.name, error.reply_text)
    else:
        declaring.close()


def _exists(connection: Any, ask: Callable[[Any], Any]) -> bool:
    """Whether a passive declaration finds what it names. It ends its channel when it does not."""
    channel = connection.channel()
    try:
        ask(channel)
    except amqp.NotFound:
        return False
    channel.close()
    return True


def _passively(queue: Queue, channel: Any) -> None:
    channel.queue_declare(queue.name, passive=True)


def arguments(queue: Queue) -> dict[str, Any]:
    """What RabbitMQ is told of a queue when it is declared."""
    if queue.rpc or not queue.durable:
        return {}
    if not queue.dead_letter:
        return {"x-queue-type": "quorum", "x-delivery-limit": NO_LIMIT}
    bound = {} if queue.limit is None else {"x-max-length": queue.limit}
    return bound | {
        "x-queue-type": "quorum",
        "x-delivery-limit": DELIVERY_LIMIT,
        "x-dead-letter-exchange": DEAD_LETTER_EXCHANGE,
        # A full queue refuses what comes, and the publisher is told.
        # At most once, the default, loses a dead letter when the broker dies; at least once needs reject-publish.
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }
