"""Bringing a database to the schema that this version needs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files

import yoyo

from services.info.completion import complete
from services.runtime.postgres import requirements
from services.runtime.postgres.connecting import REQUIRED, connect

_LOCK = 0x6261636B6F6666
"""The advisory lock under which one process at a time migrates a database."""


def migrate(database_url: str, tell: Callable[[str], None] = lambda line: None) -> list[str]:
    """Apply the migrations that are missing, oldest first, complete existing rows, and return the migrations' ids.

    Any number of processes may do this at once: one works, the others wait and find nothing to do. Connects as
    the owner of the schema, who has to be allowed to create roles unless ``backoffice_app`` exists.

    tell: takes sentences about what was completed, and what somebody has to do
    Raises ``psycopg2.Error`` or ``DatabaseUnavailable``, and ``UnsuitableDatabase`` before anything is changed.
    """
    requirements.check(database_url, None)
    with _alone(database_url), as_file(files("services.info") / "migrations") as folder:
        migrations = yoyo.read_migrations(str(folder))
        backend = yoyo.get_backend(database_url)
        try:
            backend.connection.set_client_encoding(REQUIRED["client_encoding"])
            # Yoyo's own lock is a row, which a process that was killed leaves behind for good.
            backend.break_lock()
            missing = backend.to_apply(migrations)
            backend.apply_migrations(missing)
            complete(database_url, tell)
            return [migration.id for migration in missing]
        finally:
            backend.connection.close()


@contextmanager
def _alone(database_url: str) -> Iterator[None]:
    connection = connect(database_url, None, "backoffice migrates")
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = 0; SET statement_timeout = 0")
            cursor.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        yield
    finally:
        connection.close()
