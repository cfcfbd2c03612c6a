"""The place that is broken: a RabbitMQ, a PostgreSQL and two processes of each service, every link through a proxy."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import eventlet
import psycopg2

from services.contracts.operators import Role
from services.info import operators
from services.info.demo import OPERATORS, create_fake_database
from services.runtime.postgres.database import Pool
from tests.ledger import unfinished
from tests.own_servers import OwnPostgres, OwnRabbitMQ, own_postgres, own_rabbitmq
from tests.parts import with_path
from tests.proxy import Proxy
from tests.stack import SERVICES, Process, Stack
from tests.system.faults.commits import DatabaseProxy
from tests.system.faults.person import Person
from tests.waiting import eventually

REPLICAS = 2
STAFF = {each.name: each.token for each in OPERATORS} | {
    "Ann": "token of Ann",
    "Chris": "token of Chris",
    "Sam": "token of Sam",
}
_MORE = (("Ann", Role.ADMIN, 2), ("Chris", Role.COMPLIANCE, 3), ("Sam", Role.SERVICE, 3))
FLOODING = ("token of Flo", "token of Flora")
"""Two further Admins, by token, who do nothing but flood a gateway each."""

ROLES = {each.name: (each.role, each.level) for each in OPERATORS} | {
    name: (role, level) for name, role, level in _MORE
}
"""Role and level of every operator when nobody has changed them."""

POSTGRES = {"max_connections": "60", "min_wal_size": "32MB", "max_wal_size": "64MB", "fsync": "off"}
"""Nothing here kills the machine, so what is written outlives every fault without fsync."""

QUEUED_TASKS = 400
"""Few, so that an outage of some seconds fills the queues of work."""

DISK_MEGABYTES = 700


class Site:
    """The running system and what there is to break.

    links:  the proxies by link: ``info-0 broker``, ``info-0 database``, ...
    people:   the operators at work
    accepted: asked for the ids of the tasks that they were told they have
    flooded:  the ids of the tasks that floods were told they have
    patience: how many times longer than promised something may take on a machine that does other things too
    deaths: how processes ended, by name of the service and exit code or signal
    say:    told what is done
    """

    def __init__(
        self,
        rabbitmq: OwnRabbitMQ,
        postgres: OwnPostgres,
        links: dict[str, Proxy],
        stack: Stack,
        database: str,
        disk: Path | None,
        say: Callable[[str], None],
    ) -> None:
        self.rabbitmq = rabbitmq
        self.postgres = postgres
        self.links = links
        self.stack = stack
        self.database = database
        self.disk = disk
        self.say = say
        self.deaths: Counter[str] = Counter()
        self.held: set[str] = set()
        self.people: list[Person] = []
        self.accepted: Callable[[], list[str]] = list
        self.newer_release = False
        self.flooded: list[str] = []
        self.notes: list[str] = []
        self.complaints: list[str] = []
        self.patience = 1.0

    @property
    def processes(self) -> dict[str, Process]:
        """All processes of services by name (``info-0``)."""
        return self.stack.processes

    @property
    def office(self) -> Pool:
        """The database as an administrator's command has it. To be closed."""
        return Pool(self.database, 1, None, "administrator")

    @contextmanager
    def only_keyed(self) -> Iterator[None]:
        """Every task that is submitted has a key, and those without one have ended."""
        for person in self.people:
            person.always_keyed = True
        try:
            eventlet.sleep(1)
            before = self.accepted()
            eventually(lambda: not unfinished(self.database, before), 60, 0.5)
            yield
        finally:
            for person in self.people:
                person.always_keyed = False

    @contextmanager
    def connection(self) -> Iterator[psycopg2.extensions.connection]:
        """A connection of the database's owner, closed at the end."""
        connection = psycopg2.connect(self.database)
        connection.autocommit = True
        try:
            yield connection
        finally:
            connection.close()

    def supervise(self) -> None:
        """Start again whatever has ended, as whoever runs such a process does."""
        while True:
            for name, process in self.processes.items():
                if name not in self.held and process.code is not None:
                    code = process.code
                    self.deaths[f"{name.partition('-')[0]} {signal.Signals(-code).name if code < 0 else code}"] += 1
                    eventlet.sleep(0.3)
                    if process.code is not None and name not in self.held:
                        process.start()
            eventlet.sleep(0.1)

    @contextmanager
    def holding(self, *names: str) -> Iterator[None]:
        """These processes are somebody else's to start."""
        self.held |= set(names)
        try:
            yield
        finally:
            self.held -= set(names)

    @contextmanager
    def frozen(self, *names: str) -> Iterator[None]:
        """These processes do nothing, and nobody is told, as when their machine hangs."""
        for name in names:
            self.processes[name].signal(signal.SIGSTOP)
        try:
            yield
        finally:
            for name in names:
                self.processes[name].signal(signal.SIGCONT)

    def of(self, service: str) -> list[str]:
        """The names of a service's processes."""
        return [process.name for process in self.stack.of(service)]

    def note(self, what: str) -> None:
        """Something to be shown at the end."""
        self.notes.append(what)
        self.say(what)

    def complain(self, what: str) -> None:
        """Something that must not be."""
        self.complaints.append(what)
        self.say(what)

    def mend(self) -> None:
        """Whatever a fault that failed has left broken works again."""
        self.held.clear()
        for process in self.processes.values():
            if process.running:
                process.signal(signal.SIGCONT)
        for proxy in self.links.values():
            proxy.restore()
        self.postgres.signal(signal.SIGCONT)
        if not self.postgres.alive:
            self.postgres.start()
        if self.rabbitmq.running:
            self.rabbitmq.signal(signal.SIGCONT)
        else:
            self.rabbitmq.start()

    def wait_ready(self, timeout: float = 120) -> None:
        """Until everything works again."""
        for url in self.stack.gateways:
            eventually(lambda: self.stack.answers(url), timeout, 0.2)  # noqa: B023
        eventually(lambda: all(process.running for process in self.processes.values()), timeout, 0.1)


@contextmanager
def running_site(say: Callable[[str], None], settings: Mapping[str, str] | None = None) -> Iterator[Site]:
    """Everything started and ready; stopped and removed at the end."""
    with ExitStack() as stack:
        say("starting a RabbitMQ and a PostgreSQL")
        rabbitmq = stack.enter_context(own_rabbitmq())
        disk = stack.enter_context(_small_disk())
        postgres = stack.enter_context(own_postgres(POSTGRES, disk))
        database = with_path(postgres.url, "faults")
        create_fake_database(database)
        _hire(database)
        links = {
            link: stack.enter_context(proxy)
            for service in SERVICES
            for number in range(REPLICAS)
            for link, proxy in _links(f"{service}-{number}", rabbitmq, postgres)
        }

        of_process = {
            name: {
                "AMQP_URI": links[f"{name} broker"].url(rabbitmq.uri),
                "DATABASE_URL": links[f"{name} database"].url(database) if f"{name} database" in links else "",
            }
            for name in (f"{service}-{number}" for service in SERVICES for number in range(REPLICAS))
        }
        say(f"starting {REPLICAS} processes of each service")
        environment = {
            "REPUBLISH_SECONDS": "3",
            "CLAIM_SECONDS": "20",
            "QUEUED_TASKS": str(QUEUED_TASKS),
            # A flood is to fill the queues, and comes from one operator at each gateway.
            "UNFINISHED_TASKS": "100000",
            **(settings or {}),
        }
        system = Stack(database, rabbitmq.uri, REPLICAS, environment, of_process)
        site = Site(rabbitmq, postgres, links, stack.enter_context(system), database, disk, say)
        supervisor = eventlet.spawn(site.supervise)
        stack.callback(supervisor.kill)
        yield site


def _links(name: str, rabbitmq: OwnRabbitMQ, postgres: OwnPostgres) -> Iterator[tuple[str, Proxy]]:
    yield f"{name} broker", Proxy.before(rabbitmq.uri)
    if name.startswith("info"):
        yield f"{name} database", DatabaseProxy.before(postgres.url)


def _hire(database: str) -> None:
    pool = Pool(database, 1)
    with pool.transaction() as tx:
        for name, role, level in _MORE:
            operators.add(tx, name, role, level, "the fault suite", STAFF[name])
        for token in FLOODING:
            operators.add(tx, token.rpartition(" ")[2], Role.ADMIN, 1, "the fault suite", token)
    pool.close()


def disk_may_be_mounted() -> str | None:
    """Why no disk can be filled here, if none can."""
    return None if os.geteuid() == 0 else "a small file system can be mounted by root alone"


@contextmanager
def _small_disk() -> Iterator[Path | None]:
    """A file system that can be filled, where one may be mounted."""
    folder = Path(tempfile.mkdtemp(prefix="postgres-disk-"))
    mounted = _quietly("mount", "-t", "tmpfs", "-o", f"size={DISK_MEGABYTES}m", "backoffice", str(folder))
    try:
        yield folder if mounted else None
    finally:
        if mounted:
            _quietly("umount", "-l", str(folder))
        shutil.rmtree(folder, ignore_errors=True)


def _quietly(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
