"""Databases that cannot do what the services need are refused before anything is lost on them."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2
import pytest
from click.testing import CliRunner, Result
from nameko.testing.services import entrypoint_hook
from psycopg2 import sql

from services.cli.program import backoffice
from services.contracts.errors import Refusal
from services.info import operators
from services.info.service import InfoService
from services.runtime.configuration import monitoring_of
from services.runtime.postgres import notifications, requirements
from services.runtime.postgres.connecting import UnsuitableDatabase
from services.runtime.postgres.database import Pool
from services.runtime.postgres.requirements import POOLED
from services.users import directory
from services.users.service import UsersService
from tests import parts
from tests.integration.loop import loop_on
from tests.own_servers import own_pgbouncer
from tests.proxy import Proxy
from tests.waiting import eventually

ENCODINGS = ("SQL_ASCII", "LATIN1", "EUC_JP")


def command(*arguments: str, url: str, **environment: str) -> Result:
    environment |= {"DATABASE_URL": url, "AMQP_URI": parts.BROKER}
    return CliRunner().invoke(backoffice, arguments, env=environment, prog_name="backoffice")


@contextmanager
def _database_in(server: str, encoding: str) -> Iterator[str]:
    name = f"backoffice_test_{secrets.token_hex(6)}"
    make = "CREATE DATABASE {} ENCODING {} LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
    parts.run_sql(server, sql.SQL(make).format(sql.Identifier(name), sql.Literal(encoding)))
    try:
        yield parts.with_path(server, name)
    finally:
        parts.run_sql(server, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_migrate_and_info_refuse_a_database_that_cannot_store_every_name(postgres: str, encoding: str) -> None:
    with _database_in(postgres, encoding) as url:
        for words in (("migrate",), ("run", "info")):
            refused = command(*words, url=url)
            assert refused.exit_code == 2
            assert refused.stderr.endswith(f"has the encoding {encoding} and cannot store every name. "
                                           "Make another one with `CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE "
                                           "template0`.\n")  # fmt: skip
            assert refused.stderr.count("\n") == 1
        with psycopg2.connect(url) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
            assert cursor.fetchone() == (0,), "something was made in it"


def test_info_does_not_use_one_that_turns_out_so_later(postgres: str) -> None:
    with _database_in(postgres, "LATIN1") as url:
        pool = Pool(url, 1)
        assert (pool.fault() or "").endswith("TEMPLATE template0`.")
        with pytest.raises(UnsuitableDatabase), pool.transaction():
            pytest.fail("there is a connection")


@pytest.mark.parametrize("stated", ["?client_encoding=LATIN1", "?options=-c%20client_encoding%3DLATIN1", ""])
def test_the_clients_encoding_is_set_on_every_connection(
    database_url: str, stated: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGCLIENTENCODING", "SQL_ASCII")
    parts.run_sql(
        database_url,
        sql.SQL("ALTER DATABASE {} SET client_encoding = 'LATIN1'").format(
            sql.Identifier(parts.database_name(database_url))
        ),
    )
    pool = Pool(database_url + stated, 1)
    with pool.transaction() as tx:
        assert tx.query("SELECT %s AS name, octet_length(%s) AS bytes", ("李小龍", "李小龍")) == [
            {"name": "李小龍", "bytes": 9}
        ]
    pool.close()


@pytest.mark.parametrize("stated", ["?client_encoding=LATIN1", ""])
def test_migrate_sets_it_too(postgres: str, stated: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    with parts.temporary_database(postgres) as url:
        assert command("migrate", url=url + stated).exit_code == 0


@pytest.mark.parametrize("mode", ["transaction", "statement"])
def test_migrate_and_info_refuse_a_pooler_that_loses_what_is_notified(database_url: str, mode: str) -> None:
    with own_pgbouncer(database_url, mode) as pooled:
        for words in (("migrate",), ("run", "info")):
            refused = command(*words, url=pooled)
            assert (refused.exit_code, refused.stderr) == (2, f"backoffice: {POOLED}\n")


def test_a_pooler_that_keeps_the_session_will_do(database_url: str) -> None:
    with own_pgbouncer(database_url, "session") as pooled:
        assert command("migrate", url=pooled).exit_code == 0
        requirements.refuse_unsuitable(pooled, "backoffice_app")


def test_one_that_cannot_be_asked_is_waited_for() -> None:
    requirements.refuse_unsuitable("postgresql://nobody@127.0.0.1:1/none", None)


def test_info_that_is_led_to_a_pooler_later_is_not_ready_and_forgets_whom_it_knew(
    database_url: str, amqp_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An address that leads to a pooler from now on. A disabled operator's token does not work on."""
    monkeypatch.setattr(notifications, "CHECK_SECONDS", 0.2)
    monkeypatch.setattr(notifications, "ARRIVAL_SECONDS", 1.0)
    with (
        own_pgbouncer(database_url, "transaction") as pooled,
        Proxy.before(database_url) as address,
        loop_on(database_url, amqp_uri) as loop,
    ):
        info, users = loop.start(InfoService, UsersService, database_url=address.url(database_url))
        monitoring_of(info).started()
        eventually(lambda: monitoring_of(info).reasons() == [])
        address.lead_to(pooled)
        eventually(lambda: POOLED in monitoring_of(info).reasons())
        with entrypoint_hook(users, "authenticate") as authenticate:
            assert authenticate("token-of-bob-for-the-tests")["name"] == "bob"
            with loop.office.pool.transaction() as tx:
                operators.disable(tx, "bob", "the tests")
            eventually(lambda: _is_refused(authenticate, "token-of-bob-for-the-tests"), timeout=directory.SECONDS / 2)
        address.lead_to(database_url)
        eventually(lambda: monitoring_of(info).reasons() == [])


def _is_refused(authenticate: Callable[[str], Any], token: str) -> bool:
    try:
        authenticate(token)
    except Refusal:
        return True
    return False
