"""Calls that reach a service by a way round RabbitMQ's rights by routing key.

Rights on names hold for queues and exchanges alike, so whoever may have a queue may have an exchange of its name: of a
type without routing keys, and bound to the exchange of the calls. And a message that a queue sets aside goes on by the
routing key that its owner chose.
"""

import json
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from tests.security.staffed import Staffed
from tests.security.test_taken_over_services import intruder_as, task
from tests.security.wire import Intruder, confirmed
from tests.waiting import eventually

ADDRESS = "gateway-0123456789abcdef"
OWN = {"gateway": f"rpc.reply--{ADDRESS}", "users": "rpc.reply--users-0123456789abcdef", "internal": "rpc.reply-mine"}
CALLS = {"gateway": "nameko-rpc", "users": "nameko-rpc", "internal": "amq.topic"}

Say = Callable[[Intruder, str, str, bytes], None]
"""Says a call as a user, with the body that it is to have."""


def by_an_exchange_of_its_own(intruder: Intruder, user: str, method: str, call: bytes) -> None:
    """Which knows no routing keys, so none is looked at, and leads to the exchange of the calls."""
    channel = intruder.connection.channel()
    channel.exchange_declare(OWN[user], "fanout", durable=False, auto_delete=False)
    channel.exchange_bind(CALLS[user], OWN[user], "")
    confirmed(channel, OWN[user], method, call)
    channel.exchange_delete(OWN[user])


def by_an_alternate_exchange(intruder: Intruder, user: str, method: str, call: bytes) -> None:
    """An exchange of its own that nothing is bound to passes everything on."""
    channel = intruder.connection.channel()
    other = {"alternate-exchange": CALLS[user]}
    channel.exchange_declare(OWN[user], "fanout", durable=False, auto_delete=False, arguments=other)
    confirmed(channel, OWN[user], method, call)
    channel.exchange_delete(OWN[user])


def by_a_queue_that_sets_everything_aside(
    intruder: Intruder, user: str, method: str, call: bytes, **properties: Any
) -> None:
    """At once, to the exchange of the calls, under the name of the method."""
    channel = intruder.connection.channel()
    aside = {"x-message-ttl": 0, "x-dead-letter-exchange": CALLS[user], "x-dead-letter-routing-key": method}
    channel.queue_declare(OWN[user], exclusive=True, auto_delete=False, arguments=aside)
    channel.exchange_declare(OWN[user], "fanout", durable=False, auto_delete=False)
    channel.queue_bind(OWN[user], OWN[user], "")
    confirmed(channel, OWN[user], "", call, **properties)
    channel.exchange_delete(OWN[user])


WAYS: list[Say] = [by_an_exchange_of_its_own, by_an_alternate_exchange, by_a_queue_that_sets_everything_aside]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("user", OWN)
def test_no_way_round_leads_to_a_method_that_a_user_may_not_call(system: Staffed, user: str, way: Say) -> None:
    forged = task(system, "Alice", system.session_of("Alice"), "create_customer", {"name": "Mallory"})
    call = json.dumps({"args": [forged, None, None], "kwargs": {}}).encode()
    with intruder_as(system, user) as intruder:
        way(intruder, user, "info.record", call)
        eventually(lambda: recorded(system, forged["id"]) or ignored(system, "info", "info.record"))
    assert not recorded(system, forged["id"])


def test_another_system_reads_nobodys_tasks_without_their_token(system: Staffed) -> None:
    system.client("Bob").run("get_customer", {"id": 1})
    address = str(uuid.uuid4())
    call = json.dumps({"args": [system.ids["Bob"]], "kwargs": {}}).encode()
    answers: list[Any] = []
    with intruder_as(system, "internal") as intruder:
        channel = intruder.connection.channel()
        channel.queue_declare(f"rpc.reply-{address}", exclusive=True, auto_delete=True)
        channel.queue_bind(f"rpc.reply-{address}", "amq.topic", address)
        channel.basic_consume(
            f"rpc.reply-{address}", callback=lambda message: answers.append(message.body), no_ack=True
        )
        by_a_queue_that_sets_everything_aside(
            intruder, "internal", "tasks.tasks_of", call, reply_to=address, correlation_id="1"
        )

        def told() -> bool:
            with suppress(TimeoutError):
                intruder.connection.drain_events(timeout=0.2)
            return bool(answers) or ignored(system, "tasks", "tasks.tasks_of")

        eventually(told)
    assert answers == []


def recorded(system: Staffed, task_id: str) -> bool:
    """Whether there is such a task."""
    with system.transaction() as tx:
        return tx.one("SELECT FROM task WHERE id = %s", (task_id,)) is not None


def ignored(system: Staffed, service: str, method: str) -> bool:
    """Whether the service says that it has left such a call alone."""
    words = f"a call of {method} has come round about"
    return any(words in process.log.read_text() for process in system.stack.of(service))
