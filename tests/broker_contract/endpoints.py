"""Both ends of a broker: queues of a test's own, an inbox to read, messages to say."""

import secrets
from typing import Protocol

import eventlet
import pytest
from eventlet.queue import Empty, LightQueue

from services.runtime.messaging.broker import (
    DEAD_LETTER_EXCHANGE,
    Binding,
    Broker,
    Consumer,
    Delivery,
    Message,
    NotAccepted,
    Queue,
)
from tests.waiting import PATIENCE

TIMEOUT = PATIENCE


class Connect(Protocol):
    """The fixture ``connect``: a new connection to the same broker, not started yet, stopped after the test."""

    def __call__(self) -> Broker: ...


class Inbox:
    """A consumer's deliveries, to be read one by one."""

    def __init__(self, broker: Broker, queue: Queue, prefetch: int = 10) -> None:
        self._arrived: LightQueue = LightQueue()
        self.consumer: Consumer = broker.consume(queue, prefetch, self._arrived.put)

    def next(self) -> Delivery:
        """The next delivery; fails when none comes."""
        try:
            delivery: Delivery = self._arrived.get(timeout=TIMEOUT)
        except Empty:
            pytest.fail("no message was delivered")
        return delivery

    def bodies(self, count: int) -> list[bytes]:
        """The bodies of the next ``count`` deliveries, acknowledged."""
        found = []
        for _ in range(count):
            delivery = self.next()
            found.append(delivery.body)
            delivery.acknowledge()
        return found

    def stays_empty(self, seconds: float = 0.3) -> bool:
        """Whether nothing arrives for a while."""
        eventlet.sleep(seconds)
        return bool(self._arrived.empty())


def unique(word: str) -> str:
    """A name that no other test uses."""
    return f"{word}-{secrets.token_hex(4)}"


def work(exchange: str, *keys: str) -> Queue:
    """A durable queue with dead letters."""
    return Queue(unique("work"), tuple(Binding(exchange, key) for key in keys))


def transient(exchange: str, *keys: str) -> Queue:
    """An exclusive queue."""
    return Queue(unique("heard"), tuple(Binding(exchange, key) for key in keys), durable=False, dead_letter=False)


def dead_letters(key: str) -> Queue:
    """A queue of the dead letters of one routing key."""
    return Queue(unique("dead"), (Binding(DEAD_LETTER_EXCHANGE, key),), dead_letter=False)


def say(broker: Broker, exchange: str, key: str, *bodies: bytes) -> None:
    """Publish, and see it accepted."""
    broker.publish([Message(exchange, key, body) for body in bodies], TIMEOUT)


def started(broker: Broker, *queues: Queue) -> Broker:
    """The same connection, with these queues declared."""
    broker.declare(queues)
    broker.start(TIMEOUT)
    return broker


def accepted(broker: Broker, exchange: str, key: str) -> bool:
    """Whether some queue takes a message."""
    try:
        say(broker, exchange, key, b"{}")
    except NotAccepted:
        return False
    return True


@pytest.fixture
def exchange() -> str:
    """An exchange of the test's own."""
    return unique("exchange")
