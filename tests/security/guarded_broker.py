"""A RabbitMQ of the tests' own that has loaded the definitions file: a user for each service, with its rights alone."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from services.contracts.events import Service
from services.runtime.messaging.definitions import USERS, VHOST
from tests.own_servers import OwnRabbitMQ, own_rabbitmq
from tests.stack import COMMAND, ROOT


@dataclass(frozen=True)
class GuardedBroker:
    """The broker, and each user's password."""

    server: OwnRabbitMQ
    passwords: dict[str, str]

    vhost: str = VHOST

    def uri(self, user: str) -> str:
        """As one user reaches it."""
        return f"amqp://{user}:{self.passwords[user]}@127.0.0.1:{self.server.port}/{self.vhost}"

    def another(self, vhost: str) -> "GuardedBroker":
        """The same with another virtual host, which nobody else uses."""
        self.load(printed_definitions(self.passwords, "--vhost", vhost))
        return replace(self, vhost=vhost)

    def load(self, definitions: str) -> None:
        """Have the broker load a definitions file."""
        with tempfile.TemporaryDirectory(prefix="backoffice-") as folder:
            Path(folder).chmod(0o755)
            file = Path(folder) / "definitions.json"
            file.write_text(definitions, encoding="utf-8")
            self.server.ctl("import_definitions", str(file))

    @property
    def of_service(self) -> dict[str, dict[str, str]]:
        """The settings of each service's processes."""
        settings = {service.value: {"AMQP_URI": self.uri(service)} for service in Service}
        settings[Service.INFO]["TASKS_BROKER_USER"] = Service.TASKS
        return settings


@contextmanager
def guarded_broker() -> Iterator[GuardedBroker]:
    """One that has started and loaded what ``backoffice broker definitions`` prints."""
    with own_rabbitmq() as server:
        broker = GuardedBroker(server, {user: f"password-of-{user}" for user in USERS})
        broker.load(printed_definitions(broker.passwords))
        yield broker


def printed_definitions(passwords: dict[str, str], *options: str) -> str:
    """What the command prints for these passwords."""
    variables = {f"BROKER_PASSWORD_{user.upper()}": password for user, password in passwords.items()}
    command = [*COMMAND, "broker", "definitions", *options]
    done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout
