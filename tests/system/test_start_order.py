"""Services start before what they need, in whatever order it comes."""

from collections.abc import Iterator

import eventlet
import pytest
import requests

from services.info.demo import create_fake_database
from tests import parts
from tests.client import Client
from tests.proxy import Proxy
from tests.stack import SERVICES, Stack
from tests.waiting import eventually


@pytest.fixture
def database(postgres: str) -> Iterator[str]:
    with parts.temporary_database(postgres) as url:
        create_fake_database(url)
        yield url


@pytest.mark.parametrize("broker_first", [True, False], ids=["broker first", "database first"])
def test_services_wait_for_broker_and_database_in_any_order(database: str, amqp_uri: str, broker_first: bool) -> None:
    with Proxy.before(amqp_uri) as broker, Proxy.before(database) as store:
        broker.stop()
        store.stop()
        first, second = (broker, store) if broker_first else (store, broker)
        stack = Stack(store.url(database), broker.url(amqp_uri))
        try:
            for service in reversed(SERVICES):
                for process in stack.of(service):
                    process.start()
            eventually(lambda: readiness(stack) == 503, 30, 0.1)
            first.restore()
            eventlet.sleep(2)
            assert readiness(stack) == 503
            assert all(process.running for process in stack.processes.values())
            second.restore()
            stack.wait_ready()
            alice = Client(stack.url, "12qw")
            assert eventually(lambda: alice.login("Alice").get("status") == "succeeded")
            assert alice.run("create_customer", {"name": "Ada"})["status"] == "succeeded"
            assert {process.stop() for process in stack.processes.values()} == {0}
        finally:
            stack.__exit__(None, None, None)


def readiness(stack: Stack) -> int | None:
    """The status of the gateway's answer, if it listens."""
    try:
        return requests.get(f"{stack.url}/readyz", timeout=5).status_code
    except requests.RequestException:
        return None
