"""The systems that ``backoffice up`` runs for this user now, so that commands in another shell find them.

Each ``up`` keeps a file with its address and data folder in the user's state folder, locked while it runs.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from platformdirs import user_state_path

from services.cli.program import Misuse
from services.runtime.file_locks import locked
from services.runtime.settings import Settings


@dataclass(frozen=True)
class RunningSystem:
    """What ``up`` runs.

    url:      the gateway's address
    data_dir: the data folder, absolute; None when the database is named by DATABASE_URL
    """

    url: str
    data_dir: str | None


@contextmanager
def announced(system: RunningSystem) -> Iterator[None]:
    """Let commands find the system until the end of the block, where the user's state folder can be written."""
    path = _folder() / f"{os.getpid()}.json"
    unfinished = path.with_suffix(".unfinished")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = unfinished.open("w", encoding="utf-8")
    except OSError:
        yield
        return
    with file:
        locked(file)
        json.dump(asdict(system), file)
        file.flush()
        unfinished.replace(path)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def running_system() -> RunningSystem | None:
    """The system that runs: the one at HTTP_PORT if that is set; of several the one on the data folder that is set.

    Raises ``Misuse`` when several run, none of them on that folder.
    """
    port = os.environ.get("HTTP_PORT")
    systems = [system for system in _systems() if port is None or system.url.endswith(f":{port}")]
    data_dir = str(Path(Settings.from_environment().data_dir).resolve())
    here = [system for system in systems if system.data_dir == data_dir]
    if len(systems) > 1 and len(here) != 1:
        places = "".join(f"\n  {system.url}  {system.data_dir or 'DATABASE_URL'}" for system in systems)
        raise Misuse(f"Several systems run; name one by HTTP_PORT or DATA_DIR.{places}")
    return next(iter(here or systems), None)


def _systems() -> Iterator[RunningSystem]:
    for path in sorted(_folder().glob("*.json")):
        try:
            with path.open("r+", encoding="utf-8") as file:
                if locked(file):
                    path.unlink(missing_ok=True)  # Its process was killed.
                else:
                    yield RunningSystem(**json.load(file))
        except (OSError, ValueError, TypeError):
            continue


def _folder() -> Path:
    return user_state_path("backoffice") / "running"
