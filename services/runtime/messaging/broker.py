"""What the services need from a message broker, and the three failures of publishing.

Two brokers implement it: :mod:`services.runtime.amqp.broker` (RabbitMQ) and :mod:`services.runtime.inprocess.broker`
(the embedded mode). A container asks for its queues and consumers first and then calls ``start``.

    BrokerUnavailable          nothing can be said to the broker now
    ├── NotAccepted            surely not taken: refused, returned, or never sent
    └── Unconfirmed            sent, and neither confirmed nor refused: the outcome is unknown

    Refused                    never taken, however often it is published: not ``Unavailable``
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from services.runtime.failures import Unavailable

RPC_EXCHANGE = "nameko-rpc"
"""Where the services call each other, and any Nameko client calls them as it comes."""

SYSTEMS_RPC_EXCHANGE = "amq.topic"
"""Where other systems call when their broker user is limited to that. Every vhost has it and nobody can delete or
declare it, so that Nameko's clients, which declare any other exchange, need no right to do so."""

DEAD_LETTER_EXCHANGE = "dead-letters"

RESEND_EXCHANGE = "resend"
"""Leads to each work queue by the queue's name, as the default exchange does for every queue. A user's rights on the
default exchange cannot be limited to some queues; here they can."""


class BrokerUnavailable(Unavailable):
    """The broker cannot be reached, or does not answer in time."""


class NotAccepted(BrokerUnavailable):
    """The broker surely did not take the message."""


class Unconfirmed(BrokerUnavailable):
    """The message was sent and neither confirmed nor refused: it may or may not have been taken."""


class Refused(Exception):
    """The broker will never take these, however often they are published; it has taken the others of the call.

    items: the messages, or what they would have said
    """

    def __init__(self, reason: str, items: Sequence[Any]) -> None:
        super().__init__(reason)
        self.items = list(items)


@dataclass(frozen=True)
class Binding:
    """A queue's subscription to a topic exchange."""

    exchange: str
    routing_key: str


@dataclass(frozen=True)
class Queue:
    """A queue and how it is declared.

    durable:     a quorum queue (durable work) with the delivery limit; otherwise exclusive to this connection
                 and deleted with it (subscriptions, RPC replies)
    dead_letter: what the delivery limit sets aside goes to ``DEAD_LETTER_EXCHANGE``, at least once
    limit:       the most messages that it holds; further ones are refused (``NotAccepted``). None: no bound
    rpc:         Nameko's own kind of shared queue: durable, classic, no limit, so that any Nameko client works
    """

    name: str
    bindings: tuple[Binding, ...] = ()
    durable: bool = True
    dead_letter: bool = True
    limit: int | None = None
    rpc: bool = False


@dataclass(frozen=True)
class Message:
    """A message to publish.

    mandatory: it counts as taken only when at least one queue took it
    ttl:       seconds after which a real broker may drop it unread (an RPC call nobody waits for any more)
    """

    exchange: str
    routing_key: str
    body: bytes
    headers: Mapping[str, Any] = field(default_factory=dict)
    content_type: str = "application/json"
    correlation_id: str | None = None
    reply_to: str | None = None
    mandatory: bool = True
    persistent: bool = True
    ttl: float | None = None


class Delivery(Protocol):
    """A message that a consumer holds until it acknowledges or rejects it; both never raise: on a broken
    connection they do nothing, since the broker delivers again by itself."""

    queue: str
    exchange: str
    routing_key: str
    body: bytes
    headers: Mapping[str, Any]
    content_type: str | None
    content_encoding: str | None
    correlation_id: str | None
    reply_to: str | None
    user_id: str | None
    redelivered: bool

    @property
    def alive(self) -> bool:
        """False once the connection that delivered it is gone: the broker will deliver it again."""

    def acknowledge(self) -> None: ...

    def reject(self, *, requeue: bool) -> None:
        """``requeue``: counts towards the delivery limit. Otherwise it goes to the dead letters at once."""


class Consumer(Protocol):
    """A running consumer."""

    def cancel(self) -> None:
        """Ask for no more deliveries; those already held may still be acknowledged."""


class Broker(Protocol):
    """A broker as one container sees it."""

    @property
    def connected(self) -> bool:
        """Publishing and every consumer work now."""

    def declare(self, queues: Sequence[Queue]) -> None:
        """Have these queues (with exchanges and bindings) declared whenever a connection is made."""

    def consume(
        self,
        queue: Queue,
        prefetch: int,
        on_delivery: Callable[[Delivery], None],
        on_connected: Callable[[], None] | None = None,
    ) -> Consumer:
        """Consume from now on and after every reconnection. ``on_delivery`` must not block; ``on_connected`` is
        called in a greenlet of its own each time the consumer is (again) in place."""

    def publish(self, messages: Sequence[Message], timeout: float) -> None:
        """Publish all, pipelined, and return when all are confirmed.

        Raises ``NotAccepted`` when the broker surely took none of those not confirmed (not connected, refused, or
        mandatory and unrouted) and ``Unconfirmed`` when the answer stayed out for ``timeout`` seconds; ``Refused`` when
        all others are confirmed.
        """

    def depth(self, queue: str) -> int | None:
        """The messages that wait on a queue and that nobody holds; None when that cannot be told now."""

    def start(self, timeout: float | None = None) -> None:
        """Connect and declare everything; returns when done, however long the broker takes to be there.

        Raises ``BrokerUnavailable`` when ``timeout`` seconds were given and have passed."""

    def stop(self) -> None:
        """Close all connections. Unacknowledged deliveries go back to their queues."""
