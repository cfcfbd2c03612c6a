"""A message that RabbitMQ refuses fails alone: it takes no neighbour with it, and is not repeated."""

from collections.abc import Iterator
from typing import Any

import eventlet
import pytest

from services.runtime.amqp.broker import AmqpBroker
from services.runtime.messaging.broker import Message, NotAccepted, Queue, Refused
from tests.broker_contract.endpoints import unique, work
from tests.own_servers import OwnRabbitMQ, own_rabbitmq
from tests.waiting import PATIENCE, eventually

LARGEST = 100_000
EXCHANGE = "test.refused"
NEIGHBOURS = 40

REFUSED: dict[str, Any] = {
    "above the maximum": {"body": b"x" * (LARGEST + 1)},
    "properties above a frame": {"headers": {"h": "x" * 200_000}},
    "a routing key that cannot be encoded": {"routing_key": "k" * 300},
    "a header that cannot be encoded": {"headers": {"h": object()}},
}


@pytest.fixture(scope="module")
def server() -> Iterator[OwnRabbitMQ]:
    with own_rabbitmq(f"max_message_size = {LARGEST}\n") as started:
        yield started


@pytest.fixture
def queue() -> Queue:
    return work(EXCHANGE, "said")


@pytest.fixture
def broker(server: OwnRabbitMQ, queue: Queue) -> Iterator[AmqpBroker]:
    started = AmqpBroker(server.uri, "test")
    started.declare([queue])
    started.start()
    yield started
    started.stop()


def _message(**members: Any) -> Message:
    return Message(**({"exchange": EXCHANGE, "routing_key": "said", "body": b"{}"} | members))


@pytest.mark.parametrize("members", REFUSED.values(), ids=REFUSED)
def test_it_is_refused_and_what_is_published_with_it_is_taken(
    broker: AmqpBroker, queue: Queue, members: dict[str, Any]
) -> None:
    bad = _message(**members)
    with pytest.raises(Refused) as refused:
        broker.publish([_message(), bad, _message()], PATIENCE)
    assert refused.value.items == [bad]
    broker.publish([_message()], PATIENCE)
    _arrive(broker, queue, 3)


@pytest.mark.parametrize("members", REFUSED.values(), ids=REFUSED)
def test_what_others_publish_at_the_same_time_is_taken(
    broker: AmqpBroker, queue: Queue, members: dict[str, Any]
) -> None:
    before = [eventlet.spawn(broker.publish, [_message()], PATIENCE) for _ in range(NEIGHBOURS)]
    bad = eventlet.spawn(broker.publish, [_message(**members)], PATIENCE)
    after = [eventlet.spawn(broker.publish, [_message()], PATIENCE) for _ in range(NEIGHBOURS)]
    with pytest.raises(Refused):
        bad.wait()
    later = [eventlet.spawn(broker.publish, [_message()], PATIENCE) for _ in range(NEIGHBOURS)]
    for each in before + after + later:
        each.wait()
    _arrive(broker, queue, 3 * NEIGHBOURS)


def test_an_exchange_that_is_missing_is_waited_for_and_troubles_nobody_else(broker: AmqpBroker, queue: Queue) -> None:
    neighbours = [eventlet.spawn(broker.publish, [_message()], PATIENCE) for _ in range(NEIGHBOURS)]
    lost = eventlet.spawn(broker.publish, [_message(exchange=unique("missing"))], PATIENCE)
    with pytest.raises(NotAccepted, match="NOT_FOUND"):
        lost.wait()
    for each in neighbours:
        each.wait()
    _arrive(broker, queue, NEIGHBOURS)


def test_confirms_still_belong_to_their_messages_after_one_that_was_never_sent(
    broker: AmqpBroker, queue: Queue
) -> None:
    """Its tag is given to the next one: otherwise every later publish would wait for another's confirm."""
    with pytest.raises(Refused):
        broker.publish([_message(headers={"h": object()})], PATIENCE)
    with pytest.raises(NotAccepted):
        broker.publish([_message(routing_key="nobody's")], PATIENCE)
    broker.publish([_message()], PATIENCE)
    _arrive(broker, queue, 1)


def test_the_connection_for_one_at_a_time_is_closed_when_nobody_needs_it(
    server: OwnRabbitMQ, broker: AmqpBroker
) -> None:
    with pytest.raises(Refused):
        broker.publish([_message(**REFUSED["above the maximum"])], PATIENCE)
    eventually(lambda: broker.connected)
    eventually(lambda: "one by one" not in server.ctl("list_connections", "client_properties"))


def _arrive(broker: AmqpBroker, queue: Queue, count: int) -> None:
    """Some may come twice: RabbitMQ had taken them, and could not say so any more."""
    eventually(lambda: (broker.depth(queue.name) or 0) >= count)
