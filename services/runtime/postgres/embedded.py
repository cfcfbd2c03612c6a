"""The PostgreSQL that comes as a wheel, under ``data_dir``, for the embedded mode.

It listens on a Unix socket in a folder that only its owner may enter, so it needs no port and no password. Every
process that uses it holds a shared lock: the first one starts it, the last one stops it, and one that was killed
leaves a server behind which the next one takes over. Commits are as durable as anywhere: ``fsync`` stays on.
"""

import fcntl
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg2
from psycopg2 import sql

from services.runtime.file_locks import locked
from services.runtime.postgres import programs
from services.runtime.postgres.programs import PORT, START_SECONDS, SUPERUSER, EmbeddedPostgresError


class EmbeddedPostgres:
    """A running server."""

    def __init__(self, pgdata: Path) -> None:
        lines = (pgdata / "postmaster.pid").read_text().splitlines()
        self.pid = int(lines[0])
        self._socket_dir = lines[4]

    def url(self, database: str) -> str:
        """The URL of that database, made when it does not exist."""
        connection = psycopg2.connect(self._url("postgres"))
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,))
                if cursor.fetchone() is None:
                    cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
        finally:
            connection.close()
        return self._url(database)

    def _url(self, database: str) -> str:
        return f"postgresql://{SUPERUSER}@/{quote(database)}?host={quote(self._socket_dir)}&port={PORT}"

    def abandon(self) -> None:
        """Have it shut down (cleanly, in its own time) without waiting: this process is about to end."""
        os.kill(self.pid, signal.SIGINT)


@contextmanager
def running(data_dir: str | Path) -> Iterator[EmbeddedPostgres]:
    """The server of ``data_dir``, started when it is not running, stopped when nobody uses it any more.

    Raises ``EmbeddedPostgresError``.
    """
    folder = Path(data_dir).resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        users = (folder / "users.lock").open("a")
    except OSError as error:
        raise EmbeddedPostgresError(f"The data folder {folder} cannot be used: {error.strerror}.") from None
    with users:
        with _alone(folder):
            fcntl.flock(users, fcntl.LOCK_SH)
            server = _started(folder)
        try:
            yield server
        finally:
            with _alone(folder):
                if locked(users):
                    _stop(folder / "postgres")


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process at a time starts or stops the server."""
    with (folder / "postgres.lock").open("a") as lock:
        give_up = time.monotonic() + 2 * START_SECONDS
        while not locked(lock):
            if time.monotonic() > give_up:
                raise EmbeddedPostgresError(f"Another process has been starting PostgreSQL in {folder} for too long.")
            time.sleep(0.05)
        yield


def _started(folder: Path) -> EmbeddedPostgres:
    pgdata = folder / "postgres"
    if not (pgdata / "PG_VERSION").exists():
        programs.create(pgdata)
    if programs.is_running(pgdata) and programs.is_stopping(pgdata):
        programs.stop(pgdata)
    if not programs.is_running(pgdata):
        programs.check_version(pgdata)
        programs.start(pgdata, folder / "postgres.log")
    return EmbeddedPostgres(pgdata)


def _stop(pgdata: Path) -> None:
    if programs.is_running(pgdata):
        programs.stop(pgdata)


__all__ = ["EmbeddedPostgres", "EmbeddedPostgresError", "running"]
