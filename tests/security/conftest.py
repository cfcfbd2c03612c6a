"""The fixtures of the security tests."""

from collections.abc import Iterator

import pytest

from tests.security.guarded_broker import GuardedBroker, guarded_broker
from tests.security.staffed import Staffed, staffed


@pytest.fixture(scope="session")
def guarded() -> Iterator[GuardedBroker]:
    """A RabbitMQ with the definitions loaded."""
    with guarded_broker() as broker:
        yield broker


@pytest.fixture(scope="session")
def system(guarded: GuardedBroker, postgres: str, migrated_template: str) -> Iterator[Staffed]:
    """Two of each service on that broker, and staff of every role."""
    with staffed(guarded, postgres, migrated_template) as made:
        yield made
