"""Which queues take a message, and what of it arrives."""

import pytest

from services.runtime.messaging.broker import Message, NotAccepted
from tests.broker_contract.endpoints import TIMEOUT, Connect, Inbox, accepted, say, started, transient, unique, work
from tests.waiting import eventually


def test_a_message_arrives_with_everything_that_its_sender_stated(connect: Connect, exchange: str) -> None:
    broker, queue = connect(), work(exchange, "said")
    inbox = Inbox(broker, queue)
    broker.start(TIMEOUT)
    broker.publish(
        [Message(exchange, "said", b'{"a":"\xc3\xa9"}', {"h": ["x"]}, "application/json", "c1", "somewhere")], TIMEOUT
    )
    delivery = inbox.next()
    assert (delivery.queue, delivery.exchange, delivery.routing_key) == (queue.name, exchange, "said")
    assert (delivery.body, dict(delivery.headers)) == (b'{"a":"\xc3\xa9"}', {"h": ["x"]})
    assert (delivery.content_type, delivery.correlation_id, delivery.reply_to) == (
        "application/json",
        "c1",
        "somewhere",
    )
    assert (delivery.redelivered, delivery.alive) == (False, True)


def test_a_body_that_is_no_text_arrives_as_it_is(connect: Connect, exchange: str) -> None:
    broker = connect()
    inbox = Inbox(broker, work(exchange, "said"))
    broker.start(TIMEOUT)
    say(broker, exchange, "said", b"\xff\x00\xfe")
    assert inbox.bodies(1) == [b"\xff\x00\xfe"]


@pytest.mark.parametrize(
    ("pattern", "key", "taken"),
    [
        ("a.b", "a.b", True),
        ("a.b", "a.c", False),
        ("a.*", "a.b", True),
        ("a.*", "a", False),
        ("a.*", "a.b.c", False),
        ("*.b", "a.b", True),
        ("a.#", "a", True),
        ("a.#", "a.b.c", True),
        ("#.c", "a.b.c", True),
        ("#.c", "c", True),
        ("a.#.d", "a.d", True),
        ("a.#.d", "a.b.c.d", True),
        ("a.#.d", "a.b.c", False),
        ("a.*.#.d", "a.d", False),
        ("#", "anything.at.all", True),
        ("#", "", True),
        ("*", "", False),
    ],
)
def test_a_star_stands_for_one_word_and_a_hash_for_any_number(
    connect: Connect, exchange: str, pattern: str, key: str, taken: bool
) -> None:
    broker = started(connect(), transient(exchange, pattern))
    assert accepted(broker, exchange, key) is taken


def test_the_default_exchange_reaches_a_queue_by_its_name(connect: Connect, exchange: str) -> None:
    broker, queue = connect(), work(exchange)
    inbox = Inbox(broker, queue)
    broker.start(TIMEOUT)
    say(broker, "", queue.name, b"1")
    delivery = inbox.next()
    assert (delivery.body, delivery.exchange, delivery.routing_key) == (b"1", "", queue.name)


def test_each_queue_that_is_bound_gets_one_copy(connect: Connect, exchange: str) -> None:
    broker = connect()
    once, twice = Inbox(broker, work(exchange, "said")), Inbox(broker, transient(exchange, "said", "#"))
    broker.start(TIMEOUT)
    say(broker, exchange, "said", b"1")
    assert once.bodies(1) == twice.bodies(1) == [b"1"]
    assert once.stays_empty()
    assert twice.stays_empty()


def test_a_mandatory_message_that_no_queue_takes_is_not_accepted(connect: Connect, exchange: str) -> None:
    broker = started(connect(), work(exchange, "said"))
    with pytest.raises(NotAccepted):
        say(broker, exchange, "unsaid", b"1")
    with pytest.raises(NotAccepted):
        say(broker, "", unique("no-such-queue"), b"1")
    say(broker, exchange, "said", b"still works")


def test_another_message_that_no_queue_takes_is_dropped(connect: Connect, exchange: str) -> None:
    broker = started(connect(), work(exchange, "said"))
    broker.publish([Message(exchange, "unsaid", b"1", mandatory=False)], TIMEOUT)


def test_it_tells_how_many_messages_wait_on_a_queue(connect: Connect, exchange: str) -> None:
    broker = connect()
    queue = work(exchange, "key")
    broker.declare([queue])
    broker.start()
    assert broker.depth(queue.name) == 0
    broker.publish([Message(exchange, "key", b"1"), Message(exchange, "key", b"2")], TIMEOUT)
    eventually(lambda: broker.depth(queue.name) == 2)
    broker.stop()
