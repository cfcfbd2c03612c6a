"""What the broker users of the services and of other systems may do on RabbitMQ: what the contracts say, and no more.

RabbitMQ grants by regular expressions on names: to configure (declare, delete), to write (publish to an exchange, bind
a queue) and to read (consume, purge; bind to an exchange). On a topic exchange it also grants by routing key: to
publish with it, and to bind by it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from services.contracts.calls import CALLS, SYSTEMS, callers
from services.contracts.events import EVENTS, Service
from services.runtime.messaging.broker import (
    DEAD_LETTER_EXCHANGE,
    RESEND_EXCHANGE,
    RPC_EXCHANGE,
    SYSTEMS_RPC_EXCHANGE,
    Binding,
    Queue,
)
from services.runtime.messaging.topology import (
    CLIENT_ADDRESS,
    DEAD_LETTERS,
    SUBSCRIBER,
    reply_queue,
    rpc_queue,
    subscription,
    work_queue,
)

NOTHING = "(?!)"
"""Matches nothing. RabbitMQ takes an empty expression for one that matches the empty name."""

ANYBODY = "@"
"""Stands in names for what differs from one subscriber to the next."""

CLIENT = "@client"
"""Stands for the address of a Nameko client."""


@dataclass(frozen=True)
class Topic:
    """Routing keys of one topic exchange, as regular expressions: to publish with, and to bind by."""

    write: str
    read: str


@dataclass(frozen=True)
class Rights:
    """What a user may do, as regular expressions on the names of queues and exchanges."""

    configure: str
    write: str
    read: str
    topics: Mapping[str, Topic]


def rights(user: str) -> Rights:
    """The rights of a service's user, or of ``SYSTEMS``."""
    if user == SYSTEMS:
        return _rights([_client_queue()], {SYSTEMS_RPC_EXCHANGE: _methods(CALLS[SYSTEMS])})
    service = Service(user)
    return _rights(_queues(service), _publishes(service))


def _queues(service: Service) -> list[Queue]:
    """The queues that it reads."""
    subscriber = f"{service}-{ANYBODY}"
    queues = [work_queue(event) for event in EVENTS if event.listener is service]
    queues += [subscription(event, subscriber) for event in EVENTS if service in event.subscribers]
    if service is Service.TASKS:
        queues.append(DEAD_LETTERS)
    if service in CALLS:
        queues.append(reply_queue(subscriber))
    if callers(service) or service in CALLS[SYSTEMS]:
        queues.append(rpc_queue(service))
    return queues


def _publishes(service: Service) -> dict[str, list[str]]:
    """The routing keys with which it publishes, by exchange."""
    said = [event.name for event in EVENTS if service in event.speakers]
    # Who reads the dead letters sends each to the queue from which it comes.
    resent = [event.queue for event in EVENTS if event.listener and service in (event.listener, Service.TASKS)]
    called = _methods(CALLS.get(service, {})) + [f"{caller}-{ANYBODY}" for caller in callers(service)]
    answered = [CLIENT] if service in CALLS[SYSTEMS] else []
    # Whoever calls states where the reply goes. Were an address that exists nowhere refused, it would end our channel.
    called += answered
    keys = {service.exchange: said, RESEND_EXCHANGE: resent, RPC_EXCHANGE: called, SYSTEMS_RPC_EXCHANGE: answered}
    return {exchange: keys[exchange] for exchange in keys if keys[exchange]}


def _methods(calls: Mapping[Service, tuple[str, ...]]) -> list[str]:
    return [f"{service}.{method}" for service, methods in calls.items() for method in methods]


def _client_queue() -> Queue:
    """Where a Nameko client reads its replies; those of the services have another beginning."""
    return Queue(f"rpc.reply-{CLIENT}", (Binding(SYSTEMS_RPC_EXCHANGE, CLIENT),), durable=False, dead_letter=False)


def _rights(queues: list[Queue], published: Mapping[str, list[str]]) -> Rights:
    names = [queue.name for queue in queues]
    bindings = [binding for queue in queues for binding in queue.bindings]
    dead_letters = [DEAD_LETTER_EXCHANGE] if any(queue.durable and queue.dead_letter for queue in queues) else []
    sources = [binding.exchange for binding in bindings]
    topics = {
        exchange: Topic(
            _any_of(published.get(exchange, [])),
            _any_of(binding.routing_key for binding in bindings if binding.exchange == exchange),
        )
        for exchange in sorted({*published, *sources, *dead_letters})
    }
    # To declare a queue with a dead-letter exchange takes the right to write there; no routing key is allowed.
    return Rights(_any_of(names), _any_of([*names, *published, *dead_letters]), _any_of([*names, *sources]), topics)


def _any_of(names: Iterable[str]) -> str:
    patterns = sorted({_pattern(name) for name in names})
    return f"^({'|'.join(patterns)})$" if patterns else NOTHING


def _pattern(name: str) -> str:
    if name == f"rpc.reply-{CLIENT}":
        return r"rpc\.reply-[A-Za-z0-9_].*"
    if name == CLIENT:
        return CLIENT_ADDRESS
    return name.replace(".", r"\.").replace("*", r"\*").replace(ANYBODY, SUBSCRIBER)
