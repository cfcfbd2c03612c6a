"""The real parts that tests stand on, found by URL first and started when absent."""

import os
import secrets
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import psycopg2
from psycopg2 import sql

DATABASE = os.environ.get("TEST_DATABASE_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
BROKER = os.environ.get("TEST_AMQP_URI", "amqp://guest:guest@127.0.0.1:5672//")

WAITING = """
SELECT count(*) AS n FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND datname = current_database()
"""
"""How many transactions wait for another's locks; on this database, since other tests work on the same server.
Ask in a new transaction each time: one sees the same connections until it ends."""


PATIENCE_SECONDS = 20
"""For a server that is there and busy; one that is not there refuses at once."""


def postgres_answers(url: str = DATABASE) -> bool:
    """Whether a PostgreSQL takes connections at that URL."""
    try:
        psycopg2.connect(url, connect_timeout=PATIENCE_SECONDS).close()
    except psycopg2.OperationalError:
        return False
    return True


def rabbitmq_answers(url: str = BROKER) -> bool:
    """Whether something listens where RabbitMQ should, and vhosts can be made for the tests."""
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 5672), timeout=PATIENCE_SECONDS).close()
    except OSError:
        return False
    return shutil.which("rabbitmqctl") is not None


def with_path(url: str, path: str) -> str:
    """The URL with another database or vhost."""
    return urlunsplit(urlsplit(url)._replace(path="/" + path))


def database_name(url: str) -> str:
    """The database that a URL names."""
    return urlsplit(url).path[1:]


def without_password(url: str) -> str:
    """The URL as it may be shown."""
    parts = urlsplit(url)
    return url.replace(f":{parts.password}@", ":***@", 1) if parts.password else url


def run_sql(url: str, statement: sql.Composable) -> None:
    """One statement outside any transaction, as CREATE DATABASE wants it."""
    connection = psycopg2.connect(url)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
    finally:
        connection.close()


@contextmanager
def temporary_database(server: str, template: str = "template1") -> Iterator[str]:
    """The URL of a new database, dropped afterwards."""
    name = f"backoffice_test_{secrets.token_hex(6)}"
    run_sql(server, sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
    try:
        yield with_path(server, name)
    finally:
        run_sql(server, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def temporary_vhost(server: str = BROKER) -> Iterator[str]:
    """The URL of a new vhost, removed afterwards."""
    name = f"backoffice_test_{secrets.token_hex(6)}"
    user = urlsplit(server).username or "guest"
    subprocess.run(["rabbitmqctl", "-q", "add_vhost", name], check=True, stdout=subprocess.DEVNULL)
    try:
        subprocess.run(
            ["rabbitmqctl", "-q", "set_permissions", "-p", name, user, ".*", ".*", ".*"],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        yield with_path(server, name)
    finally:
        subprocess.run(["rabbitmqctl", "-q", "delete_vhost", name], check=True, stdout=subprocess.DEVNULL)
