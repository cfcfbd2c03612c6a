import logging
import time
from collections.abc import Iterator

import eventlet
import pytest
from eventlet.queue import LightQueue

from services.runtime.inprocess.broker import InProcessBroker, InProcessConnection
from services.runtime.messaging.broker import BrokerUnavailable, Delivery, Message, NotAccepted, Queue
from tests.broker_contract import *  # noqa: F403
from tests.broker_contract import TIMEOUT, Connect, Inbox, dead_letters, say, started, transient, work


@pytest.fixture
def connect() -> Iterator[Connect]:
    broker, connections = InProcessBroker(), list[InProcessConnection]()

    def connection() -> InProcessConnection:
        connections.append(broker.connection(f"container-{len(connections)}"))
        return connections[-1]

    yield connection
    for each in connections:
        each.stop()


def test_nothing_is_delivered_inside_publish(connect: Connect, exchange: str) -> None:
    broker, seen = connect(), list[Delivery]()
    broker.consume(work(exchange, "said"), 10, seen.append)
    broker.start()
    say(broker, exchange, "said", b"1")
    assert seen == []
    eventlet.sleep(0)
    assert [delivery.body for delivery in seen] == [b"1"]


def test_nothing_is_delivered_inside_a_settlement(connect: Connect, exchange: str) -> None:
    broker, seen = connect(), list[Delivery]()
    broker.consume(work(exchange, "said"), 1, seen.append)
    broker.start()
    say(broker, exchange, "said", b"1", b"2")
    eventlet.sleep(0)
    seen[0].acknowledge()
    assert len(seen) == 1
    eventlet.sleep(0)
    assert [delivery.body for delivery in seen] == [b"1", b"2"]


def test_a_consumer_that_publishes_to_itself_does_not_starve_others(connect: Connect, exchange: str) -> None:
    broker = connect()

    def again(delivery: Delivery) -> None:
        delivery.acknowledge()
        say(broker, exchange, "said", b"again")

    broker.consume(work(exchange, "said"), 1, again)
    broker.start()
    say(broker, exchange, "said", b"first")
    with eventlet.Timeout(TIMEOUT):
        for _ in range(10):
            eventlet.sleep(0)


def test_all_messages_of_a_call_are_taken_or_none(connect: Connect, exchange: str) -> None:
    broker = connect()
    inbox = Inbox(broker, work(exchange, "said"))
    broker.start()
    with pytest.raises(NotAccepted, match="'unsaid'"):
        broker.publish([Message(exchange, "said", b"1"), Message(exchange, "unsaid", b"2")], TIMEOUT)
    assert inbox.stays_empty(0.01)


def test_a_dead_letter_waits_until_a_queue_takes_it(connect: Connect, exchange: str) -> None:
    broker = connect()
    inbox = Inbox(broker, work(exchange, "said"))
    broker.start()
    say(broker, exchange, "said", b"poison")
    inbox.next().reject(requeue=False)
    assert Inbox(broker, dead_letters("said")).bodies(1) == [b"poison"]


def test_a_consumer_that_fails_at_a_delivery_has_it_set_aside_and_goes_on(
    connect: Connect, exchange: str, caplog: pytest.LogCaptureFixture
) -> None:
    broker, seen = connect(), LightQueue()

    def take(delivery: Delivery) -> None:
        if delivery.body == b"bad":
            raise RuntimeError("cannot take this")
        seen.put(delivery)

    broker.consume(work(exchange, "said"), 1, take)
    dead = Inbox(broker, dead_letters("said"))
    broker.start()
    with caplog.at_level(logging.ERROR):
        say(broker, exchange, "said", b"bad", b"good")
        assert seen.get(timeout=TIMEOUT).body == b"good"
    assert dead.bodies(1) == [b"bad"]
    assert "cannot take this" in caplog.text


def test_queues_and_consumers_may_be_added_after_the_start(connect: Connect, exchange: str) -> None:
    broker, told = connect(), LightQueue()
    broker.start()
    queue = work(exchange, "said")
    broker.declare([queue])
    say(broker, exchange, "said", b"1")
    arrived: LightQueue = LightQueue()
    broker.consume(queue, 1, arrived.put, lambda: told.put("connected"))
    assert arrived.get(timeout=TIMEOUT).body == b"1"
    assert told.get(timeout=TIMEOUT) == "connected"


def test_a_transient_queue_is_for_its_connection_alone(connect: Connect, exchange: str) -> None:
    queue = transient(exchange, "said")
    started(connect(), queue)
    with pytest.raises(ValueError, match="belongs to another connection"):
        started(connect(), queue)


def test_a_queue_cannot_be_declared_in_two_ways(connect: Connect) -> None:
    started(connect(), Queue("q"))
    with pytest.raises(ValueError, match="declared otherwise"):
        started(connect(), Queue("q", dead_letter=False))


def test_a_stopped_connection_stays_closed(connect: Connect) -> None:
    broker = connect()
    broker.start()
    broker.stop()
    with pytest.raises(BrokerUnavailable):
        broker.start()


def test_nobody_is_vouched_for(connect: Connect, exchange: str) -> None:
    broker = connect()
    inbox = Inbox(broker, work(exchange, "said"))
    broker.start()
    say(broker, exchange, "said", b"1")
    assert inbox.next().user_id is None


def test_an_idle_broker_does_nothing(connect: Connect, exchange: str, monkeypatch: pytest.MonkeyPatch) -> None:
    broker = connect()
    inbox = Inbox(broker, work(exchange, "said"))
    broker.start()
    say(broker, exchange, "said", b"1", b"2")
    assert inbox.bodies(2) == [b"1", b"2"]
    eventlet.sleep(0)
    hub, scheduled = eventlet.hubs.get_hub(), list[object]()
    add_timer = hub.add_timer

    def count(timer: object) -> object:
        scheduled.append(timer)
        return add_timer(timer)

    monkeypatch.setattr(hub, "add_timer", count)
    eventlet.sleep(0.2)
    assert len(scheduled) == 1, "only this sleep"


def test_it_carries_more_than_twenty_thousand_messages_a_second(connect: Connect, exchange: str) -> None:
    broker, done = connect(), LightQueue()
    left = count = 20_000

    def take(delivery: Delivery) -> None:
        nonlocal left
        delivery.acknowledge()
        left -= 1
        if left == 0:
            done.put(None)

    broker.consume(work(exchange, "said"), 64, take)
    broker.start()
    # CPU time, since the machine may be busy with something else.
    began = time.process_time()
    for _ in range(count):
        broker.publish([Message(exchange, "said", b"{}")], TIMEOUT)
    done.get(timeout=60)
    assert count / (time.process_time() - began) > 20_000
