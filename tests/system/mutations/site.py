"""A running build: one process with the four services, and a gate in its database that holds it in mid-work."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2
import requests

from services.info.demo import OPERATORS, create_fake_database
from tests import parts
from tests.client import Client
from tests.stack import SERVICES, Process, free_port
from tests.waiting import eventually

SECONDS = 60.0
"""How long anything may take before the run is given up."""

_GATE = """
CREATE TABLE gate (closed boolean NOT NULL);
INSERT INTO gate VALUES (false);

CREATE FUNCTION pass_the_gate() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    WHILE (SELECT closed FROM gate) LOOP
        PERFORM pg_sleep(0.01);
    END LOOP;
    RETURN NEW;
END $$;
CREATE TRIGGER gate BEFORE INSERT OR UPDATE ON transfer FOR EACH ROW EXECUTE FUNCTION pass_the_gate();

-- A sequence remembers what a rollback undoes.
CREATE SEQUENCE commits;
CREATE FUNCTION fail_the_first_commit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF nextval('commits') = 1 THEN
        RAISE EXCEPTION 'the first commit fails' USING ERRCODE = 'serialization_failure';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER commit_fails AFTER INSERT ON customer DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.name = 'whose first commit fails') EXECUTE FUNCTION fail_the_first_commit();
"""

_AT_THE_GATE = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'
"""


class Site:
    """What a scenario works with. ``clients``: each demo operator, by name, logged in."""

    def __init__(self, database: str, amqp_uri: str, folder: Path) -> None:
        self.database = database
        self.amqp_uri = amqp_uri
        port = free_port()
        self._url = f"http://127.0.0.1:{port}"
        environment = os.environ | {"AMQP_URI": amqp_uri, "DATABASE_URL": database, "HTTP_PORT": str(port)}
        self.process = Process("all", ["run", *SERVICES], environment, folder)
        self.clients = {each.name: Client(self._url, each.token) for each in OPERATORS}

    def start(self) -> None:
        """Start the process, again, and wait until it answers."""
        self.process.start()
        eventually(self._ready, SECONDS, 0.05)

    def _ready(self) -> bool:
        if not self.process.running:
            raise AssertionError(self.process.log.read_text())
        try:
            return requests.get(f"{self._url}/readyz", timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def log_in(self) -> None:
        """Everybody."""
        for name, client in self.clients.items():
            assert client.login(name)["status"] == "succeeded"

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """As the owner of the database."""
        connection = psycopg2.connect(self.database)
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(statement, values or None)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    @contextmanager
    def gate_closed(self) -> Iterator[None]:
        """Whoever writes a transfer meanwhile waits, in the middle of the transaction, until the gate opens."""
        self.sql("UPDATE gate SET closed = true")
        try:
            yield
        finally:
            self.sql("UPDATE gate SET closed = false")

    def wait_at_gate(self) -> None:
        """Until somebody waits there."""
        eventually(lambda: self.sql(_AT_THE_GATE) == [(1,)], SECONDS)


@contextmanager
def running() -> Iterator[Site]:
    """Started, and everybody logged in; removed at the end."""
    with (
        tempfile.TemporaryDirectory(prefix="backoffice-") as folder,
        parts.temporary_database(parts.DATABASE) as database,
        parts.temporary_vhost() as amqp_uri,
    ):
        create_fake_database(database)
        site = Site(database, amqp_uri, Path(folder))
        site.sql(_GATE)
        site.start()
        try:
            site.log_in()
            yield site
        finally:
            site.process.kill()
