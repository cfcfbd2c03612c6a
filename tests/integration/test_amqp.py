from collections.abc import Iterator

import pytest

from services.runtime.amqp.broker import AmqpBroker
from tests.broker_contract import *  # noqa: F403
from tests.broker_contract import Connect


@pytest.fixture
def connect(amqp_uri: str) -> Iterator[Connect]:
    connections = list[AmqpBroker]()

    def connection() -> AmqpBroker:
        connections.append(AmqpBroker(amqp_uri, name=f"container-{len(connections)}"))
        return connections[-1]

    yield connection
    for each in connections:
        each.stop()
