"""How often a message is tried, and where it goes then."""

from services.runtime.messaging.broker import DEAD_LETTER_EXCHANGE, RPC_EXCHANGE, Binding, Delivery, Message, Queue
from tests.broker_contract.endpoints import TIMEOUT, Connect, Inbox, dead_letters, say, unique, work


def test_a_message_is_tried_four_times_and_then_set_aside(connect: Connect, exchange: str) -> None:
    broker, key = connect(), unique("key")
    queue = work(exchange, key)
    inbox, dead = Inbox(broker, queue), Inbox(broker, dead_letters(key))
    broker.start(TIMEOUT)
    broker.publish([Message(exchange, key, b"poison", {"h": 1}, correlation_id="c1")], TIMEOUT)
    for _ in range(4):
        inbox.next().reject(requeue=True)
    letter = dead.next()
    assert inbox.stays_empty()
    assert (letter.body, letter.exchange, letter.routing_key) == (b"poison", DEAD_LETTER_EXCHANGE, key)
    assert (letter.redelivered, letter.correlation_id, letter.headers["h"]) == (False, "c1", 1)
    assert "x-delivery-count" not in letter.headers
    assert _deaths(letter) == [(1, "delivery_limit", queue.name, exchange, [key])]
    assert letter.headers["x-first-death-queue"] == queue.name
    assert letter.headers["x-first-death-reason"] == "delivery_limit"
    assert letter.headers["x-first-death-exchange"] == exchange


def test_a_message_that_is_refused_is_set_aside_at_once(connect: Connect, exchange: str) -> None:
    broker, key = connect(), unique("key")
    queue = work(exchange, key)
    inbox, dead = Inbox(broker, queue), Inbox(broker, dead_letters(key))
    broker.start(TIMEOUT)
    say(broker, exchange, key, b"unreadable")
    inbox.next().reject(requeue=False)
    assert _deaths(dead.next()) == [(1, "rejected", queue.name, exchange, [key])]
    assert inbox.stays_empty()


def test_deaths_are_counted_by_queue_and_reason(connect: Connect, exchange: str) -> None:
    broker, queue = connect(), work(exchange)
    inbox, dead = Inbox(broker, queue), Inbox(broker, dead_letters(queue.name))
    broker.start(TIMEOUT)
    say(broker, "", queue.name, b"poison")
    inbox.next().reject(requeue=False)
    letter = dead.next()
    broker.publish([Message("", queue.name, letter.body, letter.headers)], TIMEOUT)
    letter.acknowledge()
    inbox.next().reject(requeue=False)
    assert [death[:3] for death in _deaths(dead.next())] == [(2, "rejected", queue.name)]


def _deaths(letter: Delivery) -> list[tuple[int, str, str, str, list[str]]]:
    members = ("count", "reason", "queue", "exchange", "routing-keys")
    return [tuple(death[member] for member in members) for death in letter.headers["x-death"]]


def test_a_dead_letter_is_returned_to_its_queue_without_limit(connect: Connect) -> None:
    broker = connect()
    queue = dead_letters(unique("key"))
    inbox = Inbox(broker, queue)
    broker.start(TIMEOUT)
    say(broker, "", queue.name, b"kept")
    for _ in range(8):
        inbox.next().reject(requeue=True)
    assert inbox.bodies(1) == [b"kept"]


def test_a_queue_of_calls_has_no_limit_and_counts_nothing(connect: Connect) -> None:
    broker, service = connect(), unique("service")
    queue = Queue(f"rpc-{service}", (Binding(RPC_EXCHANGE, f"{service}.*"),), dead_letter=False, rpc=True)
    inbox = Inbox(broker, queue)
    broker.start(TIMEOUT)
    say(broker, RPC_EXCHANGE, f"{service}.method", b"call")
    for _ in range(6):
        inbox.next().reject(requeue=True)
    delivery = inbox.next()
    assert (delivery.redelivered, dict(delivery.headers)) == (True, {})
