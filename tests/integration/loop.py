"""The loop of info, users and tasks in one process, on a real RabbitMQ and PostgreSQL, with a stand-in gateway."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import kombu
import psycopg2
from nameko.containers import ServiceContainer

from services.contracts.events import EVENTS, OPERATIONS_REQUESTED, TASKS_FINISHED, TASKS_SUBMITTED, Event
from services.contracts.tasks import Task
from services.info.service import InfoService
from services.runtime.amqp.broker import AmqpBroker
from services.runtime.messaging.broadcasts import listen
from services.runtime.messaging.topology import shared_queues
from services.runtime.settings import Settings
from services.tasks.service import TasksService
from services.users.service import UsersService
from tests.integration.queues import empty_queues
from tests.office import Office, office_in
from tests.waiting import PATIENCE, eventually

_told: list[dict[str, Any]] = []

WORK = [event for event in EVENTS if event.listener is not None]


class Gateway:
    """In place of the real one: it hears outcomes."""

    name = "gateway"

    @listen(TASKS_FINISHED)
    def finished(self, outcomes: list[dict[str, Any]]) -> None:
        _told.extend(outcomes)


class Loop:
    """Services on one broker and one office."""

    def __init__(self, office: Office, amqp_uri: str) -> None:
        self.office = office
        self.amqp_uri = amqp_uri
        self.told = _told
        self.containers: list[ServiceContainer] = []

    def start(self, *services: Any, amqp_uri: str | None = None, **settings: Any) -> list[ServiceContainer]:
        """Host services; ``amqp_uri``: as they reach the broker."""
        uri = amqp_uri or self.amqp_uri
        defaults = {"database_url": self.office.url, "rpc_seconds": 3.0, "publish_seconds": 2.0}
        chosen = Settings(amqp_uri=uri, **{**defaults, **settings})
        containers = [
            ServiceContainer(service, {"settings": chosen, "broker": AmqpBroker(uri, service.name), "max_workers": 100})
            for service in services
        ]
        for container in containers:
            self.containers.append(container)
            container.start()
        return containers

    def start_all(self, **settings: Any) -> None:
        """The whole loop."""
        self.start(Gateway, InfoService, UsersService, TasksService, **settings)

    def stop(self) -> None:
        """All that was started."""
        for container in reversed(self.containers):
            container.stop()

    def publish(self, event: Event, body: bytes, headers: Mapping[str, Any] | None = None, **properties: Any) -> None:
        """Any message, as anybody who may publish could send it to the event's queue."""
        with kombu.Connection(self.amqp_uri) as connection, connection.channel() as channel:
            arguments = {"content_type": "application/json", "content_encoding": "utf-8", **properties}
            message = channel.prepare_message(body, headers=dict(headers or {}), properties={}, **arguments)
            channel.basic_publish(message, exchange=event.speakers[0].exchange, routing_key=event.name)

    def submit(self, *tasks: Task) -> None:
        """Tasks, as the gateway says them."""
        for task in tasks:
            self.publish(TASKS_SUBMITTED, json.dumps({"version": 1, "tasks": [task]}).encode())

    def request(self, *tasks: Task) -> None:
        """Operations of one message, as tasks says them."""
        operations = [{"task": task} for task in tasks]
        self.publish(OPERATIONS_REQUESTED, json.dumps({"version": 1, "operations": operations}).encode())

    def outcomes(self, *tasks: Task, timeout: float = PATIENCE) -> list[dict[str, Any]]:
        """What is told of these tasks, once all of it has been."""
        ids = [task["id"] for task in tasks]
        eventually(lambda: {each["id"] for each in self.told} >= set(ids), timeout)
        by_id = {each["id"]: each for each in self.told}
        return [by_id[task_id] for task_id in ids]

    def count(self, queue: str) -> int:
        """Messages that wait on a queue."""
        with kombu.Connection(self.amqp_uri) as connection, connection.channel() as channel:
            return int(channel.queue_declare(queue, passive=True).message_count)

    def is_idle(self) -> bool:
        """Nothing waits on any queue."""
        return all(self.count(queue.name) == 0 for queue in shared_queues())

    def kept(self) -> list[dict[str, Any]]:
        """The dead letters that an operator can see, oldest first."""
        return self.office.query("SELECT queue, reason, body, encoding, task_id FROM dead_letter ORDER BY id")


@contextmanager
def loop_on(database_url: str, amqp_uri: str) -> Iterator[Loop]:
    """A loop of which nothing runs yet; its queues exist and are empty."""
    _told.clear()
    empty_queues(amqp_uri)
    with office_in(database_url) as office:
        loop = Loop(office, amqp_uri)
        try:
            yield loop
        finally:
            loop.stop()


@contextmanager
def held_up(loop: Loop) -> Iterator[None]:
    """Whoever wants to create a customer has to wait."""
    connection = psycopg2.connect(loop.office.url)
    try:
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE customer IN EXCLUSIVE MODE")
        yield
    finally:
        connection.rollback()
        connection.close()
