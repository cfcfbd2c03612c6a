"""The system that is measured, started as an operator would start it, on parts of its own that are removed later."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.usage import Group, listener
from bench.wire import HttpConnection, WireError, request
from services.contracts.events import Service
from services.info.demo import create_fake_database
from tests import parts

HOST = "127.0.0.1"
START_SECONDS = 60.0
STOP_SECONDS = 40.0
COMMAND = Path(sys.executable).with_name("backoffice")

GENEROUS = {"SUBMISSIONS_PER_SECOND": "10000", "UNFINISHED_TASKS": "10000"}
"""The limits for one operator protect the system from a client like the load generator."""


class StackError(Exception):
    """The system did not start; the message says why."""


@dataclass(frozen=True)
class Stack:
    """A running system. ``services`` are its own processes, ``servers`` the broker and the database, where they run
    on this machine."""

    port: int
    services: list[Group]
    servers: list[Group]
    amqp_uri: str = ""
    database_url: str = ""

    @property
    def groups(self) -> list[Group]:
        """All processes that work for a task."""
        return [*self.services, *self.servers]


@contextmanager
def real(limits: Mapping[str, str] = GENEROUS) -> Iterator[Stack]:
    """A process a service, on a vhost and a demo database of their own.

    limits: settings of what one operator may do
    """
    with ExitStack() as stack:
        amqp_uri = stack.enter_context(parts.temporary_vhost())
        database_url = stack.enter_context(parts.temporary_database(parts.DATABASE))
        create_fake_database(database_url)
        port = _free_port()
        common = {"AMQP_URI": amqp_uri, "HTTP_PORT": str(port), **limits}
        groups = []
        for service in Service:
            own = {"DATABASE_URL": database_url} if service is Service.INFO else {}
            groups.append(stack.enter_context(_process(str(service), ["run", str(service)], common | own)))
        _wait_until_ready(port, groups)
        servers = [
            listener("rabbitmq", parts.BROKER, 5672),
            listener("postgresql", parts.DATABASE, 5432),
        ]
        yield Stack(port, [each.group for each in groups], [each for each in servers if each], amqp_uri, database_url)


@contextmanager
def embedded() -> Iterator[Stack]:
    """One process with everything in it, as ``backoffice up`` starts it."""
    with ExitStack() as stack:
        data_dir = stack.enter_context(tempfile.TemporaryDirectory(prefix="backoffice-bench-"))
        os.chmod(data_dir, 0o755)  # the embedded PostgreSQL of root belongs to another user
        port = _free_port()
        settings = {"DATA_DIR": data_dir, "HTTP_PORT": str(port), **GENEROUS}
        process = stack.enter_context(_process("embedded", ["up", "--demo"], settings))
        _wait_until_ready(port, [process])
        yield Stack(port, [process.group], _embedded_postgres(Path(data_dir)))


def _embedded_postgres(data_dir: Path) -> list[Group]:
    found = next(iter(sorted(data_dir.rglob("postmaster.pid"))), None)
    return [] if found is None else [Group("postgresql", int(found.read_text().split("\n", 1)[0]))]


@dataclass(frozen=True)
class Process:
    """A process that was started, and where it logs."""

    group: Group
    popen: "subprocess.Popen[bytes]"
    log: Path

    def check(self) -> None:
        """Raise ``StackError`` with the end of its log when it has ended."""
        if self.popen.poll() is not None:
            raise StackError(f"{self.group.name} ended with {self.popen.returncode}: {self.end_of_log()}")

    def end_of_log(self) -> str:
        """The last that it said."""
        return self.log.read_text(errors="replace")[-2000:]


@contextmanager
def _process(name: str, arguments: list[str], settings: Mapping[str, str]) -> Iterator[Process]:
    inherited = {key: value for key, value in os.environ.items() if key not in ("AMQP_URI", "DATABASE_URL")}
    environment = inherited | {"LOG_LEVEL": "WARNING"} | dict(settings)
    with tempfile.NamedTemporaryFile(prefix=f"backoffice-bench-{name}-", suffix=".log") as log:
        popen = subprocess.Popen(
            [str(COMMAND), *arguments], env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        try:
            yield Process(Group(name, popen.pid), popen, Path(log.name))
        finally:
            _stop(popen)


def _stop(popen: "subprocess.Popen[bytes]") -> None:
    popen.terminate()
    try:
        popen.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        popen.kill()
        popen.wait()


def _wait_until_ready(port: int, processes: list[Process]) -> None:
    deadline = time.monotonic() + START_SECONDS
    answer: object = "nothing"
    while time.monotonic() < deadline:
        for process in processes:
            process.check()
        try:
            answer = HttpConnection(HOST, port).ask(request("GET", "/readyz", HOST))
        except (OSError, WireError) as error:
            answer = error
        if isinstance(answer, tuple) and answer[0] == 200:
            return
        time.sleep(0.1)
    logs = "".join(f"\n{process.group.name}: {process.end_of_log()}" for process in processes)
    raise StackError(f"not ready at port {port} after {START_SECONDS:g} s, but: {answer!r}{logs}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
