"""The database that a command works on: DATABASE_URL, or the embedded one of DATA_DIR."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.runtime.postgres.database import Pool
from services.runtime.postgres.embedded import EmbeddedPostgresError, locked, running
from services.runtime.postgres.transaction import Transaction
from services.runtime.settings import Settings

DATABASE = "backoffice"
DEMO_DATABASE = "backoffice_demo"
"""Of its own, so that trying the demo never costs anybody their data."""


@contextmanager
def database(settings: Settings) -> Iterator[str]:
    """The URL. Of the embedded databases it is the one that `up` uses now, if it runs."""
    if settings.database_url:
        yield settings.database_url
        return
    with running(settings.data_dir) as server:
        yield server.url(_used_by_up(Path(settings.data_dir)) or DATABASE)


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
