"""Two services that do nothing but tell what reached them, and what they are sent."""

import itertools
import json
from collections.abc import Iterator
from typing import Any

import amqp
import eventlet
from nameko.containers import ServiceContainer

from services.contracts.errors import Code, Refusal
from services.contracts.events import TASKS_FINISHED, TASKS_SUBMITTED
from services.runtime.amqp.broker import AmqpBroker
from services.runtime.messaging.batches import BatchConsumer, consume
from services.runtime.messaging.broadcasts import connected, listen
from services.runtime.messaging.broker import Delivery
from services.runtime.messaging.dead_letters import consume_dead_letters
from services.runtime.messaging.envelopes import to_json
from services.runtime.messaging.events import Events
from services.runtime.rpc.server import Caller, RpcProxy, rpc
from services.runtime.settings import Settings


class Seen:
    """What the services under test have met."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin anew, for the next test."""
        self.batches: list[list[dict[str, Any]]] = []
        self.dead: list[Delivery] = []
        self.heard: list[dict[str, Any]] = []
        self.connections = 0
        self.fail: Any = None
        self.fail_dead: bytes | None = None
        self.gate: Any = None


seen = Seen()


class Tasks:
    name = "tasks"
    info = RpcProxy("info")
    events = Events()

    @consume(TASKS_SUBMITTED)
    def submitted(self, entries: list[dict[str, Any]]) -> None:
        seen.batches.append(entries)
        if seen.gate is not None:
            seen.gate.wait()
        failure = seen.fail(entries) if callable(seen.fail) else seen.fail
        if failure is not None:
            raise failure

    @consume_dead_letters
    def dead(self, delivery: Delivery) -> None:
        if delivery.body == seen.fail_dead:
            raise ZeroDivisionError
        seen.dead.append(delivery)

    @listen(TASKS_FINISHED)
    def finished(self, entries: list[dict[str, Any]]) -> None:
        seen.heard.extend(entries)

    @connected
    def up(self) -> None:
        seen.connections += 1

    @rpc
    def ask(self, x: int) -> Any:
        return self.info.call("answer", x)

    @rpc
    def ask_slowly(self, seconds: float) -> Any:
        return self.info.call("sleep", seconds, timeout=0.5)

    @rpc
    def finish(self, ids: list[int]) -> None:
        self.events.say(TASKS_FINISHED, [{"id": i} for i in ids])


class Info:
    name = "info"

    @rpc
    def answer(self, x: int) -> int:
        if x < 0:
            raise Refusal(Code.LEVEL_TOO_LOW, {"required": 2, "yours": 1})
        if x == 13:
            raise RuntimeError("password=hunter2")
        return x + 1

    @rpc
    def sleep(self, seconds: float) -> str:
        eventlet.sleep(float(seconds))
        return "slept"

    @rpc
    def exactly(self, amount: Any) -> str:
        return str(amount)

    @rpc
    def object(self) -> Any:
        return object()

    @rpc(with_caller=True)
    def who(self, caller: Caller) -> list[str | None]:
        return [caller.user_id, caller.service]


def running(service: type, uri: str) -> Iterator[ServiceContainer]:
    settings = Settings(amqp_uri=uri, publish_seconds=2.0, rpc_seconds=30.0, hold_seconds=60)
    broker = AmqpBroker(uri, service.__name__)
    container = ServiceContainer(service, {"settings": settings, "broker": broker, "max_workers": 50})
    container.start()
    yield container
    container.stop()
    container.wait()


def consumer_of(container: ServiceContainer) -> BatchConsumer:
    """What gives ``Tasks.submitted`` its batches."""
    consumer: BatchConsumer = next(each for each in container.entrypoints if each.method_name == "submitted")
    return consumer


def held(container: ServiceContainer) -> int:
    """How many messages have reached it and wait for the batch before them to end."""
    return int(consumer_of(container)._inbox.qsize())


def alive(container: ServiceContainer) -> bool:
    return not container._died.ready()


def submit(channel: amqp.Channel, *ids: Any) -> None:
    for i in ids:
        body = to_json({"version": 1, "tasks": [{"id": i}]})
        channel.basic_publish(amqp.Message(body, delivery_mode=2), "gateway.events", "tasks_submitted")


def ids(batches: list[list[dict[str, Any]]]) -> list[Any]:
    return [entry["id"] for entry in itertools.chain(*batches)]


NOBODY = "00000000-0000-4000-8000-000000000000"
"""An address where nobody reads."""


def call(
    channel: amqp.Channel, key: str, body: Any, headers: Any = None, content: str | None = None, **properties: Any
) -> None:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    message = amqp.Message(raw, application_headers=headers or {}, content_type=content, **properties)
    channel.basic_publish(message, "nameko-rpc", key)
