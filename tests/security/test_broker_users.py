"""Whoever has one service's credentials for the broker: what it lets them do, asked of RabbitMQ itself.

What each user may do is written here by hand, so that a mistake in the contracts, from which the definitions are made,
does not go unseen.
"""

from collections.abc import Iterator
from functools import partial

import amqp
import pytest

from services.contracts.events import EVENTS
from services.runtime.messaging.definitions import USERS
from services.runtime.messaging.topology import shared_queues
from tests.security.guarded_broker import GuardedBroker, printed_definitions
from tests.security.wire import Intruder, confirmed
from tests.stack import ROOT

ADDRESSES = {user: f"{user}-0123456789abcdef" for user in USERS}
CLIENT = "01234567-89ab-4cde-8f01-23456789abcd"

MAY_PUBLISH = {
    "gateway": {
        "gateway.events": {"tasks_submitted"},
        "nameko-rpc": {
            *("users.authenticate", "users.identify", "users.login", "users.logout", "users.rights"),
            *("tasks.accept", "tasks.finished_since", "tasks.get", "tasks.task_of", "tasks.tasks_of"),
        },
    },
    "users": {
        "nameko-rpc": {
            *("info.identify", "info.operator", "info.open_session", "info.end_session", "info.rights"),
            *(ADDRESSES["gateway"], ADDRESSES["tasks"], CLIENT),
        },
        "amq.topic": {CLIENT},
    },
    "tasks": {
        "tasks.events": {"operations_requested", "reads_requested", "tasks_finished", "tasks_submitted"},
        "resend": {
            *("tasks.tasks_submitted", "tasks.operations_done"),
            *("info.operations_requested", "info.reads_requested"),
        },
        "nameko-rpc": {
            *("users.identify", "users.operator", "users.login", "users.logout"),
            *("info.exec_db_task", "info.record", "info.task", "info.tasks_of", "info.finished_since"),
            *(ADDRESSES["gateway"], CLIENT),
        },
        "amq.topic": {CLIENT},
    },
    "info": {
        "info.events": {"operations_done", "items_changed", "operators_changed", "tasks_submitted"},
        "resend": {"info.operations_requested", "info.reads_requested"},
        "nameko-rpc": {ADDRESSES["users"], ADDRESSES["tasks"], CLIENT},
        "amq.topic": {CLIENT},
    },
    "internal": {
        "amq.topic": {
            *("tasks.submit", "tasks.run", "tasks.get", "tasks.list"),
            *("users.authenticate", "users.permitted", "info.pending"),
        },
    },
}

MAY_READ = {
    "gateway": set[str](),
    "users": {"rpc-users"},
    "tasks": {"tasks.tasks_submitted", "tasks.operations_done", "tasks.dead_letters", "rpc-tasks"},
    "info": {"info.operations_requested", "info.reads_requested", "rpc-info"},
    "internal": set[str](),
}

MAY_HEAR = {
    "gateway": {
        ("tasks.events", "tasks_finished"),
        ("info.events", "items_changed"),
        ("info.events", "operators_changed"),
    },
    "users": {("info.events", "operators_changed")},
    "tasks": {("tasks.events", "tasks_finished"), ("info.events", "operators_changed")},
    "info": {("info.events", "items_changed")},
    "internal": set[tuple[str, str]](),
}
"""By queues of their own."""

OF_THE_LOOP = {
    "tasks": {
        *(
            ("gateway.events", "tasks_submitted"),
            ("tasks.events", "tasks_submitted"),
            ("info.events", "tasks_submitted"),
        ),
        *(("info.events", "operations_done"), ("resend", "tasks.tasks_submitted"), ("resend", "tasks.operations_done")),
        *(("dead-letters", "#"), ("nameko-rpc", "tasks.*"), ("amq.topic", "tasks.*")),
    },
    "info": {
        *(("tasks.events", "operations_requested"), ("resend", "info.operations_requested")),
        *(("tasks.events", "reads_requested"), ("resend", "info.reads_requested")),
        *(("nameko-rpc", "info.*"), ("amq.topic", "info.*")),
    },
    "users": {("nameko-rpc", "users.*"), ("amq.topic", "users.*")},
}
"""What the shared queues of each are bound by, so that their reader can make them again."""

EXCHANGES = [
    *("", "amq.direct", "amq.fanout", "amq.headers", "amq.match", "amq.topic", "dead-letters", "resend"),
    *("gateway.events", "users.events", "tasks.events", "info.events", "nameko-rpc"),
]

QUEUES = [queue.name for queue in shared_queues()]

METHODS = [
    *(f"users.{name}" for name in ("authenticate", "identify", "login", "logout", "permitted", "operator")),
    *("users.rights", "users.forget", "info.rights"),
    *(f"tasks.{name}" for name in ("submit", "run", "get", "list", "accept", "task_of", "tasks_of", "finished_since")),
    *(f"info.{name}" for name in ("exec_db_task", "identify", "operator", "open_session", "end_session", "record")),
    *(f"info.{name}" for name in ("task", "tasks_of", "finished_since", "pending")),
]

KEYS = ["", "#", "*", *QUEUES, *METHODS, *(event.name for event in EVENTS), *ADDRESSES.values(), CLIENT]

PATTERNS = [*KEYS, "*.*", "users.*", "tasks.*", "info.*", "users.#", "#.identify", "tasks-*"]


FEW = 6
"""Keys tried on an exchange that the user may not use at all."""


@pytest.fixture(scope="module", params=USERS)
def user(request: pytest.FixtureRequest) -> str:
    """Each user in turn."""
    return str(request.param)


@pytest.fixture
def intruder(guarded: GuardedBroker, user: str) -> Iterator[Intruder]:
    """Whoever has the credentials of that user."""
    intruder = Intruder(guarded.uri(user))
    yield intruder
    intruder.close()


def own_queue(user: str) -> str:
    """The name of a transient queue that the user may have."""
    if user == "internal":
        return f"rpc.reply-intruder-{CLIENT}"
    return f"{'items_changed' if user == 'info' else 'operators_changed'}--{ADDRESSES[user]}"


def test_it_publishes_what_its_service_says_and_nothing_else(user: str, intruder: Intruder) -> None:
    allowed = {
        (exchange, key)
        for exchange in EXCHANGES
        for key in (KEYS if exchange in MAY_PUBLISH[user] else KEYS[:FEW])
        if not intruder.refused(lambda channel: confirmed(channel, exchange, key))  # noqa: B023
    }
    assert allowed == {(exchange, key) for exchange, keys in MAY_PUBLISH[user].items() for key in keys}


def test_it_reads_purges_declares_and_deletes_no_queue_of_others(user: str, intruder: Intruder) -> None:
    for queue in QUEUES:
        attempts = {
            "get": lambda channel: channel.basic_get(queue),  # noqa: B023
            "consume": lambda channel: channel.basic_consume(queue),  # noqa: B023
            "purge": lambda channel: channel.queue_purge(queue),  # noqa: B023
            "declare": lambda channel: channel.queue_declare(queue, durable=True, auto_delete=False),  # noqa: B023
            "delete": lambda channel: channel.queue_delete(queue),  # noqa: B023
            "bind": lambda channel: channel.queue_bind(queue, "amq.topic", "#"),  # noqa: B023
            "unbind": lambda channel: channel.queue_unbind(queue, "amq.topic", "users.*"),  # noqa: B023
        }
        if queue not in MAY_READ[user]:
            assert {name for name in attempts if not intruder.refused(attempts[name])} == set(), queue
        else:
            assert not intruder.refused(attempts["get"])


def test_it_makes_and_deletes_no_exchange_and_no_queue_of_a_name_of_its_choice(intruder: Intruder) -> None:
    for exchange in [*EXCHANGES[1:], "new"]:
        assert intruder.refused(lambda channel: channel.exchange_delete(exchange))  # noqa: B023
        assert intruder.refused(lambda channel: channel.exchange_declare(exchange, "fanout", durable=True))  # noqa: B023
        assert intruder.refused(lambda channel: channel.exchange_bind(exchange, "tasks.events", "#"))  # noqa: B023
    for queue in ("", "new", "rpc-gateway", "tasks.new", "rpc.reply--", "operators_changed--gateway-1"):
        assert intruder.refused(lambda channel: channel.queue_declare(queue, exclusive=True))  # noqa: B023


def test_a_queue_of_its_own_hears_what_is_meant_for_its_service_and_nothing_else(user: str, intruder: Intruder) -> None:
    queue = own_queue(user)
    channel = intruder.connection.channel()
    channel.queue_declare(queue, exclusive=True, auto_delete=True)
    expected = MAY_HEAR[user] | OF_THE_LOOP.get(user, set()) | _replies(user)
    may_read = {exchange for exchange, _ in expected}
    heard = {
        (exchange, key)
        for exchange in EXCHANGES
        for key in (PATTERNS if exchange in may_read else PATTERNS[:FEW])
        if not intruder.refused(lambda channel: channel.queue_bind(queue, exchange, key))  # noqa: B023
    }
    # The bindings of its shared queues are among them; each message would come to the service anyway.
    assert heard == expected


def _replies(user: str) -> set[tuple[str, str]]:
    if user == "info":
        return set()
    return {("amq.topic", CLIENT) if user == "internal" else ("nameko-rpc", ADDRESSES[user])}


def test_the_transient_queues_of_others_are_out_of_reach(guarded: GuardedBroker, user: str, intruder: Intruder) -> None:
    for other in USERS:
        if other == user:
            continue
        owner = Intruder(guarded.uri(other))
        queue = own_queue(other)
        owner.connection.channel().queue_declare(queue, exclusive=True, auto_delete=True)
        assert intruder.refused(lambda channel: channel.basic_get(queue))  # noqa: B023
        assert intruder.refused(lambda channel: channel.basic_consume(queue))  # noqa: B023
        assert intruder.refused(lambda channel: channel.queue_delete(queue))  # noqa: B023
        owner.close()


def test_nobody_states_another_user(intruder: Intruder, user: str) -> None:
    exchange, keys = next(iter(MAY_PUBLISH[user].items()))
    other = next(name for name in USERS if name != user)
    with pytest.raises(amqp.PreconditionFailed, match="user_id"):
        intruder.publish(exchange, min(keys), user_id=other)


@pytest.mark.parametrize("password", ["", "guest", "wrong"])
def test_nobody_gets_in_without_the_password(guarded: GuardedBroker, user: str, password: str) -> None:
    uri = guarded.uri(user).replace(guarded.passwords[user], password)
    with pytest.raises(amqp.AccessRefused):
        Intruder(uri)


def test_the_file_of_the_repository_lets_nobody_in(guarded: GuardedBroker) -> None:
    guarded.load((ROOT / "deploy/rabbitmq/definitions.json").read_text(encoding="utf-8"))
    try:
        for user in USERS:
            for password in ("", "guest", user, guarded.passwords[user]):
                with pytest.raises(amqp.AccessRefused):
                    Intruder(guarded.uri(user).replace(guarded.passwords[user], password))
    finally:
        guarded.load(printed_definitions(guarded.passwords))


def test_attempts_that_are_refused_leave_the_connection_open(intruder: Intruder) -> None:
    """Otherwise the tests above would see one refusal and no other attempt."""
    assert intruder.refused(partial(confirmed, exchange="", key="rpc-info"))
    assert intruder.connection.connected
