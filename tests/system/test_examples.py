"""The examples of the documents run as they are, on the deployed system."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.parts import temporary_database, temporary_vhost
from tests.stack import Stack, demo_stack

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"


@pytest.fixture(scope="module")
def system(postgres: str) -> Iterator[tuple[Stack, str]]:
    """The four services on a RabbitMQ with the demo data, and the address of that RabbitMQ."""
    with temporary_database(postgres) as database, temporary_vhost() as amqp_uri:
        with demo_stack(database, amqp_uri) as stack:
            yield stack, amqp_uri


def run(*command: str, **environment: str) -> str:
    """The example's output; fails with all of it unless the example succeeds."""
    finished = subprocess.run(
        command, env=os.environ | environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


def test_the_curl_example_shows_what_it_says(system: tuple[Stack, str]) -> None:
    shown = run(str(EXAMPLES / "curl.sh"), system[0].url)
    assert shown.count('"status": "succeeded"') + shown.count('"status":"succeeded"') >= 5
    for code in ("customer_not_found", "invalid_request", "task.data.amount"):
        assert code in shown


def test_the_python_client_has_its_outcome_pushed(system: tuple[Stack, str]) -> None:
    shown = run(sys.executable, str(EXAMPLES / "python_client.py"), system[0].url)
    assert "watching as" in shown
    assert "succeeded" in shown
    assert '"amount": "250.00"' in shown
    assert "refused, as it should be: not_permitted" in shown


def test_an_internal_system_runs_tasks_over_rabbitmq(system: tuple[Stack, str]) -> None:
    for _ in range(2):
        shown = run(sys.executable, str(EXAMPLES / "internal_system.py"), AMQP_URI=system[1])
        assert "create_customer succeeded" in shown
        assert "refused, as it should be: Refusal not_permitted" in shown


def test_every_example_is_explained_and_run_here() -> None:
    examples = {path.name for path in EXAMPLES.iterdir() if path.suffix in (".py", ".sh")}
    readme = (EXAMPLES / "README.md").read_text()
    here = Path(__file__).read_text()
    assert all(name in readme and name in here for name in examples)
