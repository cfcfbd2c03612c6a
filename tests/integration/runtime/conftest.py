"""The services under test, behind a proxy that can cut them off from RabbitMQ."""

from collections.abc import Iterator

import amqp
import kombu
import pytest
from nameko.containers import ServiceContainer

from tests.integration.queues import empty_queues
from tests.integration.runtime.services_under_test import Info, Tasks, running, seen
from tests.proxy import Proxy


@pytest.fixture
def tasks(proxy: Proxy, amqp_uri: str) -> Iterator[ServiceContainer]:
    empty_queues(amqp_uri)
    seen.forget()
    yield from running(Tasks, proxy.url(amqp_uri))


@pytest.fixture
def info(proxy: Proxy, amqp_uri: str) -> Iterator[ServiceContainer]:
    yield from running(Info, proxy.url(amqp_uri))


@pytest.fixture
def channel(amqp_uri: str) -> Iterator[amqp.Channel]:
    """A bare channel of an attacker or a foreign client."""
    with kombu.Connection(amqp_uri) as connection:
        yield connection.channel()
