"""What the tests of this folder begin with: an office, a desk, a loop of services, a broker that can be cut off."""

from collections.abc import Iterator

import pytest

from services.contracts.operators import Role
from services.runtime.postgres.database import Pool
from tests.desk import Desk, Staff
from tests.integration.loop import Loop, loop_on
from tests.office import Office, office_in
from tests.proxy import Proxy


@pytest.fixture
def office(database_url: str) -> Iterator[Office]:
    """One that nothing has been done in."""
    with office_in(database_url) as made:
        yield made


@pytest.fixture
def owner(office: Office) -> Iterator[Pool]:
    """Connections of who owns the schema, whom no grant limits."""
    pool = Pool(office.url, 1)
    yield pool
    pool.close()


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    """One at which nobody works yet."""
    desk = Desk(database_url)
    yield desk
    desk.close()


@pytest.fixture
def alice(desk: Desk) -> Staff:
    """An Admin who has made a customer."""
    alice = desk.hire("Alice", Role.ADMIN)
    desk.done(alice, "create_customer", name="Grace")
    return alice


@pytest.fixture
def loop(database_url: str, amqp_uri: str) -> Iterator[Loop]:
    """A loop of which nothing runs yet."""
    with loop_on(database_url, amqp_uri) as made:
        yield made


@pytest.fixture
def proxy(amqp_uri: str) -> Iterator[Proxy]:
    """Between a service and its RabbitMQ."""
    with Proxy.before(amqp_uri) as between:
        yield between
