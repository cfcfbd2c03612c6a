"""The README's commands for running for real give a system that takes the first login."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import eventlet
import requests

from tests.client import Client
from tests.documents import README, blocks, section
from tests.parts import temporary_database
from tests.stack import START_SECONDS, free_port
from tests.waiting import eventually

UNWANTED = re.compile("(?i)(https?|all)_proxy|AMQP_URI|DATABASE_URL|HTTP_.*")


def test_the_commands_for_running_for_real_give_a_system_that_takes_the_first_login(
    postgres: str, amqp_uri: str, tmp_path: Path
) -> None:
    within = section(README, "Running for real")
    setting_up, running = (text for _, text in blocks(README) if text in within)
    port = free_port()
    with temporary_database(postgres) as database:
        urls = {r"postgresql://\S+": database, r"amqp://\S+": amqp_uri}
        for pattern, url in urls.items():
            setting_up, running = (re.sub(pattern, url, text) for text in (setting_up, running))
        token = re.findall(r"[\w-]{22,}", done(setting_up))[-1]
        with started(running, port, tmp_path / "log") as log:
            eventually(lambda: is_ready(port), START_SECONDS, 0.05)
            login = Client(f"http://127.0.0.1:{port}", token).login("Alice")
        assert login["status"] == "succeeded"
        assert log.read_text().count('"ready: ') == 4


@contextmanager
def started(script: str, port: int, log: Path) -> Iterator[Path]:
    """The processes that a block starts in the background; told to stop, each has to end well."""
    ending = "trap 'kill -TERM $(jobs -p)' TERM\nwait\nfor job in $(jobs -p); do wait $job || exit 1; done"
    with log.open("wb") as output:
        shell = subprocess.Popen(
            ["bash", "-uc", f"{script}\n{ending}"],
            env=environment() | {"HTTP_PORT": str(port)},
            stdout=output,
            stderr=output,
        )
    try:
        yield log
    finally:
        shell.terminate()
        while shell.poll() is None:
            eventlet.sleep(0.02)
    assert shell.returncode == 0, log.read_text()


def done(script: str) -> str:
    """What a block prints, which has to succeed."""
    finished = subprocess.run(
        ["bash", "-euc", script], env=environment(), capture_output=True, text=True, timeout=60, check=False
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def environment() -> dict[str, str]:
    """Where ``backoffice`` is found, and no setting is made yet."""
    kept = {name: value for name, value in os.environ.items() if not UNWANTED.fullmatch(name)}
    return kept | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}", "PYTHONWARNINGS": "ignore"}


def is_ready(port: int) -> bool:
    """Whether the gateway says that all it needs is there."""
    try:
        return requests.get(f"http://127.0.0.1:{port}/readyz", timeout=5).status_code == 200
    except requests.RequestException:
        return False
