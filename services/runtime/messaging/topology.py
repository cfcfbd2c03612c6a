"""Every shared queue of the system, made from the events. No service is ready before all of it is there, so that no
message is refused because the service that will read it has not started yet."""

import secrets

from services.contracts.calls import ANSWERING, callers
from services.contracts.events import (
    DEAD_LETTER_QUEUE,
    EVENTS,
    OPERATIONS_REQUESTED,
    TASKS_SUBMITTED,
    Event,
    Service,
)
from services.runtime.messaging.broker import (
    DEAD_LETTER_EXCHANGE,
    RESEND_EXCHANGE,
    RPC_EXCHANGE,
    SYSTEMS_RPC_EXCHANGE,
    Binding,
    Queue,
)

SUBSCRIBER = "[0-9a-f]{16}"
"""What follows a service's name in the name of one of its subscribers, as a regular expression."""

CLIENT_ADDRESS = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
"""Where Nameko's own clients have theirs sent: a UUID."""

QUEUED_TASKS = 5_000
"""Tasks that may wait on one queue, unless a setting says otherwise: both together hold about ten seconds of work."""

_BOUNDED = (TASKS_SUBMITTED, OPERATIONS_REQUESTED)

DEAD_LETTERS = Queue(DEAD_LETTER_QUEUE, (Binding(DEAD_LETTER_EXCHANGE, "#"),), dead_letter=False)


def bindings(event: Event) -> tuple[Binding, ...]:
    """What a queue that hears this event is bound to: the exchange of each service that says it."""
    return tuple(Binding(speaker.exchange, event.name) for speaker in event.speakers)


def work_queue(event: Event, queued_tasks: int = QUEUED_TASKS) -> Queue:
    """The durable queue that the replicas of the event's listener share.

    queued_tasks: the most tasks that may wait to be done. When that many wait for ``info``, those of ``tasks`` back up
    too, and then submissions are refused. What has been done is not bounded: it has to be told.
    """
    limit = max(1, queued_tasks // event.per_message) if event in _BOUNDED else None
    return Queue(event.queue, (*bindings(event), Binding(RESEND_EXCHANGE, event.queue)), limit=limit)


def subscription(event: Event, subscriber: str) -> Queue:
    """A transient queue of one subscriber, gone with its connection."""
    return Queue(f"{event.name}--{subscriber}", bindings(event), durable=False, dead_letter=False)


def subscriber(service: str) -> str:
    """A name for the queues of one container, unlike that of any other container and any other start."""
    return f"{service}-{secrets.token_hex(8)}"


def caller_address(service: str) -> str:
    """Where those who call a service have its replies sent, as a regular expression."""
    names = [caller.value for caller in callers(Service(service))] if service in set(Service) else []
    return "|".join([*(f"{name}-{SUBSCRIBER}" for name in names), CLIENT_ADDRESS])


def rpc_queue(service: str) -> Queue:
    """The queue of a service's RPC calls, as Nameko's clients expect it."""
    calls = tuple(Binding(exchange, f"{service}.*") for exchange in (RPC_EXCHANGE, SYSTEMS_RPC_EXCHANGE))
    return Queue(f"rpc-{service}", calls, dead_letter=False, rpc=True)


def reply_queue(subscriber: str) -> Queue:
    """The transient queue of one caller's RPC replies."""
    binding = Binding(RPC_EXCHANGE, subscriber)
    return Queue(f"rpc.reply--{subscriber}", (binding,), durable=False, dead_letter=False)


def shared_queues(queued_tasks: int = QUEUED_TASKS) -> list[Queue]:
    """The whole topology."""
    work = [work_queue(event, queued_tasks) for event in EVENTS if event.listener is not None]
    return [DEAD_LETTERS, *work, *(rpc_queue(service) for service in ANSWERING)]
