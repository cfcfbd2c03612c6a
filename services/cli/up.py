"""``backoffice up``: the whole system in one process."""

import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import click
import psycopg2

from services.cli import output
from services.cli.access import local_url
from services.cli.database import DATABASE, DEMO_DATABASE, reserved
from services.cli.program import Fault, examples
from services.cli.running import RunningSystem, announced
from services.contracts.events import Service
from services.info import demo as demo_data
from services.info.migrate import migrate
from services.runtime import hosting
from services.runtime.hosting import Abandon
from services.runtime.postgres.embedded import running
from services.runtime.settings import Settings
from services.runtime.telemetry import logs


@click.command(
    epilog=examples(
        "backoffice up --demo",
        "backoffice up --port 8080",
        "backoffice up --database-url postgresql://me@db/backoffice",
    )
)
@click.option("--demo/--no-demo", help="Drop and remake a demo database, and use that. Default: the real one.")
@click.option("--host", help="The address to listen on (HTTP_HOST).")
@click.option("--port", help="The port to listen on, 0 for any (HTTP_PORT).")
@click.option("--amqp-uri", help="A RabbitMQ instead of the broker inside the process (AMQP_URI).")
@click.option("--database-url", help="A PostgreSQL instead of the embedded one (DATABASE_URL).")
def up(demo: bool, host: str | None, port: str | None, amqp_uri: str | None, database_url: str | None) -> None:
    """Run everything in this process, with what it needs.

    Brings its own broker and PostgreSQL unless they are named, migrates the database, and prints where it is.
    Ctrl-C stops it when what it holds is finished; twice, at once.
    """
    given = {"HTTP_HOST": host, "HTTP_PORT": port, "AMQP_URI": amqp_uri, "DATABASE_URL": database_url}
    stated = {name: value for name, value in given.items() if value is not None}
    settings = Settings.from_environment({"LOG_FORMAT": "text", **os.environ, **stated})
    logs.configure(settings, "up")
    _check_address(settings)
    with _database(settings, demo) as (url, abandon), ExitStack() as until_the_end:
        if demo:
            demo_data.create_fake_database(url)
        else:
            migrate(url, lambda line: output.show(line, err=True))
        usable = Settings.from_environment({"LOG_FORMAT": "text", **os.environ, **stated}, database_url=url)
        nobody = not demo and _nobody(url)

        def tell(started: dict[str, Any]) -> None:
            address = local_url(usable.http_host, started.get("port", usable.http_port))
            data_dir = None if settings.database_url else str(Path(settings.data_dir).resolve())
            until_the_end.enter_context(announced(RunningSystem(address, data_dir)))
            output.show(_welcome(address, demo, nobody))

        exit_code = hosting.run(list(Service), usable, on_ready=tell, on_abandon=abandon)
    sys.exit(exit_code)


@contextmanager
def _database(settings: Settings, demo: bool) -> Iterator[tuple[str, Abandon]]:
    """The URL, and what to do about the server when the process ends at once."""
    if settings.database_url:
        yield settings.database_url, lambda: None
        return
    name = DEMO_DATABASE if demo else DATABASE
    with reserved(settings.data_dir, name), running(settings.data_dir) as server:
        yield server.url(name), server.abandon


def _check_address(settings: Settings) -> None:
    """Before the database is started, or the demo's dropped, for nothing."""
    family = socket.AF_INET6 if ":" in settings.http_host else socket.AF_INET
    with socket.socket(family) as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind((settings.http_host, settings.http_port))
        except OSError as error:
            raise Fault(
                f"{local_url(settings.http_host, settings.http_port)} cannot be used: {error.strerror}. "
                "Choose another port or address by HTTP_PORT or HTTP_HOST: `HTTP_PORT=5001 make up`."
            ) from None


def _nobody(url: str) -> bool:
    connection = psycopg2.connect(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM operator LIMIT 1")
            return cursor.fetchone() is None
    finally:
        connection.close()


def _welcome(address: str, demo: bool, nobody: bool) -> str:
    lines = ["", f"Backoffice is ready: {address}  (the API's documents: {address}/api/v1/docs)", ""]
    if demo:
        login = json.dumps({"token": "12qw", "task": {"action": "login", "name": "Alice"}})
        lines += [
            f"  {each.name:<6} {each.role:<10} level {each.level}  token {each.token}" for each in demo_data.OPERATORS
        ]
        lines += ["", "Try:", f"  curl -s {address}/api/v1 -H 'Content-Type: application/json' -d '{login}'", ""]
    if nobody:
        lines += ["There is no operator yet. Add one, in another terminal:"]
        lines += ["  backoffice operator add Alice --role Admin --level 1", ""]
    return "\n".join([*lines, "Ctrl-C stops it."])
