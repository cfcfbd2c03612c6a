"""The system as it is deployed: processes of services on a broker and a database, started, killed and stopped."""

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import eventlet
import requests

from services.info.demo import create_fake_database
from tests.waiting import eventually

START_SECONDS = 120.0
"""For processes that start side by side on a machine that is busy."""

SERVICES = ("info", "users", "tasks", "gateway")
COMMAND = (sys.executable, "-m", "services.cli")
ROOT = Path(__file__).resolve().parents[1]


_reserved: list[socket.socket] = []


def free_port() -> int:
    """A port that nobody listens on, for whoever is about to.

    The system gives it to nobody who connects somewhere, be it to this very port while its server is away. Nor does
    another process of tests get it: a socket of the other protocol holds the number for as long as this one runs.
    """
    while True:
        port = random.randrange(12_000, 32_768)
        reservation = socket.socket(type=socket.SOCK_DGRAM)
        try:
            reservation.bind(("127.0.0.1", port))
            with socket.socket() as attempt:
                attempt.bind(("127.0.0.1", port))
        except OSError:
            reservation.close()
            continue
        _reserved.append(reservation)
        return port


class Process:
    """One process of the ``backoffice`` command; its output goes to a file."""

    def __init__(self, name: str, arguments: Sequence[str], environment: dict[str, str], folder: Path) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self._arguments = [*COMMAND, *arguments]
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, **environment: str) -> None:
        """Start it, or start it again (killed, if it runs); ``environment`` holds for this start alone."""
        self.kill()
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                self._arguments,
                env=self._environment | environment,
                cwd=ROOT,
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
            )

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process is not None
        return self._process.pid

    @property
    def code(self) -> int | None:
        """Its exit code, if it has ended; the number of the signal that ended it, negative."""
        return None if self._process is None else self._process.poll()

    @property
    def running(self) -> bool:
        """It has been started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def signal(self, number: int) -> None:
        """Send a signal; one that has ended does not get it."""
        assert self._process is not None
        self._process.send_signal(number)

    def wait(self, timeout: float = 60) -> int:
        """Its exit code, once it has ended."""
        assert self._process is not None
        deadline = time.monotonic() + timeout
        while (code := self._process.poll()) is None:
            if time.monotonic() > deadline:
                raise AssertionError(f"{self.name} has not ended within {timeout:g} s")
            eventlet.sleep(0.02)
        return code

    def kill(self) -> None:
        """SIGKILL: no farewell."""
        if self.running:
            self.signal(signal.SIGKILL)
            self.wait()

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        if self.running:
            self.signal(signal.SIGTERM)
        return self.wait()


class Stack:
    """All four services.

    replicas:    processes of each service; 0: one process with all of them (``backoffice up``)
    amqp_uri:    None: the embedded mode
    monitors:    where each process has its health and metrics, by its name
    environment: further settings
    of_service:  further settings of one service's processes, or of one process (``info-0``)
    """

    def __init__(
        self,
        database_url: str,
        amqp_uri: str | None = None,
        replicas: int = 1,
        environment: dict[str, str] | None = None,
        of_service: Mapping[str, dict[str, str]] | None = None,
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="backoffice-"))
        base = {name: value for name, value in os.environ.items() if name not in ("AMQP_URI", "DATABASE_URL")}
        self._environment = base | {"DATABASE_URL": database_url, "LOG_LEVEL": "INFO", "PYTHONUNBUFFERED": "1"}
        if amqp_uri is not None:
            self._environment["AMQP_URI"] = amqp_uri
        self._environment |= environment or {}
        self._of_service = of_service or {}
        self.gateways: list[str] = []
        self.monitors: dict[str, str] = {}
        self.processes: dict[str, Process] = {}
        if replicas == 0:
            self._add("all", ["up", "--no-demo"], gateway=True)
        for number in range(replicas):
            for service in SERVICES:
                self._add(f"{service}-{number}", ["run", service], gateway=service == "gateway")

    def _add(self, name: str, arguments: list[str], *, gateway: bool) -> None:
        port = free_port()
        self.monitors[name] = f"http://127.0.0.1:{port}"
        environment = {**self._environment, "METRICS_PORT": str(port)} | self._of_service.get(
            name.rpartition("-")[0], {}
        )
        environment |= self._of_service.get(name, {})
        if gateway:
            port = free_port()
            environment["HTTP_PORT"] = str(port)
            self.gateways.append(f"http://127.0.0.1:{port}")
        self.processes[name] = Process(name, arguments, environment, self.folder)

    @property
    def url(self) -> str:
        """The first gateway."""
        return self.gateways[0]

    def of(self, service: str) -> list[Process]:
        """The processes of one service."""
        return [process for name, process in self.processes.items() if name.startswith(f"{service}-")]

    def __enter__(self) -> "Stack":
        for process in self.processes.values():
            process.start()
        try:
            self.wait_ready()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def wait_ready(self, timeout: float = START_SECONDS) -> None:
        """Until every gateway says that all it needs is there."""
        try:
            for url in self.gateways:
                eventually(lambda: self._ready(url), timeout, 0.05)  # noqa: B023
        except AssertionError:
            logs = "\n".join(self.logs())
            print(logs)
            raise AssertionError(f"not every process is ready; {self.last_words()}") from None

    def wait_monitors(self, timeout: float = START_SECONDS) -> None:
        """Until every process says by its own port that it is ready: what an operator's login changes is known."""
        for monitor in self.monitors.values():
            eventually(lambda: self.answers(monitor), timeout, 0.05)  # noqa: B023

    def _ready(self, url: str) -> bool:
        dead = [process.name for process in self.processes.values() if not process.running]
        if dead:
            raise AssertionError(f"{dead} ended")
        return self.answers(url)

    def answers(self, url: str) -> bool:
        """Whether that gateway or monitoring port says that all it needs is there."""
        try:
            return requests.get(f"{url}/readyz", timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def last_words(self) -> str:
        """The last line of every process, and how it ended if it did."""
        said = []
        for process in self.processes.values():
            lines = process.log.read_text().splitlines() if process.log.exists() else []
            ended = "" if process.running else f" ended with {process.code}"
            said.append(f"{process.name}{ended}: {lines[-1][-300:] if lines else 'nothing'}")
        return "; ".join(said)

    def logs(self) -> list[str]:
        """The last lines of every process."""
        return [
            f"--- {process.name}\n" + "\n".join(process.log.read_text().splitlines()[-30:])
            for process in self.processes.values()
            if process.log.exists()
        ]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self.processes.values():
            if process.running:
                process.signal(signal.SIGCONT)
                process.signal(signal.SIGTERM)
        for process in self.processes.values():
            if process.running:
                try:
                    process.wait(25)
                except AssertionError:
                    process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def embedded(*arguments: str, environment: dict[str, str] | None = None) -> Iterator[str]:
    """``backoffice up`` with nothing but itself: the address of its gateway. Its data goes with it."""
    with tempfile.TemporaryDirectory(prefix="backoffice-") as data:
        folder = Path(data)
        port = free_port()
        base = {name: value for name, value in os.environ.items() if name not in ("AMQP_URI", "DATABASE_URL")}
        settings = {"HTTP_PORT": str(port), "DATA_DIR": str(folder / "data"), "PYTHONUNBUFFERED": "1"}
        process = Process("up", ["up", *arguments], base | settings | (environment or {}), folder)
        process.start()
        url = f"http://127.0.0.1:{port}"
        try:
            eventually(lambda: _answers(process, url), START_SECONDS, 0.05)
            yield url
        finally:
            process.stop()


def _answers(process: Process, url: str) -> bool:
    if not process.running:
        raise AssertionError(process.log.read_text())
    try:
        return requests.get(f"{url}/readyz", timeout=5).status_code == 200
    except requests.RequestException:
        return False


@contextmanager
def demo_stack(database_url: str, amqp_uri: str | None, **options: Any) -> Iterator[Stack]:
    """A stack on a demo database that has just been made."""
    create_fake_database(database_url)
    with Stack(database_url, amqp_uri, **options) as stack:
        yield stack


__all__ = ["START_SECONDS", "Process", "Stack", "demo_stack", "embedded", "free_port"]
