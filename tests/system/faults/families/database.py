"""A PostgreSQL that dies, stops, hangs, is full or busy, or whose answer to a commit is lost."""

import itertools
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from random import Random
from typing import cast

import eventlet
import psycopg2

from tests import parts
from tests.system.faults.commits import DatabaseProxy, Part
from tests.system.faults.registry import fault
from tests.system.faults.site import Site, disk_may_be_mounted
from tests.waiting import eventually


@fault()
def database_killed(site: Site, chance: Random) -> None:
    """SIGKILL of PostgreSQL, which is started again after a moment."""
    site.postgres.kill()
    eventlet.sleep(chance.uniform(0, 3))
    site.postgres.start()


@fault()
def database_restarted(site: Site, chance: Random) -> None:
    """PostgreSQL is stopped, its connections ended, and started again."""
    site.postgres.stop(chance.choice(("fast", "immediate")))
    eventlet.sleep(chance.uniform(0, 3))
    site.postgres.start()


@fault()
def database_paused(site: Site, chance: Random) -> None:
    """SIGSTOP of all of PostgreSQL for some seconds."""
    site.postgres.signal(signal.SIGSTOP)
    try:
        eventlet.sleep(chance.uniform(2, 8))
    finally:
        site.postgres.signal(signal.SIGCONT)


@fault()
def a_session_of_the_database_killed(site: Site, chance: Random) -> None:
    """PostgreSQL ends the connections of info, in the middle of whatever they do."""
    for _ in range(5):
        with site.connection() as connection, connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'backoffice%'"
            )
        eventlet.sleep(chance.uniform(0.2, 0.8))


@fault()
def connections_exhausted(site: Site, chance: Random) -> None:
    """Somebody else takes every connection that PostgreSQL has left, and info has to do without new ones."""
    with ExitStack() as taken:
        _take_connections(site, taken)
        with suppress(psycopg2.Error), taken.pop_all(), ExitStack():
            pass
    with ExitStack() as taken:
        with site.connection() as connection, connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'backoffice%'"
            )
            _take_connections(site, taken)
        eventlet.sleep(chance.uniform(3, 6))


def _take_connections(site: Site, taken: ExitStack) -> None:
    with suppress(psycopg2.OperationalError):
        while True:
            taken.callback(psycopg2.connect(site.database).close)


@contextmanager
def locked(site: Site, statement: str) -> Iterator[None]:
    """A transaction of somebody else's that has done this and does not end."""
    connection = psycopg2.connect(site.database)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET idle_in_transaction_session_timeout = 0")
            cursor.execute(statement)
        yield
    finally:
        connection.close()


@fault()
def rows_locked(site: Site, chance: Random) -> None:
    """Somebody else's transaction holds recent items for some seconds."""
    kind = chance.choice(("document", "transfer", "inquiry"))
    with locked(site, f"SELECT 1 FROM {kind} ORDER BY id DESC LIMIT 30 FOR UPDATE"):
        eventlet.sleep(chance.uniform(2, 6))


@fault(long=True)
def rows_locked_for_half_a_minute(site: Site, chance: Random) -> None:
    """Somebody else's transaction holds an operator and many items for 30 seconds."""
    name = chance.choice(("Bob", "Carol", "Dave"))
    with (
        locked(site, "SELECT 1 FROM transfer FOR UPDATE"),
        locked(site, f"SELECT 1 FROM operator WHERE name = '{name}' FOR UPDATE"),
    ):
        eventlet.sleep(30)


@fault()
def table_locked(site: Site, chance: Random) -> None:
    """Somebody alters a table for some seconds: nobody else may even read it."""
    table = chance.choice(("task", "audit", "session", "transfer"))
    with locked(site, f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"):
        eventlet.sleep(chance.uniform(2, 6))


@fault()
def deadlocks(site: Site, chance: Random) -> None:
    """Transactions that lock the newest items in the opposite order of everybody else, so that somebody has to lose."""
    for number in itertools.count():
        if number == 12:
            return
        connection = psycopg2.connect(site.database)
        try:
            with suppress(psycopg2.Error), connection.cursor() as cursor:
                cursor.execute("SET deadlock_timeout = '10s'")
                for table in ("inquiry", "transfer", "document"):
                    cursor.execute(f"SELECT 1 FROM {table} ORDER BY id DESC LIMIT 10 FOR UPDATE")
                    eventlet.sleep(0.1)
                cursor.execute("SELECT 1 FROM operator ORDER BY id DESC FOR UPDATE")
        finally:
            connection.close()


@fault()
def every_transaction_fails(site: Site, chance: Random) -> None:
    """Serialization failures, deadlocks and full memory, each of many commits, as PostgreSQL would raise them."""
    state = chance.choice(("40001", "40P01", "53200", "57P01"))
    with site.connection() as connection, connection.cursor() as cursor:
        cursor.execute(
            f"""CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF random() < 0.5 THEN RAISE EXCEPTION 'the fault suite' USING ERRCODE = '{state}'; END IF;
                RETURN NULL;
            END $$;
            CREATE CONSTRAINT TRIGGER fail AFTER INSERT ON audit DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW EXECUTE FUNCTION fail()"""
        )
    try:
        eventlet.sleep(chance.uniform(2, 6))
    finally:
        eventually(lambda: _mended(site), 60, 0.2)


def _mended(site: Site) -> bool:
    try:
        with site.connection() as connection, connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '2s'")
            cursor.execute("DROP TRIGGER IF EXISTS fail ON audit")
            cursor.execute("DROP FUNCTION IF EXISTS fail")
    except psycopg2.Error:
        return False
    return True


@fault()
def database_read_only(site: Site, chance: Random) -> None:
    """PostgreSQL lets nobody write for some seconds, on open connections and on new ones."""
    with _read_only(site):
        eventlet.sleep(chance.uniform(2, 8))


@fault()
def connections_left_on_a_read_only_server(site: Site, chance: Random) -> None:
    """A failover: what is open leads to a server that cannot be written, and what is opened anew to one that can."""
    name = parts.database_name(site.database)
    _administer(site, f"ALTER DATABASE {name} SET default_transaction_read_only = off")
    try:
        with _read_only(site):
            eventlet.sleep(chance.uniform(2, 8))
    finally:
        _administer(site, f"ALTER DATABASE {name} RESET default_transaction_read_only")


@contextmanager
def _read_only(site: Site) -> Iterator[None]:
    _administer(site, "ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()")
    try:
        yield
    finally:
        _administer(site, "ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()")


def _administer(site: Site, *statements: str) -> None:
    """Tried again while the database is away: it has to be as before afterwards."""

    def done() -> bool:
        try:
            with site.connection() as connection, connection.cursor() as cursor:
                cursor.execute("SET default_transaction_read_only = off")
                for statement in statements:
                    cursor.execute(statement)
        except psycopg2.Error:
            return False
        return True

    eventually(done, 60, 0.2)


@fault(missing=disk_may_be_mounted)
def disk_full(site: Site, chance: Random) -> None:
    """PostgreSQL's file system is full, for tables and for the write-ahead log."""
    filler = cast(Path, site.disk) / "filler"
    try:
        with filler.open("wb") as file, suppress(OSError):
            while True:
                file.write(b"\0" * 1_000_000)
        eventlet.sleep(chance.uniform(3, 8))
    finally:
        filler.unlink(missing_ok=True)
        if not site.postgres.alive:
            site.postgres.start()


@fault()
def answers_of_commits_lost(site: Site, chance: Random) -> None:
    """Commits are carried out and their connections cut before the answer: nobody knows whether they happened."""
    _lose(Part.ANSWER, site, chance)


@fault()
def commits_lost(site: Site, chance: Random) -> None:
    """Connections are cut before the commit gets through: it looks the same, and nothing happened."""
    _lose(Part.REQUEST, site, chance)


def _lose(part: Part, site: Site, chance: Random) -> None:
    proxies = [proxy for proxy in site.links.values() if isinstance(proxy, DatabaseProxy)]
    for proxy in proxies:
        proxy.to_lose[part] = chance.randint(3, 8)
    try:
        with suppress(AssertionError):
            eventually(lambda: not any(proxy.to_lose[part] for proxy in proxies), 15, 0.1)
    finally:
        for proxy in proxies:
            proxy.to_lose[part] = 0
