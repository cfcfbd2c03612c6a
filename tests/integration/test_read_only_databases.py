"""A failover that leaves connections on a server that cannot be written."""

from collections.abc import Iterator
from contextlib import ExitStack

import psycopg2
import pytest

from services.contracts.events import OPERATIONS_REQUESTED
from services.info.migrate import migrate
from services.info.service import InfoService
from services.runtime.configuration import monitoring_of
from services.runtime.postgres.database import DatabaseUnavailable, Pool
from tests.integration.loop import loop_on
from tests.own_servers import OwnPostgres, own_postgres
from tests.waiting import eventually

SIZE = 4


@pytest.fixture
def server() -> Iterator[OwnPostgres]:
    """A server of the test's own, migrated."""
    with own_postgres() as started:
        migrate(started.url)
        yield started


@pytest.fixture
def pool(server: OwnPostgres) -> Iterator[Pool]:
    """Connections all of which have been used."""
    made = Pool(server.url, SIZE, "backoffice_app", "backoffice test")
    _use_all(made)
    yield made
    made.close()


def _use_all(pool: Pool) -> None:
    with ExitStack() as all_of_them:
        for transaction in [all_of_them.enter_context(pool.transaction()) for _ in range(SIZE)]:
            transaction.query("SELECT 1")


def _read_only(url: str, on: bool) -> None:
    """What every session of the server finds, those that are open included."""
    _administer(url, f"ALTER SYSTEM SET default_transaction_read_only = {'on' if on else 'off'}")
    _administer(url, "SELECT pg_reload_conf()")


def _administer(url: str, statement: str) -> None:
    connection = psycopg2.connect(url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = off")
        cursor.execute(statement)
    connection.close()


def _write(pool: Pool) -> None:
    with pool.transaction() as tx:
        tx.execute("INSERT INTO audit (actor, entity, entity_id, event) VALUES ('me', 'customer', 1, 'created')")


def _writes(pool: Pool) -> bool:
    try:
        _write(pool)
    except DatabaseUnavailable:
        return False
    return True


def test_one_connection_on_a_read_only_server_has_all_replaced(server: OwnPostgres, pool: Pool) -> None:
    """As after a failover behind an address: what is open leads to the old server, what is opened to the new one."""
    with pool.transaction() as first, pool.transaction() as second, pool.transaction() as third:
        for transaction in (first, second, third):
            transaction.execute("SET SESSION default_transaction_read_only = on")
    with pytest.raises(DatabaseUnavailable):
        _write(pool)
    for _ in range(SIZE):
        _write(pool)


def test_a_connection_in_use_when_another_proved_read_only_is_replaced_too(server: OwnPostgres, pool: Pool) -> None:
    with pool.transaction() as held:
        held.execute("SET SESSION default_transaction_read_only = on")
        with pool.transaction() as other:
            other.execute("SET SESSION default_transaction_read_only = on")
        assert not _writes(pool)
    _write(pool)


def test_no_connection_to_a_read_only_server_is_used_and_health_says_why(server: OwnPostgres, pool: Pool) -> None:
    assert pool.fault() is None
    _read_only(server.url, True)
    eventually(lambda: pool.fault() == "The database is read-only.")
    with pytest.raises(DatabaseUnavailable, match="read-only"):
        _write(pool)
    _read_only(server.url, False)
    eventually(lambda: pool.fault() is None)
    _write(pool)


def test_a_database_that_new_sessions_find_read_only_is_not_used(server: OwnPostgres) -> None:
    _administer(server.url, "ALTER DATABASE postgres SET default_transaction_read_only = on")
    pool = Pool(server.url, 1)
    assert pool.fault() == "The database is read-only."
    _administer(server.url, "ALTER DATABASE postgres RESET default_transaction_read_only")
    assert pool.fault() is None
    pool.close()


def test_migrate_does_not_begin_on_a_read_only_server(server: OwnPostgres) -> None:
    _read_only(server.url, True)
    with pytest.raises(DatabaseUnavailable, match="read-only"):
        eventually(lambda: migrate(server.url) and False)


def test_work_goes_on_when_the_server_can_be_written_again(server: OwnPostgres, amqp_uri: str) -> None:
    with loop_on(server.url, amqp_uri) as loop:
        (info,) = loop.start(InfoService)
        monitoring_of(info).started()
        first, second = (loop.office.task("alice", "create_customer", {"name": name}) for name in ("Ada", "Grace"))
        loop.request(first)
        eventually(lambda: loop.office.query("SELECT 1 FROM customer"))
        _read_only(server.url, True)
        eventually(lambda: "The database is read-only." in monitoring_of(info).reasons())
        loop.request(second)
        eventually(lambda: loop.count(OPERATIONS_REQUESTED.queue) == 0)
        _read_only(server.url, False)
        eventually(lambda: _writes(loop.office.pool))
        eventually(lambda: len(loop.office.query("SELECT 1 FROM customer")) == 2)
        eventually(lambda: monitoring_of(info).reasons() == [])
        assert loop.kept() == []
