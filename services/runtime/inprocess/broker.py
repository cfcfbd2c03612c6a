"""A broker inside this process, for the embedded mode and for tests.

It behaves as RabbitMQ does where the services rely on it (routing, delivery limit, dead letters, prefetch, redelivery)
and forgets everything when the process ends. It belongs to one thread: that of the eventlet hub.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import eventlet

from services.runtime.inprocess.queues import InProcessConsumer, MessageQueue, QueuedMessage
from services.runtime.inprocess.routing import Routes
from services.runtime.messaging.broker import (
    DEAD_LETTER_EXCHANGE,
    BrokerUnavailable,
    Consumer,
    Delivery,
    Message,
    NotAccepted,
    Queue,
)


class InProcessBroker:
    """Exchanges and queues. Containers reach them by a ``connection`` each, so that one can stop alone."""

    def __init__(self) -> None:
        self._queues: dict[str, MessageQueue] = {}
        self._owners: dict[str, InProcessConnection] = {}
        self._routes: Routes[MessageQueue] = Routes()
        self._unrouted: list[Message] = []

    def connection(self, name: str) -> "InProcessConnection":
        """A ``Broker`` for one container, by whose name its failures are told."""
        return InProcessConnection(self, name)

    def declare(self, declared: Queue, owner: "InProcessConnection") -> MessageQueue:
        """The queue, made if need be. Raises ``ValueError`` when it exists otherwise, or for another owner alone."""
        queue = self._queues.get(declared.name)
        if queue is None:
            queue = self._queues[declared.name] = MessageQueue(declared, self._set_aside, self.remove)
            if not declared.durable:
                self._owners[declared.name] = owner
        if replace(declared, bindings=()) != replace(queue.declared, bindings=()):
            raise ValueError(f"the queue {declared.name} exists and is declared otherwise: {queue.declared}")
        if self._owners.get(declared.name, owner) is not owner:
            raise ValueError(f"the queue {declared.name} belongs to another connection alone")
        for binding in declared.bindings:
            self._routes.bind(queue, binding)
        unrouted, self._unrouted = self._unrouted, []
        for message in unrouted:
            self._put_dead_letter(message)
        return queue

    def remove(self, queue: MessageQueue) -> None:
        """Delete an exclusive queue with what it holds."""
        if self._queues.get(queue.declared.name) is queue:
            del self._queues[queue.declared.name]
            del self._owners[queue.declared.name]
            self._routes.unbind(queue)

    def remove_queues_of(self, owner: "InProcessConnection") -> None:
        """Delete every exclusive queue of a connection."""
        for name in [name for name, other in self._owners.items() if other is owner]:
            self.remove(self._queues[name])

    def put(self, messages: Sequence[Message]) -> None:
        """Queue all messages, or none: raises ``NotAccepted`` when a mandatory one has no queue to go to."""
        routed = [(message, self._find(message)) for message in messages]
        for message, queues in routed:
            if message.mandatory and not queues:
                raise NotAccepted(f"no queue takes {message.routing_key!r} from the exchange {message.exchange!r}")
        for message, queues in routed:
            _put(message, queues)

    def depth(self, queue: str) -> int | None:
        """The messages that wait on a queue; None when there is no such queue."""
        found = self._queues.get(queue)
        return None if found is None else found.depth

    def _find(self, message: Message) -> Sequence[MessageQueue]:
        if message.exchange:
            return self._routes.find(message.exchange, message.routing_key)
        queue = self._queues.get(message.routing_key)
        return () if queue is None else (queue,)

    def _set_aside(self, queue: MessageQueue, queued: QueuedMessage, reason: str) -> None:
        headers = _with_death(queued, queue.declared.name, reason)
        self._put_dead_letter(replace(queued.message, exchange=DEAD_LETTER_EXCHANGE, headers=headers))

    def _put_dead_letter(self, message: Message) -> None:
        """Dead letters are never dropped: those that no queue takes wait until one does."""
        queues = self._find(message)
        if queues:
            _put(message, queues)
        else:
            self._unrouted.append(message)


class InProcessConnection:
    """The broker as one container sees it; see ``Broker``. After ``stop`` it stays closed."""

    def __init__(self, broker: InProcessBroker, name: str) -> None:
        self._broker = broker
        self._name = name
        self._queues: list[Queue] = []
        self._consumers: list[tuple[Queue, InProcessConsumer, Callable[[], None] | None]] = []
        self._connected = False
        self._stopped = False

    @property
    def connected(self) -> bool:
        """See ``Broker``."""
        return self._connected

    def declare(self, queues: Sequence[Queue]) -> None:
        """See ``Broker``; at once when it has started. Raises ``ValueError`` as ``InProcessBroker.declare``."""
        self._queues.extend(queues)
        if self._connected:
            for queue in queues:
                self._broker.declare(queue, self)

    def consume(
        self,
        queue: Queue,
        prefetch: int,
        on_delivery: Callable[[Delivery], None],
        on_connected: Callable[[], None] | None = None,
    ) -> Consumer:
        """See ``Broker``. ``prefetch`` is 1 or more, ``on_connected`` is called once."""
        consumer = InProcessConsumer(queue.name, prefetch, on_delivery)
        self._consumers.append((queue, consumer, on_connected))
        if self._connected:
            consumer.attach(self._broker.declare(queue, self))
            _announce(on_connected)
        return consumer

    def publish(self, messages: Sequence[Message], timeout: float) -> None:
        """See ``Broker``. Returns at once; raises ``NotAccepted`` when none of the messages was taken."""
        if not self._connected:
            raise NotAccepted(f"the in-process broker is not connected to {self._name}")
        self._broker.put(messages)

    def depth(self, queue: str) -> int | None:
        """See ``Broker``."""
        return self._broker.depth(queue)

    def start(self, timeout: float | None = None) -> None:
        """See ``Broker``."""
        if self._stopped:
            raise BrokerUnavailable(f"the in-process broker's connection to {self._name} was closed")
        if self._connected:
            return
        self._connected = True
        for queue in self._queues:
            self._broker.declare(queue, self)
        for queue, consumer, _ in self._consumers:
            consumer.attach(self._broker.declare(queue, self))
        for _, _, on_connected in self._consumers:
            _announce(on_connected)

    def stop(self) -> None:
        """See ``Broker``."""
        self._connected = False
        self._stopped = True
        for _, consumer, _ in self._consumers:
            consumer.close()
        self._broker.remove_queues_of(self)


def _put(message: Message, queues: Sequence[MessageQueue]) -> None:
    headers = dict(message.headers)
    for queue in queues:
        queue.put(QueuedMessage(message, headers))


def _announce(on_connected: Callable[[], None] | None) -> None:
    if on_connected is not None:
        eventlet.spawn(on_connected)


def _with_death(queued: QueuedMessage, queue: str, reason: str) -> Mapping[str, Any]:
    """The headers that RabbitMQ gives a dead letter: its deaths, counted by queue and reason, the latest first."""
    message = queued.message
    earlier: list[dict[str, Any]] = list(queued.headers.get("x-death", ()))
    death: dict[str, Any] = {
        "count": 1,
        "reason": reason,
        "queue": queue,
        "exchange": message.exchange,
        "routing-keys": [message.routing_key],
    }
    for same in [each for each in earlier if (each["queue"], each["reason"]) == (queue, reason)]:
        earlier.remove(same)
        death = {**same, "count": same["count"] + 1}
    first = {f"x-first-death-{part}": death[part] for part in ("exchange", "queue", "reason")}
    return {**first, **queued.headers, "x-death": [death, *earlier]}
