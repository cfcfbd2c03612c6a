"""Connections that break at a bad moment, on a real RabbitMQ."""

import time
from collections.abc import Callable
from typing import Any

import eventlet
import kombu
import pytest
from eventlet.event import Event
from nameko.containers import ServiceContainer
from nameko.standalone.rpc import ClusterRpcProxy

from services.contracts.events import OPERATORS_CHANGED, TASKS_SUBMITTED
from services.info.execution import Executor
from services.info.operations.registry import OPERATIONS, Operation
from services.info.service import InfoService
from services.info.work import Work
from services.runtime.amqp.broker import AmqpBroker
from services.runtime.amqp.publishing import Publishing
from services.runtime.failures import Unavailable
from services.runtime.messaging.broadcasts import connected, listen
from services.runtime.messaging.broker import Message, Queue
from services.runtime.settings import Settings
from services.tasks.service import TasksService
from services.users.service import UsersService
from tests.integration.loop import Gateway, Loop
from tests.proxy import Proxy
from tests.waiting import PATIENCE, eventually


def test_who_is_told_of_a_new_connection_can_publish_on_it(
    proxy: Proxy, amqp_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Publishing._opened

    def open_slowly(publishing: Publishing, connection: Any) -> None:
        eventlet.sleep(0.5)
        opened(publishing, connection)

    monkeypatch.setattr(Publishing, "_opened", open_slowly)
    published: list[bool] = []
    broker = AmqpBroker(proxy.url(amqp_uri), "a test")

    def publish() -> None:
        broker.publish([Message("amq.topic", "nobody", b"", mandatory=False)], 2.0)
        published.append(True)

    broker.consume(Queue("mine", durable=False, dead_letter=False), 1, lambda delivery: None, publish)
    broker.start()
    eventually(lambda: len(published) == 1)
    proxy.cut()
    eventually(lambda: len(published) == 2)
    broker.stop()


class CatchingUp:
    """Whom it asks is not there at first."""

    name = "users"
    asked: list[int] = []

    @listen(OPERATORS_CHANGED)
    def hear(self, entries: list[Any]) -> None:
        """A service that hears nothing misses nothing."""

    @connected
    def catch_up(self) -> None:
        self.asked.append(1)
        if len(self.asked) < 3:
            raise Unavailable("not back yet")


def test_what_was_missed_is_asked_for_until_it_can_be_had(amqp_uri: str) -> None:
    CatchingUp.asked.clear()
    container = ServiceContainer(
        CatchingUp,
        {"settings": Settings(amqp_uri=amqp_uri), "broker": AmqpBroker(amqp_uri, "users"), "max_workers": 10},
    )
    container.start()
    try:
        eventually(lambda: len(CatchingUp.asked) == 3)
        eventlet.sleep(0.5)
    finally:
        container.stop()
    assert len(CatchingUp.asked) == 3


class Held:
    """An operation that waits, in its transaction, until it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, wait: Callable[["Held"], None]) -> None:
        self.begun = 0
        self.gate = Event()
        self._wait = wait
        self._declared = OPERATIONS["create_customer"]
        held = Operation(self._declared.action, self._run, self._declared.locks_operator)
        monkeypatch.setitem(OPERATIONS, "create_customer", held)

    def _run(self, work: Work, data: Any) -> dict[str, Any]:
        self.begun += 1
        self._wait(self)
        return self._declared.function(work, data)


def effects(loop: Loop, task: Any) -> list[int]:
    """How many customers there are, and how many changes the audit tells of the task."""
    return [
        loop.office.value("SELECT count(*) FROM customer"),
        loop.office.value("SELECT count(*) FROM audit WHERE task_id = %s", task["id"]),
    ]


def test_a_task_delivered_again_beside_its_first_execution_takes_effect_once(
    loop: Loop, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held(monkeypatch, lambda held: held.gate.wait())
    loop.start(Gateway, UsersService, TasksService)
    loop.start(InfoService, amqp_uri=proxy.url(loop.amqp_uri))
    task = loop.office.task("alice", "create_customer", {"name": "Ada"})
    loop.submit(task)
    eventually(lambda: held.begun == 1)
    proxy.stop()
    loop.start(InfoService)
    eventually(loop.office.somebody_waits)
    assert held.begun == 1
    assert loop.told == []

    held.gate.send()

    (outcome,) = loop.outcomes(task)
    proxy.restore()
    eventually(loop.is_idle, pause=0.1)
    assert all(told == outcome for told in loop.told)
    assert effects(loop, task) == [1, 1]


def test_an_outcome_that_committed_and_was_not_told_is_told_as_it_is_stored(
    loop: Loop, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held(monkeypatch, lambda held: proxy.stop())
    loop.start(Gateway, UsersService, TasksService)
    loop.start(InfoService, amqp_uri=proxy.url(loop.amqp_uri))
    task = loop.office.task("alice", "create_customer", {"name": "Ada"})
    loop.submit(task)
    eventually(lambda: effects(loop, task) == [1, 1])
    stored = loop.office.value("SELECT result->'customer' FROM task WHERE id = %s", task["id"])
    assert loop.told == []

    proxy.restore()

    (outcome,) = loop.outcomes(task)
    assert outcome["result"] == {"customer": stored}
    assert held.begun == 1
    assert effects(loop, task) == [1, 1]


def test_a_handler_that_computes_over_its_heartbeats_is_run_again_and_takes_effect_once(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def compute(held: Held) -> None:
        end = time.monotonic() + 4
        while held.begun == 1 and time.monotonic() < end:
            pass

    executions: list[int] = []
    run = Executor.run

    def count(executor: Executor, operations: Any) -> Any:
        executions.append(len(operations))
        return run(executor, operations)

    monkeypatch.setattr(Executor, "run", count)
    held = Held(monkeypatch, compute)
    monkeypatch.setattr("services.runtime.amqp.link.HEARTBEAT", 1)
    containers = loop.start(Gateway, InfoService, UsersService, TasksService)
    task = loop.office.task("alice", "create_customer", {"name": "Ada"})
    loop.submit(task)
    # The stand-in gateway's own queue died with its connection, so it may miss what was said before it was back.
    eventually(lambda: len(executions) >= 2)
    eventually(loop.is_idle, pause=0.1)
    stored = loop.office.value("SELECT result->'customer' FROM task WHERE id = %s", task["id"])
    assert stored["name"] == "Ada"
    assert all(told["result"] == {"customer": stored} for told in loop.told)
    assert held.begun == 1
    assert effects(loop, task) == [1, 1]
    assert not any(container._died.ready() for container in containers)


def test_what_tasks_refuses_is_stored_and_told(loop: Loop) -> None:
    loop.start_all()
    task = loop.office.task("bob", "create_customer", {"name": "Eve"})
    loop.submit(task)
    (outcome,) = loop.outcomes(task)
    assert outcome["error"]["code"] == "not_permitted"
    stored = loop.office.query("SELECT status, error->>'code' AS code FROM task WHERE id = %s", task["id"])
    assert stored == [{"status": "failed", "code": "not_permitted"}]


def test_a_keyed_task_that_cannot_be_published_is_accepted_and_the_timer_publishes_it(loop: Loop) -> None:
    loop.start_all(republish_seconds=0.5)
    with kombu.Connection(loop.amqp_uri) as connection, connection.channel() as channel:
        # What tasks says of submissions reaches no queue, so the broker returns it.
        channel.queue_unbind(TASKS_SUBMITTED.queue, "tasks.events", TASKS_SUBMITTED.name)
        with ClusterRpcProxy({"AMQP_URI": loop.amqp_uri}, timeout=PATIENCE) as rpc:
            accepted = rpc.tasks.submit(
                "token-of-alice-for-the-tests", "create_customer", {"name": "Ada"}, idempotency_key="k"
            )
        channel.queue_bind(TASKS_SUBMITTED.queue, "tasks.events", TASKS_SUBMITTED.name)
    assert accepted["status"] == "accepted"
    (outcome,) = loop.outcomes({"id": accepted["id"]})  # type: ignore[typeddict-item]
    assert outcome["status"] == "succeeded"
    assert loop.office.value("SELECT published_again FROM task WHERE id = %s", accepted["id"]) >= 1
