"""A RabbitMQ and a PostgreSQL of a test's own on free ports, to be stopped, killed and started again."""

import getpass
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import eventlet
import psutil
import pytest

from tests import parts
from tests.stack import free_port
from tests.waiting import eventually


def run(command: list[str], environment: Mapping[str, str] = os.environ) -> str:
    """Run a command; what it printed. Fails with that when the command does."""
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode:
        raise AssertionError(f"{command[0]}: {done.stdout}{done.stderr}")
    return done.stdout


class OwnRabbitMQ:
    """A single node. ``uri`` stays the same over stops."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.uri = f"amqp://guest:guest@127.0.0.1:{self.port}//"
        self._folder = folder
        self._environment = os.environ | {
            "RABBITMQ_NODENAME": f"backoffice{self.port}@localhost",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq"),
            "RABBITMQ_PID_FILE": str(folder / "pid"),
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        with (self._folder / "console.log").open("ab") as output:
            self._process = subprocess.Popen(
                ["rabbitmq-server"], env=self._environment, stdout=output, stderr=output, start_new_session=True
            )
        eventually(lambda: parts.rabbitmq_answers(self.uri), 120, 0.1)
        self.ctl("await_startup")

    def ctl(self, *words: str) -> str:
        """``rabbitmqctl`` for this node; what it printed."""
        return run(["rabbitmqctl", "-q", *words], self._environment)

    def stop(self) -> None:
        """Stop it as an operator would; what is on disk stays."""
        if self._process is not None:
            self.ctl("stop")
            _end(self._process)
            self._process = None

    def kill(self) -> None:
        """SIGKILL."""
        if self._process is not None:
            self.signal(signal.SIGKILL)
            _end(self._process)
            self._process = None

    @property
    def running(self) -> bool:
        """Whether it has been started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def signal(self, number: int) -> None:
        """Send a signal to the node itself; one that is only starting does not get it."""
        pid = self._folder / "pid"
        if pid.exists():
            os.kill(int(pid.read_text()), number)


class OwnPostgres:
    """A cluster. ``url`` stays the same over stops.

    settings: of the server, as ``postgresql.conf`` names them
    """

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        self.port = free_port()
        self.user = "postgres" if os.geteuid() == 0 else getpass.getuser()
        self.url = f"postgresql://{self.user}@127.0.0.1:{self.port}/postgres"
        self._settings = settings or {}
        self._bin = _postgres_programs()
        self._data = folder / "data"
        self._as = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        run([*self._as, str(self._bin / "initdb"), "-D", str(self._data), "-A", "trust", "-U", self.user])

    def start(self) -> None:
        """Start it and wait until it takes connections. What a killed one left may be in the way for a moment."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=''"
        options += "".join(f" -c {name}={value}" for name, value in self._settings.items())
        log = str(self._data / "server.log")
        command = [*self._as, str(self._bin / "pg_ctl"), "-D", str(self._data), "-o", options, "-l", log, "-w", "start"]
        for _ in range(10):
            with suppress(AssertionError):
                run(command)
                return
            eventlet.sleep(0.5)
        run(command)

    def stop(self, mode: str = "fast") -> None:
        """Stop it; ``immediate`` is as good as a crash."""
        run([*self._as, str(self._bin / "pg_ctl"), "-D", str(self._data), "-m", mode, "-w", "stop"])

    def kill(self) -> None:
        """SIGKILL the server and whatever works for it."""
        for server in self.processes()[:1]:
            server.suspend()  # so that it begets nobody meanwhile
        processes = self.processes()
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        eventually(lambda: not any(map(_lives, processes)), 30, 0.05)

    def signal(self, number: int) -> None:
        """Send a signal to the server and whatever works for it."""
        for process in self.processes():
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)

    def processes(self) -> list[psutil.Process]:
        """The server first, then whatever works for it."""
        try:
            server = psutil.Process(int((self._data / "postmaster.pid").read_text().split()[0]))
            return [server, *server.children(recursive=True)]
        except (OSError, psutil.NoSuchProcess):
            return []

    @property
    def running(self) -> bool:
        """Whether it has been started and has not been stopped; it may have died."""
        return (self._data / "postmaster.pid").exists()

    @property
    def alive(self) -> bool:
        """Whether its first process lives."""
        return bool(self.processes())


@contextmanager
def own_rabbitmq(configuration: str = "") -> Iterator[OwnRabbitMQ]:
    """A RabbitMQ that has started, with these lines as its ``rabbitmq.conf``."""
    if shutil.which("rabbitmq-server") is None:
        pytest.skip("no rabbitmq-server is installed")
    with tempfile.TemporaryDirectory(prefix="rabbitmq-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o777)
        (folder / "rabbitmq.conf").write_text(configuration)
        server = OwnRabbitMQ(folder)
        server.start()
        try:
            yield server
        finally:
            server.kill()


@contextmanager
def own_postgres(settings: Mapping[str, str] | None = None, folder: Path | None = None) -> Iterator[OwnPostgres]:
    """A PostgreSQL that has started, in a folder of its own unless one is given."""
    with tempfile.TemporaryDirectory(prefix="postgres-", ignore_cleanup_errors=True) as name:
        server = OwnPostgres(folder or Path(name), settings)
        server.start()
        try:
            yield server
        finally:
            if server.running:
                server.stop("immediate")


@contextmanager
def own_pgbouncer(url: str, pool_mode: str) -> Iterator[str]:
    """A PgBouncer in front of the database of ``url``; the URL through it."""
    program = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"
    if not Path(program).exists():
        pytest.skip("no pgbouncer is installed")
    target, port = urlsplit(url), free_port()
    with tempfile.TemporaryDirectory(prefix="pgbouncer-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "pgbouncer.ini").write_text(
            f"[databases]\n* = host={target.hostname} port={target.port} user={target.username}\n[pgbouncer]\n"
            f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n"
            f"pool_mode = {pool_mode}\n"
        )
        account = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
        command = [*account, program, "-q", str(folder / "pgbouncer.ini")]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            pooled = urlunsplit(target._replace(netloc=f"{target.username}@127.0.0.1:{port}"))
            eventually(lambda: parts.postgres_answers(pooled), 30, 0.1)
            yield pooled
        finally:
            process.terminate()
            _end(process)


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _postgres_programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    if not found:
        pytest.skip("no PostgreSQL server is installed")
    return found[-1].parent


def postgres_program(name: str) -> Path:
    """A program of the installed PostgreSQL, ``pg_dump`` for example; skips the test when there is none."""
    return _postgres_programs() / name


def _end(process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
