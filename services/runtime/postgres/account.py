"""PostgreSQL refuses to run as root. Started by root, it runs as a system account of its own."""

import logging
import os
import pwd
import shutil
import stat
import subprocess
from pathlib import Path

ACCOUNT = "backoffice_postgres"

log = logging.getLogger(__name__)


class NoAccount(Exception):
    """The account cannot be made; the message is meant for the person who started the process."""


def server_account() -> pwd.struct_passwd | None:
    """The account to run PostgreSQL as, made when missing; None when not root."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(ACCOUNT)
    except KeyError:
        _make_account()
        return pwd.getpwnam(ACCOUNT)


def _make_account() -> None:
    program = shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if program is None:
        raise NoAccount(
            f"PostgreSQL cannot run as root, and there is no useradd to make the account {ACCOUNT}. "
            "Start this as another user, or name a database with DATABASE_URL."
        )
    made = subprocess.run(  # noqa: S603 -- a fixed command, no shell
        [
            program,
            "--system",
            "--no-create-home",
            "--home-dir",
            "/nonexistent",
            "--shell",
            "/usr/sbin/nologin",
            ACCOUNT,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode != 0:
        raise NoAccount(f"The account {ACCOUNT} for PostgreSQL cannot be made: {made.stderr.strip()}")


def let_through(path: Path) -> None:
    """Let other accounts pass (not list, not read) every folder above ``path``, where they may not yet."""
    for folder in path.resolve().parents:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            log.warning("letting the account %s pass through %s", ACCOUNT, folder)
            folder.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)


def let_read(folder: Path) -> None:
    """Let other accounts read a folder and all that is in it, and run its programs."""
    for path in (folder, *folder.rglob("*")):
        if path.is_symlink():
            continue
        mode = stat.S_IMODE(path.stat().st_mode)
        wanted = mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0)
        if wanted != mode:
            path.chmod(wanted)
