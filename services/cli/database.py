"""The database that a command works on: DATABASE_URL, or the embedded one of DATA_DIR."""

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.cli.program import Misuse
from services.cli.running import running_system
from services.runtime.file_locks import locked
from services.runtime.postgres.database import Pool
from services.runtime.postgres.embedded import EmbeddedPostgresError, running
from services.runtime.postgres.transaction import Transaction
from services.runtime.settings import Settings

DATABASE = "backoffice"
DEMO_DATABASE = "backoffice_demo"
"""Of its own, so that trying the demo never costs anybody their data."""


@contextmanager
def database(settings: Settings, *, create: bool = False) -> Iterator[str]:
    """The URL. Of the embedded databases it is the one that `up` uses now, if it runs.

    create: make a data folder where there is none

    Raises ``Misuse`` when no database is named and none is here.
    """
    if settings.database_url:
        yield settings.database_url
        return
    folder = _data_folder(settings, create=create)
    with running(folder) as server:
        yield server.url(_used_by_up(folder) or DATABASE)


def _data_folder(settings: Settings, *, create: bool) -> Path:
    """That of DATA_DIR, or of the system that runs on this machine."""
    stated = Path(settings.data_dir)
    if "DATA_DIR" not in os.environ and (system := running_system()):
        if system.data_dir is None:
            raise Misuse(f"The system at {system.url} runs on a database of its own: set DATABASE_URL to it.")
        return Path(system.data_dir)
    if not create and not (stated / "postgres").is_dir():
        raise Misuse(f"No database is at {stated.resolve()}: set DATABASE_URL, or DATA_DIR to the folder of `up`.")
    return stated


@contextmanager
def transaction(settings: Settings) -> Iterator[Transaction]:
    """One transaction on that database, as the role that ``info`` takes on."""
    with database(settings) as url:
        pool = Pool(url, size=1, role=settings.database_role, name="backoffice command")
        try:
            with pool.transaction() as tx:
                yield tx
        finally:
            pool.close()


def actor() -> str:
    """Whom the audit names: the account that typed the command."""
    return f"{getpass.getuser()} at the command line"


@contextmanager
def reserved(data_dir: str, name: str) -> Iterator[None]:
    """Be the one `up` of a data folder, and tell other commands which database it uses.

    Raises ``EmbeddedPostgresError`` when there is another.
    """
    folder = Path(data_dir)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "up.lock").open("a+")
    except OSError as error:
        raise EmbeddedPostgresError(f"The data folder {folder.resolve()} cannot be used: {error.strerror}.") from None
    with lock:
        if not locked(lock):
            raise EmbeddedPostgresError(
                f"Another `backoffice up` runs on {folder.resolve()}. Stop it first, or set DATA_DIR to another folder."
            )
        lock.truncate(0)
        lock.write(name)
        lock.flush()
        yield


def _used_by_up(folder: Path) -> str | None:
    path = folder / "up.lock"
    if not path.exists():
        return None
    with path.open("r+") as lock:
        return None if locked(lock) else lock.read().strip() or None
