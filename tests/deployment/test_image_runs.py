"""Every service runs from the image as compose and the manifests say: their command, environment, credentials, user and
probes, on a tree that cannot be written, and works; and ends well when it is told to.

The test's own RabbitMQ and PostgreSQL stand in for theirs, with the users, rights and roles of ``deploy/``. All share
this machine's network, so hosts and ports are the test's.
"""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests.client import Client
from tests.deployment.container import Container
from tests.deployment.image_builder import Image
from tests.deployment.parts import make_roles
from tests.deployment.rendering import Document, make_secrets
from tests.deployment.stated import in_order, of_compose, of_manifest, probe
from tests.deployment.workloads import SERVICES
from tests.own_servers import OwnPostgres, OwnRabbitMQ, own_postgres, own_rabbitmq
from tests.waiting import eventually

START_SECONDS = 90

pytestmark = pytest.mark.timeout(900)  # the first of these builds the image


@dataclass(frozen=True)
class Servers:
    """Those of the test."""

    broker: OwnRabbitMQ
    database: OwnPostgres

    @property
    def addresses(self) -> list[str]:
        """As the maker of the credentials is told."""
        return ["--broker", f"127.0.0.1:{self.broker.port}", "--database", f"127.0.0.1:{self.database.port}"]

    def prepare(self, rabbitmq: Path, postgres: Path) -> None:
        """Give them what their images would load from their credentials."""
        self.broker.ctl("import_definitions", str(rabbitmq / "definitions.json"))
        make_roles(self.database, postgres)


@pytest.fixture
def servers(image: Image) -> Iterator[Servers]:
    """New ones; only where there is an image."""
    with own_rabbitmq() as broker, own_postgres() as database:
        yield Servers(broker, database)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Where the brokers' user may read, too."""
    for parent in (tmp_path, *tmp_path.parents[:2]):
        parent.chmod(0o755)
    yield tmp_path
    shutil.rmtree(tmp_path, ignore_errors=True)


def test_compose_brings_up_a_system_that_works(image: Image, servers: Servers, folder: Path) -> None:
    maker = of_compose("secrets", image, folder, folder / "secrets.log")
    done(maker.run(*maker.command, *servers.addresses))
    servers.prepare(folder / "secrets-rabbitmq", folder / "secrets-postgres")
    migration = of_compose("migrate", image, folder, folder / "migrate.log")
    assert "applied" in done(migration.run())
    assert done(migration.run()) == "The database is up to date.\n"

    containers = [of_compose(name, image, folder, folder / f"{name}.log") for name in in_order(set(SERVICES))]
    with ended_well(containers) as by_name:
        for container in containers:
            container.start()
            wait_until(is_healthy, container)
        token = done(by_name["info"].run("backoffice", "operator", "add", "Alice", "--role", "Admin")).strip()
        does_a_task(by_name["gateway"], token)
        for container in containers:
            holds_nothing_to_misuse(container)


def test_the_manifests_bring_up_a_system_that_works(
    image: Image, servers: Servers, rendered: dict[str, list[Document]], folder: Path
) -> None:
    demo = rendered["demo"]
    make_secrets(folder, *servers.addresses)
    servers.prepare(folder / "rabbitmq", folder / "postgres")
    done(of_manifest("migrate", demo, image, folder, folder / "migrate.log").run())

    def is_well(container: Container) -> bool:
        return all(
            answers(container, *probe(container.name, demo, which))
            for which in ("startupProbe", "livenessProbe", "readinessProbe")
        )

    containers = [of_manifest(name, demo, image, folder, folder / f"{name}.log") for name in SERVICES]
    with ended_well(containers) as by_name:
        for container in containers:
            container.start()
        for container in containers:
            wait_until(is_well, container)
        does_a_task(by_name["gateway"], "12qw")
        for container in containers:
            holds_nothing_to_misuse(container)


@contextmanager
def ended_well(containers: list[Container]) -> Iterator[dict[str, Container]]:
    """Each by its name; at the end told to stop by SIGTERM, which it has to do within its grace, with 0."""
    try:
        yield {container.name: container for container in containers}
        for container in reversed(containers):
            assert container.stop() == 0, container.log.read_text()
    finally:
        for container in containers:
            container.kill()


def done(finished: "subprocess.CompletedProcess[str]") -> str:
    """What it printed; it has to have succeeded."""
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


def wait_until(is_well: Callable[[Container], bool], container: Container) -> None:
    """Fails with what the container has logged."""

    def probe_it() -> bool:
        assert container.alive, f"{container.name} ended"
        return is_well(container)

    try:
        eventually(probe_it, START_SECONDS, 0.2)
    except AssertionError as error:
        raise AssertionError(f"{container.name}: {error}\n{container.log.read_text()[-4000:]}") from None


def is_healthy(container: Container) -> bool:
    """The image's own health check, run as a container runtime runs it."""
    kind, *command = container.image.configuration["Healthcheck"]["Test"]
    assert kind == "CMD"
    return container.run(*command).returncode == 0


def answers(container: Container, port: str, path: str) -> bool:
    """Whether a port, by its name in the manifest, answers a probe."""
    number = container.environment[{"metrics": "METRICS_PORT", "http": "HTTP_PORT"}[port]]
    try:
        return requests.get(f"http://127.0.0.1:{number}{path}", timeout=3).ok
    except requests.RequestException:
        return False


def does_a_task(gateway: Container, token: str) -> None:
    """One, from the request to its outcome: through the broker and all four services to the database and back."""
    url = f"http://127.0.0.1:{gateway.environment['HTTP_PORT']}"
    client = Client(url, token)
    assert client.login("Alice")["status"] == "succeeded"
    task = client.run("create_customer", {"name": "Ada"})
    assert task["status"] == "succeeded"
    assert task["result"]["customer"]["name"] == "Ada"
    assert "<!doctype html>" in requests.get(url, timeout=10).text.lower()


def holds_nothing_to_misuse(container: Container) -> None:
    """It runs as the image's user, has no capability, can gain none, and has the credentials that are its own."""
    status = container.status()
    assert set(status["Uid"].split()) == {container.image.configuration["User"].partition(":")[0]}
    assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0
    assert status["NoNewPrivs"] == "1"
    held = {path.name for folder in container.mounts.values() for path in folder.iterdir()}
    assert held == {"amqp_uri", "database_url"} if container.name == "info" else held == {"amqp_uri"}
