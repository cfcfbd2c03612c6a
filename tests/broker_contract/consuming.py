"""How messages are delivered, and what settling does."""

from services.runtime.messaging.broker import Message
from tests.broker_contract.endpoints import TIMEOUT, Connect, Inbox, dead_letters, say, unique, work


def test_messages_arrive_in_the_order_in_which_they_were_published(connect: Connect, exchange: str) -> None:
    broker = connect()
    inbox = Inbox(broker, work(exchange, "said"), prefetch=7)
    broker.start(TIMEOUT)
    said = [b"%d" % number for number in range(300)]
    say(broker, exchange, "said", *said)
    assert inbox.bodies(300) == said


def test_a_consumer_holds_no_more_than_its_prefetch(connect: Connect, exchange: str) -> None:
    broker = connect()
    inbox = Inbox(broker, work(exchange, "said"), prefetch=2)
    broker.start(TIMEOUT)
    say(broker, exchange, "said", b"1", b"2", b"3", b"4")
    first, second = inbox.next(), inbox.next()
    assert inbox.stays_empty()
    first.acknowledge()
    assert inbox.next().body == b"3"
    assert inbox.stays_empty()
    second.reject(requeue=False)
    assert inbox.next().body == b"4"


def test_consumers_of_one_queue_take_turns(connect: Connect, exchange: str) -> None:
    queue, one, other = work(exchange, "said"), connect(), connect()
    inboxes = [Inbox(one, queue), Inbox(other, queue)]
    one.start(TIMEOUT)
    other.start(TIMEOUT)
    say(one, exchange, "said", *[b"%d" % number for number in range(8)])
    shares = [inbox.bodies(4) for inbox in inboxes]
    assert sorted(shares[0] + shares[1]) == [b"%d" % number for number in range(8)]
    assert shares[0] in ([b"0", b"2", b"4", b"6"], [b"1", b"3", b"5", b"7"])


def test_a_message_that_is_returned_comes_again_before_newer_ones_and_says_so(connect: Connect, exchange: str) -> None:
    broker = connect()
    inbox = Inbox(broker, work(exchange, "said"), prefetch=1)
    broker.start(TIMEOUT)
    broker.publish([Message(exchange, "said", b"1", {"h": 1}), Message(exchange, "said", b"2")], TIMEOUT)
    first = inbox.next()
    assert (first.redelivered, dict(first.headers)) == (False, {"h": 1})
    first.reject(requeue=True)
    again = inbox.next()
    assert (again.body, again.redelivered) == (b"1", True)
    assert dict(again.headers) == {"h": 1, "x-delivery-count": 1}
    again.acknowledge()
    newer = inbox.next()
    assert (newer.body, newer.redelivered) == (b"2", False)


def test_messages_that_are_returned_together_keep_their_order(connect: Connect, exchange: str) -> None:
    broker = connect()
    inbox = Inbox(broker, work(exchange, "said"), prefetch=3)
    broker.start(TIMEOUT)
    say(broker, exchange, "said", b"1", b"2", b"3", b"4")
    for delivery in [inbox.next(), inbox.next(), inbox.next()]:
        delivery.reject(requeue=True)
    assert inbox.bodies(4) == [b"1", b"2", b"3", b"4"]


def test_settling_twice_does_nothing_more(connect: Connect, exchange: str) -> None:
    broker, key = connect(), unique("key")
    inbox, dead = Inbox(broker, work(exchange, key), prefetch=1), Inbox(broker, dead_letters(key))
    broker.start(TIMEOUT)
    say(broker, exchange, key, b"1", b"2", b"3")
    first = inbox.next()
    first.acknowledge()
    first.acknowledge()
    first.reject(requeue=True)
    second = inbox.next()
    second.reject(requeue=False)
    second.reject(requeue=True)
    second.acknowledge()
    assert inbox.bodies(1) == [b"3"]
    assert dead.bodies(1) == [b"2"]
    assert inbox.stays_empty()


def test_a_cancelled_consumer_gets_nothing_new_and_may_settle_what_it_holds(connect: Connect, exchange: str) -> None:
    queue, one, other = work(exchange, "said"), connect(), connect()
    inbox = Inbox(one, queue, prefetch=1)
    one.start(TIMEOUT)
    say(one, exchange, "said", b"1", b"2")
    held = inbox.next()
    inbox.consumer.cancel()
    inbox.consumer.cancel()
    assert held.alive
    held.acknowledge()
    assert inbox.stays_empty()
    heir = Inbox(other, queue)
    other.start(TIMEOUT)
    assert heir.bodies(1) == [b"2"]
    assert heir.stays_empty()
