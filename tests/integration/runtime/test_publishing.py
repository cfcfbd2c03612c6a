"""What is published is confirmed, many messages at a time."""

import time

import pytest
from nameko.containers import ServiceContainer
from nameko.testing.services import entrypoint_hook

from services.runtime.amqp.broker import AmqpBroker
from services.runtime.amqp.link import HEARTBEAT
from services.runtime.messaging.broker import Message, Unconfirmed
from services.runtime.messaging.topology import shared_queues
from tests.proxy import Proxy
from tests.waiting import PATIENCE


def test_publishing_into_silence_ends_as_unconfirmed(tasks: ServiceContainer, proxy: Proxy) -> None:
    proxy.silence()
    with entrypoint_hook(tasks, "finish") as finish:
        began = time.monotonic()
        with pytest.raises(Unconfirmed):
            finish([1])
        assert time.monotonic() - began < HEARTBEAT, "it was the connection that was given up"
    proxy.restore()


def test_one_publish_of_many_waits_once(amqp_uri: str) -> None:
    """Confirms in a pipeline, against one wait a message, in one run."""
    broker = AmqpBroker(amqp_uri, "bench")
    broker.declare(shared_queues())
    broker.start()
    messages = [Message("", "info.operations_requested", b"{}") for _ in range(300)]
    began = time.monotonic()
    broker.publish(messages, PATIENCE)
    together = time.monotonic() - began
    began = time.monotonic()
    for message in messages:
        broker.publish([message], PATIENCE)
    one_by_one = time.monotonic() - began
    broker.stop()
    assert together < one_by_one
