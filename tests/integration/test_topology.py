"""The queues as RabbitMQ has them: all there before any service is ready, and none that loses what it took."""

import re
import subprocess
from typing import Any
from urllib.parse import urlsplit

import kombu
import pytest
from nameko.containers import ServiceContainer

from services.contracts.events import DEAD_LETTER_QUEUE, TASKS_SUBMITTED
from services.gateway.service import GatewayService
from services.info.service import InfoService
from services.runtime.amqp.broker import AmqpBroker
from services.runtime.amqp.consuming import declare
from services.runtime.messaging.broker import BrokerUnavailable, Message, NotAccepted
from services.runtime.messaging.envelopes import encode
from services.runtime.messaging.topology import shared_queues, work_queue
from services.runtime.settings import Settings
from services.tasks.service import TasksService
from services.users.service import UsersService
from tests.integration.loop import Loop
from tests.waiting import eventually


@pytest.fixture
def vhost(amqp_uri: str) -> str:
    """Where no shared queue is declared."""
    with kombu.Connection(amqp_uri) as connection, connection.channel() as channel:
        for queue in shared_queues():
            channel.queue_delete(queue.name)
    return amqp_uri


def rabbitmqctl(*words: str) -> str:
    return subprocess.run(["rabbitmqctl", "-q", *words], capture_output=True, text=True, check=True).stdout


def queues(vhost: str, *columns: str) -> dict[str, list[str]]:
    """The queues of a vhost by name, with what RabbitMQ tells of them."""
    told = rabbitmqctl("list_queues", "-p", urlsplit(vhost).path[1:], "--no-table-headers", "name", *columns)
    rows = [line.split("\t") for line in told.splitlines()]
    return {row[0]: row[1:] for row in rows}


def set_aside_and_kept(vhost: str, queue: str) -> int:
    """How many messages a quorum queue has set aside and still keeps, since no other queue has taken them."""
    member = f"{{'{urlsplit(vhost).path[1:]}_{queue}', node()}}"
    overview = rabbitmqctl("eval", f"ra:local_query({member}, fun rabbit_fifo:overview/1).")
    return sum(int(count) for count in re.findall(r"num_discard(?:ed|_checked_out) => (\d+)", overview))


@pytest.mark.parametrize("service", [GatewayService, InfoService, TasksService, UsersService])
def test_a_service_declares_every_shared_queue_before_it_is_ready(vhost: str, service: Any) -> None:
    settings = Settings(amqp_uri=vhost, database_url="postgresql://postgres@127.0.0.1:1/none", http_port=0)
    container = ServiceContainer(
        service, {"settings": settings, "broker": AmqpBroker(vhost, service.name), "max_workers": 10}
    )
    container.start()
    try:
        found = queues(vhost, "durable", "exclusive", "type", "arguments")
    finally:
        container.stop()
    assert {queue.name for queue in shared_queues()} <= set(found)
    for name, (durable, exclusive, kind, arguments) in found.items():
        assert "true" in (durable, exclusive), f"{name} is neither: RabbitMQ 4.3 refuses it"
        if kind == "rabbit_quorum_queue":
            assert '"x-delivery-limit"' in arguments, f"{name} has the broker's own limit, which drops"


def test_a_full_queue_refuses_what_comes_and_keeps_what_it_has(vhost: str) -> None:
    queue = work_queue(TASKS_SUBMITTED, 100)
    broker = AmqpBroker(vhost, "a test")
    broker.declare([queue])
    broker.start()
    refused = 0
    for _ in range(150):
        try:
            broker.publish([Message("", queue.name, b"task")], 5.0)
        except NotAccepted:
            refused += 1
    broker.stop()
    with kombu.Connection(vhost) as connection, connection.channel() as channel:
        kept = channel.queue_declare(queue.name, passive=True).message_count
    assert 0 < refused <= 50
    assert kept == 150 - refused


def test_a_queue_that_exists_with_another_bound_is_used_as_it_is(vhost: str) -> None:
    for bound in (100, 1_000):
        broker = AmqpBroker(vhost, "a test")
        broker.declare([work_queue(TASKS_SUBMITTED, bound)])
        broker.consume(work_queue(TASKS_SUBMITTED, bound), 1, lambda delivery: None)
        broker.start(10)
        broker.stop()
    (arguments,) = queues(vhost, "arguments")[TASKS_SUBMITTED.queue]
    assert '"x-max-length",100' in arguments.replace(" ", "")


def test_a_dead_letter_stays_where_it_is_until_a_queue_has_taken_it(vhost: str) -> None:
    queue = work_queue(TASKS_SUBMITTED)
    with kombu.Connection(vhost) as connection, connection.channel() as channel:
        declare(channel, queue)
        for body in (b"first", b"second"):
            channel.basic_publish(channel.prepare_message(body, properties={}), "", queue.name)
        for _ in range(2):
            delivery = eventually(lambda: channel.basic_get(queue.name))
            channel.basic_reject(delivery.delivery_tag, requeue=False)
    eventually(lambda: set_aside_and_kept(vhost, queue.name) == 2)


def test_a_queue_that_is_deleted_under_its_readers_is_made_again(loop: Loop) -> None:
    loop.start_all()
    with kombu.Connection(loop.amqp_uri) as connection, connection.channel() as channel:
        for name in (TASKS_SUBMITTED.queue, DEAD_LETTER_QUEUE):
            channel.queue_delete(name)
    broker = AmqpBroker(loop.amqp_uri, "a test")
    broker.start()
    task = loop.office.task("alice", "create_customer", {"name": "Ada"})
    (body,) = encode(TASKS_SUBMITTED, [task])

    def accepted() -> bool:
        try:
            broker.publish([Message("gateway.events", TASKS_SUBMITTED.name, body)], 2.0)
        except BrokerUnavailable:
            return False
        return True

    eventually(accepted)
    broker.stop()
    assert loop.outcomes(task)[0]["status"] == "succeeded"
