"""The queues of the in-process broker, their consumers, and what those hold."""

import logging
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import eventlet

from services.runtime.messaging.broker import Delivery, Message, Queue

log = logging.getLogger(__name__)

DELIVERY_LIMIT = 3
"""Redeliveries: a message is tried four times in all."""

SLICE = 100
"""Deliveries that a queue hands out before it lets other greenlets run."""


class QueuedMessage:
    """A message in one queue. ``returns``: how often it came back from a consumer."""

    __slots__ = ("headers", "message", "returns")

    def __init__(self, message: Message, headers: Mapping[str, Any]) -> None:
        self.message = message
        self.headers = headers
        self.returns = 0


class MessageQueue:
    """Messages in order, handed to the consumers in turn by a greenlet that lives only while there is something to do.

    What comes back goes before what is new. There is no bound: what is not read stays in memory.

    set_aside: called with what goes to the dead letters, and the reason
    removed:   called when an exclusive queue has lost its last consumer
    """

    def __init__(
        self,
        declared: Queue,
        set_aside: Callable[["MessageQueue", QueuedMessage, str], None],
        removed: Callable[["MessageQueue"], None],
    ) -> None:
        self.declared = declared
        self.counts = declared.durable and not declared.rpc
        self._dead_letters = self.counts and declared.dead_letter
        self._set_aside = set_aside
        self._removed = removed
        self._ready: deque[QueuedMessage] = deque()
        self._returned: deque[QueuedMessage] = deque()
        self._consumers: deque[InProcessConsumer] = deque()
        self._dispatching = False

    @property
    def depth(self) -> int:
        """The messages that no consumer holds."""
        return len(self._ready) + len(self._returned)

    def put(self, queued: QueuedMessage) -> None:
        """Append a new message."""
        self._ready.append(queued)
        self.wake()

    def put_back(self, queued: QueuedMessage) -> None:
        """Take a message back unprocessed, unless that is once too often."""
        queued.returns += 1
        if self._dead_letters and queued.returns > DELIVERY_LIMIT:
            self._set_aside(self, queued, "delivery_limit")
        else:
            self._returned.append(queued)
            self.wake()

    def refuse(self, queued: QueuedMessage) -> None:
        """Set a message aside at once; a queue without dead letters drops it, as RabbitMQ does."""
        if self._dead_letters:
            self._set_aside(self, queued, "rejected")

    def add(self, consumer: "InProcessConsumer") -> None:
        """Begin to hand messages to it."""
        self._consumers.append(consumer)
        self.wake()

    def remove(self, consumer: "InProcessConsumer") -> None:
        """Hand no more messages to it."""
        if consumer in self._consumers:
            self._consumers.remove(consumer)
            if not self._consumers and not self.declared.durable:
                self._removed(self)

    def wake(self) -> None:
        """Something may be deliverable: have a greenlet see to it. Nothing is ever delivered within a call of
        ``publish`` or of a settlement, so that no consumer runs inside another's code."""
        if not self._dispatching and (self._ready or self._returned) and self._consumers:
            self._dispatching = True
            eventlet.spawn_n(self._dispatch)

    def _dispatch(self) -> None:
        handed = 0
        try:
            while (self._returned or self._ready) and (consumer := self._next_consumer()) is not None:
                consumer.hand((self._returned or self._ready).popleft())
                handed += 1
                if handed % SLICE == 0:
                    eventlet.sleep(0)
        finally:
            self._dispatching = False

    def _next_consumer(self) -> "InProcessConsumer | None":
        for _ in range(len(self._consumers)):
            consumer = self._consumers[0]
            self._consumers.rotate(-1)
            if consumer.has_room:
                return consumer
        return None


class InProcessConsumer:
    """See ``Consumer``. ``alive`` ends with the connection, not with ``cancel``."""

    def __init__(self, queue_name: str, prefetch: int, on_delivery: Callable[[Delivery], None]) -> None:
        self.queue_name = queue_name
        self.alive = True
        self._prefetch = prefetch
        self._on_delivery = on_delivery
        self._held: dict[InProcessDelivery, None] = {}
        self._queue: MessageQueue | None = None
        self._cancelled = False

    @property
    def has_room(self) -> bool:
        """It holds less than its prefetch."""
        return len(self._held) < self._prefetch

    def attach(self, queue: MessageQueue) -> None:
        """The connection is there: begin, unless cancelled meanwhile."""
        if not self._cancelled:
            self._queue = queue
            queue.add(self)

    def cancel(self) -> None:
        """See ``Consumer``."""
        self._cancelled = True
        if self._queue is not None:
            self._queue.remove(self)

    def close(self) -> None:
        """The connection ends: what is held goes back to the queue, in order."""
        self.cancel()
        self.alive = False
        held, self._held = self._held, {}
        for delivery in held:
            delivery.home.put_back(delivery.queued)

    def hand(self, queued: QueuedMessage) -> None:
        """Deliver one message."""
        assert self._queue is not None
        delivery = InProcessDelivery(self, self._queue, queued)
        self._held[delivery] = None
        try:
            self._on_delivery(delivery)
        except Exception:
            log.exception("a consumer of %s cannot take deliveries; the message is set aside", self.queue_name)
            delivery.reject(requeue=False)

    def let_go(self, delivery: "InProcessDelivery") -> bool:
        """Whether it was still held; it is no more."""
        if delivery not in self._held:
            return False
        del self._held[delivery]
        return True


class InProcessDelivery:
    """See ``Delivery``."""

    content_encoding: str | None = "utf-8"
    user_id: str | None = None

    def __init__(self, consumer: InProcessConsumer, home: MessageQueue, queued: QueuedMessage) -> None:
        message = queued.message
        self.home = home
        self.queued = queued
        self.queue = home.declared.name
        self.exchange = message.exchange
        self.routing_key = message.routing_key
        self.body = message.body
        self.content_type: str | None = message.content_type
        self.correlation_id = message.correlation_id
        self.reply_to = message.reply_to
        self.redelivered = queued.returns > 0
        counted = self.redelivered and home.counts
        self.headers: Mapping[str, Any] = (
            {**queued.headers, "x-delivery-count": queued.returns} if counted else queued.headers
        )
        self._consumer = consumer

    @property
    def alive(self) -> bool:
        """See ``Delivery``."""
        return self._consumer.alive

    def acknowledge(self) -> None:
        """See ``Delivery``."""
        if self._consumer.let_go(self):
            self.home.wake()

    def reject(self, *, requeue: bool) -> None:
        """See ``Delivery``."""
        if not self._consumer.let_go(self):
            return
        if requeue:
            self.home.put_back(self.queued)
        else:
            self.home.refuse(self.queued)
        self.home.wake()
