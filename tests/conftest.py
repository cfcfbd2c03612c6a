"""Fixtures of all tiers: real PostgreSQL and RabbitMQ, each test its own part of them."""

import eventlet

eventlet.monkey_patch()  # before anything else: the services run on eventlet, and so do their tests

import os  # noqa: E402
import signal  # noqa: E402
import tempfile  # noqa: E402
from collections.abc import Iterator  # noqa: E402

import pytest  # noqa: E402

from tests import parts  # noqa: E402

# A shell that runs the tests in the background has them ignore it, and whatever they start would too.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Commands find the systems of this user that run; those of other tests, or of the developer, are none of a test's.
_state = tempfile.TemporaryDirectory(prefix="backoffice-state-")
os.environ["XDG_STATE_HOME"] = _state.name

# At each start, pytest closes the folder that all its runs share to other accounts. When root runs the tests, the
# servers of a run that goes on have accounts of their own.
_temporary = tempfile.TemporaryDirectory(prefix="backoffice-pytest-", ignore_cleanup_errors=True)
os.chmod(_temporary.name, 0o711)
os.environ["PYTEST_DEBUG_TEMPROOT"] = _temporary.name


@pytest.fixture(scope="session")
def postgres() -> str:
    """The URL of a PostgreSQL server on which databases may be made."""
    if not parts.postgres_answers():
        pytest.fail(f"no PostgreSQL answers at {parts.DATABASE}; `make test` starts one")
    return parts.DATABASE


@pytest.fixture(scope="session")
def migrated_template(postgres: str) -> Iterator[str]:
    """The name of a migrated database that others are copied from."""
    from services.info.migrate import migrate

    with parts.temporary_database(postgres) as url:
        migrate(url)
        yield parts.database_name(url)


@pytest.fixture
def database_url(postgres: str, migrated_template: str) -> Iterator[str]:
    """A fresh, migrated database."""
    with parts.temporary_database(postgres, migrated_template) as url:
        yield url


@pytest.fixture(scope="module")
def amqp_uri() -> Iterator[str]:
    """A fresh vhost of a RabbitMQ."""
    if not parts.rabbitmq_answers():
        pytest.skip(f"no RabbitMQ answers at {parts.BROKER}")
    with parts.temporary_vhost() as url:
        yield url
