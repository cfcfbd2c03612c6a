"""The running system against its own OpenAPI document: schemathesis makes up requests, right ones and wrong ones."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.contracts.tokens import token_hash
from tests.client import Client
from tests.parts import temporary_database, temporary_vhost
from tests.stack import ROOT, demo_stack
from tests.system.schemathesis_hooks import SPARE
from tests.waiting import eventually

pytestmark = pytest.mark.timeout(480)

OPERATORS = {"Alice": "12qw", "Bob": "34er", "Dave": "78ui"}
NO_LIMITS = {"LOGINS_PER_MINUTE": "100000", "SUBMISSIONS_PER_SECOND": "1000000"}
OF_TASKS = ("--include-path", "/api/v1", "--include-path-regex", "^/api/v1/(tasks|ws)")
OPTIONS = (
    # What a schema cannot state is refused too: a rule between members, a time, a number of bytes.
    "--checks", "all", "--exclude-checks", "positive_data_acceptance", "--continue-on-failure",
    "--phases", "examples,coverage,fuzzing", "--max-examples", "10",
    "--generation-deterministic", "--request-timeout", "70", "--warnings", "off", "--output-sanitize", "false",
)  # fmt: skip


@pytest.fixture(scope="module")
def url(postgres: str) -> Iterator[str]:
    """The address of one process of all services on a RabbitMQ, with the demo data, its operators logged in."""
    with temporary_database(postgres) as database, temporary_vhost() as amqp_uri:
        with demo_stack(database, amqp_uri, replicas=0, environment=NO_LIMITS) as stack:
            for name, token in OPERATORS.items():
                Client(stack.url, token).login(name)
            spare = {"name": "Spare", "role": "Service", "token_hash": token_hash("spare")}
            added = Client(stack.url, OPERATORS["Alice"]).run("add_operator", spare)
            assert added["result"]["operator"]["id"] == SPARE
            yield stack.url


class Run:
    """Schemathesis on its way, with all its checks. ``name``: whose requests they are; nobody's without one."""

    def __init__(self, url: str, report: Path, *options: str, name: str = "") -> None:
        environment = os.environ | {"SCHEMATHESIS_HOOKS": "tests.system.schemathesis_hooks", "PYTHONPATH": str(ROOT)}
        if name:
            environment |= {"OPERATOR_NAME": name, "OPERATOR_TOKEN": OPERATORS[name]}
            options = (*options, "--header", f"Authorization: Bearer {OPERATORS[name]}")
        command = Path(sys.executable).with_name("schemathesis")
        self._report = report
        with report.open("wb") as output:
            self.process = subprocess.Popen(
                [command, "--no-color", "run", f"{url}/api/v1/openapi.json", *OPTIONS, *options],
                env=environment, cwd=report.parent, stdout=output, stderr=output, stdin=subprocess.DEVNULL,
            )  # fmt: skip

    def assert_conforms(self, operations: int) -> None:
        """It found nothing in so many operations; fails with its report, which says how to repeat what it found."""
        eventually(lambda: self.process.poll() is not None, 400, 0.1)
        report = self._report.read_text()
        assert self.process.returncode == 0, report
        assert f"Tested: {operations}\n" in report


@pytest.fixture(scope="module")
def runs(url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Run]]:
    """All at once: they spend most of their time waiting."""
    folder = tmp_path_factory.mktemp("schemathesis")
    runs = {name: Run(url, folder / f"{name}.log", *OF_TASKS, name=name) for name in OPERATORS}
    # The later option counts; whoever is refused by the token alone needs no data of every kind.
    runs["nobody"] = Run(url, folder / "nobody.log", "--phases", "examples,fuzzing")
    yield runs
    for run in runs.values():
        run.process.kill()
        run.process.wait()


def test_who_has_not_logged_in_gets_documented_answers_only(runs: dict[str, Run]) -> None:
    runs["nobody"].assert_conforms(operations=11)


@pytest.mark.parametrize("name", OPERATORS)
def test_an_operator_gets_documented_answers_only(url: str, runs: dict[str, Run], name: str) -> None:
    runs[name].assert_conforms(operations=4)
    tasks = Client(url, OPERATORS[name]).tasks(limit=200)
    assert {task["status"] for task in tasks} >= {"succeeded", "failed"}
    assert len({task["action"] for task in tasks}) >= 8
