"""``python -m tests``: run all tests, with the PostgreSQL and the RabbitMQ that they stand on.

Those named by TEST_DATABASE_URL and TEST_AMQP_URI are used when they answer. A PostgreSQL that is missing is started
from its wheel; a RabbitMQ that is missing is installed and started where that can be done (root on Debian or Ubuntu),
and otherwise the tests that need it are skipped, and named at the end with the reason. Arguments go to pytest; without
any, the parts of the suite run side by side.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from services.runtime.postgres.embedded import running
from tests import lanes, parts


def main() -> int:
    """pytest's exit code."""
    with ExitStack() as stack:
        environment = dict(os.environ)
        if not parts.postgres_answers():
            environment["TEST_DATABASE_URL"] = stack.enter_context(_postgres())
        if not parts.rabbitmq_answers():
            _start_rabbitmq()
        if not sys.argv[1:]:
            return lanes.run(Path(__file__).parent, environment) and _tell_of_alarms()
        command = [sys.executable, "-m", "pytest", "-q", "-rfEs", *sys.argv[1:]]
        return subprocess.run(command, env=environment, check=False).returncode


@contextmanager
def _postgres() -> Iterator[str]:
    _say(f"no PostgreSQL answers at {parts.without_password(parts.DATABASE)}: starting the embedded one")
    with tempfile.TemporaryDirectory(prefix="backoffice-tests-") as folder, running(folder) as server:
        yield server.url("postgres")


def _start_rabbitmq() -> None:
    """Have a RabbitMQ at its usual address, if that can be done."""
    if "TEST_AMQP_URI" in os.environ:
        return _say("no RabbitMQ answers at TEST_AMQP_URI (or there is no rabbitmqctl): its tests are skipped")
    if shutil.which("rabbitmq-server") is None and not _install():
        return _say("no RabbitMQ answers, and none can be installed here: its tests are skipped")
    if os.geteuid() != 0:
        return _say("no RabbitMQ answers, and only root can start the installed one: its tests are skipped")
    if not parts.rabbitmq_answers():
        _say("starting RabbitMQ")
        _run("rabbitmq-server", "-detached")
    if not (_run("rabbitmqctl", "-q", "await_startup", "--timeout", "60") and parts.rabbitmq_answers()):
        _say("RabbitMQ does not start: its tests are skipped")
    return None


def _install() -> bool:
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    _say("installing RabbitMQ")
    environment = {"DEBIAN_FRONTEND": "noninteractive"}
    options = ("-qq", "-o", "DPkg::Lock::Timeout=120")
    return _run("apt-get", *options, "update", **environment) and _run(
        "apt-get", *options, "install", "-y", "--no-install-recommends", "rabbitmq-server", **environment
    )


def _run(*command: str, **environment: str) -> bool:
    done = subprocess.run(
        command, env=os.environ | environment, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    if done.returncode:
        _say(f"{' '.join(command[:2])}: {(done.stderr or done.stdout).strip()[-500:]}")
    return done.returncode == 0


def _tell_of_alarms() -> int:
    """1, after a word on what the broker has against being published to: many tests fail over it."""
    if shutil.which("rabbitmq-diagnostics") is not None:
        _run("rabbitmq-diagnostics", "-q", "check_local_alarms")
    return 1


def _say(what: str) -> None:
    print(f"tests: {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
