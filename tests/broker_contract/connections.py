"""What a connection's start and end mean for its queues and messages."""

import eventlet
import pytest
from eventlet.queue import LightQueue

from services.runtime.messaging.broker import NotAccepted
from tests.broker_contract.endpoints import TIMEOUT, Connect, Inbox, accepted, say, started, transient, work
from tests.waiting import eventually


def test_nothing_is_accepted_before_the_start_or_after_the_stop(connect: Connect, exchange: str) -> None:
    broker, queue = connect(), work(exchange, "said")
    broker.declare([queue])
    with pytest.raises(NotAccepted):
        say(broker, exchange, "said", b"1")
    broker.start(TIMEOUT)
    say(broker, exchange, "said", b"1")
    broker.stop()
    with pytest.raises(NotAccepted):
        say(broker, exchange, "said", b"1")


def test_it_says_whether_it_is_connected(connect: Connect) -> None:
    broker = connect()
    assert broker.connected is False
    broker.start(TIMEOUT)
    assert broker.connected is True
    broker.stop()
    assert broker.connected is False


def test_starting_or_stopping_twice_changes_nothing(connect: Connect, exchange: str) -> None:
    broker = connect()
    inbox = Inbox(broker, work(exchange, "said"))
    broker.start(TIMEOUT)
    broker.start(TIMEOUT)
    say(broker, exchange, "said", b"1")
    assert inbox.bodies(1) == [b"1"]
    assert inbox.stays_empty()
    broker.stop()
    broker.stop()


def test_it_tells_once_that_the_consumers_are_in_place(connect: Connect, exchange: str) -> None:
    broker, arrived, told = connect(), LightQueue(), LightQueue()

    def tell() -> None:
        say(broker, exchange, "later", b"to the last of the consumers")
        told.put("connected")

    broker.consume(transient(exchange, "said"), 1, arrived.put, tell)
    broker.consume(transient(exchange, "later"), 1, arrived.put)
    assert told.empty()
    broker.start(TIMEOUT)
    assert told.get(timeout=TIMEOUT) == "connected"
    assert arrived.get(timeout=TIMEOUT).body == b"to the last of the consumers"
    eventlet.sleep(0.1)
    assert told.empty()


def test_a_durable_queue_keeps_messages_for_a_consumer_that_comes_later(connect: Connect, exchange: str) -> None:
    queue = work(exchange, "said")
    speaker = started(connect(), queue)
    say(speaker, exchange, "said", b"1", b"2")
    speaker.stop()
    listener = connect()
    inbox = Inbox(listener, queue)
    listener.start(TIMEOUT)
    assert inbox.bodies(2) == [b"1", b"2"]


def test_a_transient_queue_goes_with_its_connection(connect: Connect, exchange: str) -> None:
    listener, speaker = connect(), started(connect())
    Inbox(listener, transient(exchange, "said"))
    listener.start(TIMEOUT)
    assert accepted(speaker, exchange, "said")
    listener.stop()
    eventually(lambda: not accepted(speaker, exchange, "said"))


def test_a_transient_queue_goes_with_its_last_consumer(connect: Connect, exchange: str) -> None:
    listener, speaker = connect(), started(connect())
    inbox = Inbox(listener, transient(exchange, "said"))
    listener.start(TIMEOUT)
    assert accepted(speaker, exchange, "said")
    inbox.consumer.cancel()
    eventually(lambda: not accepted(speaker, exchange, "said"))


def test_the_stop_of_one_connection_leaves_the_others_working(connect: Connect, exchange: str) -> None:
    queue, one, other = work(exchange, "said"), connect(), connect()
    inbox = Inbox(other, queue)
    started(one, queue)
    other.start(TIMEOUT)
    one.stop()
    say(other, exchange, "said", b"1")
    assert inbox.bodies(1) == [b"1"]


def test_what_a_stopped_connection_held_goes_to_another_in_order(connect: Connect, exchange: str) -> None:
    queue, one, other = work(exchange, "said"), connect(), connect()
    inbox = Inbox(one, queue)
    one.start(TIMEOUT)
    say(one, exchange, "said", b"1", b"2", b"3")
    held = [inbox.next(), inbox.next(), inbox.next()]
    held[0].acknowledge()
    assert [delivery.alive for delivery in held] == [True, True, True]
    # An acknowledgement is not confirmed; what is on its way when a connection ends is lost.
    eventlet.sleep(0.2)
    one.stop()
    assert [delivery.alive for delivery in held] == [False, False, False]
    heir = Inbox(other, queue)
    other.start(TIMEOUT)
    again = [heir.next(), heir.next()]
    assert [(delivery.body, delivery.redelivered) for delivery in again] == [(b"2", True), (b"3", True)]
    assert heir.stays_empty()


def test_settling_after_the_stop_does_nothing(connect: Connect, exchange: str) -> None:
    queue, one, other = work(exchange, "said"), connect(), connect()
    inbox = Inbox(one, queue)
    one.start(TIMEOUT)
    say(one, exchange, "said", b"1", b"2")
    first, second = inbox.next(), inbox.next()
    one.stop()
    first.acknowledge()
    second.reject(requeue=False)
    heir = Inbox(other, queue)
    other.start(TIMEOUT)
    assert heir.bodies(2) == [b"1", b"2"]
