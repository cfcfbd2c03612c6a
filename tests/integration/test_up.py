"""``backoffice up`` on a machine that has nothing else, used as the documents say."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.create_data_by_adminapi import SamplesError, create_samples_v1
from tests.stack import free_port
from tests.waiting import read_until

COMMAND = [sys.executable, "-m", "services.cli"]
ROOT = Path(__file__).resolve().parents[2]


class Machine:
    """A data folder and a port of its own; ``backoffice`` runs on it as from a shell."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"http://127.0.0.1:{free_port()}"
        self._environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("AMQP_", "DATABASE_", "HTTP_"))
        } | {"DATA_DIR": str(folder), "BACKOFFICE_URL": self.url, "PYTHONUNBUFFERED": "1"}

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*COMMAND, *arguments],
            env=self._environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=60,
            check=False,
        )

    def begin(self, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [*COMMAND, *arguments],
            env=self._environment,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
        )

    def up(self, *arguments: str) -> "tuple[subprocess.Popen[str], str]":
        """`backoffice up`, and what it said until it was ready."""
        process = self.begin("up", "--port", self.url.rpartition(":")[2], *arguments)
        said = read_until(process, "Ctrl-C stops it.")
        return process, said

    def submit(self, token: str, *arguments: str) -> dict[str, Any]:
        """The finished task."""
        done = self.run("submit", *arguments, "--token", token, "--json")
        task: dict[str, Any] = json.loads(done.stdout)
        return task


def end(process: "subprocess.Popen[str]", number: int = signal.SIGTERM) -> int:
    process.send_signal(number)
    process.communicate(timeout=60)
    return process.returncode


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    return Machine(tmp_path_factory.mktemp("machine") / "data")


@pytest.fixture(scope="module")
def demo(machine: Machine) -> Iterator[str]:
    """The demo runs; what it said."""
    process, said = machine.up("--demo")
    yield said
    end(process)


def test_the_demo_prints_where_it_is_who_there_is_and_a_first_request(machine: Machine, demo: str) -> None:
    assert f"Backoffice is ready: {machine.url} " in demo
    assert re.search(r"Carol\s+Compliance\s+level 2\s+token 56ty", demo)
    (curl,) = [line for line in demo.splitlines() if "curl" in line]
    answer = subprocess.run(curl, shell=True, capture_output=True, text=True, check=True)
    assert json.loads(answer.stdout)["task"]["status"] == "succeeded"


def test_a_task_is_submitted_and_its_outcome_watched_live(machine: Machine, demo: str) -> None:
    watcher = machine.begin("watch", "--token", "34er", "--name", "Bob")
    try:
        read_until(watcher, "Watching for Bob: Compliance, level 1.")
        task = machine.submit("34er", "review_transfer", "id=1", "approved=yes")
        assert task["result"]["transfer"]["status"] == "approved"
        said = read_until(watcher, "task  review_transfer succeeded")
        said += read_until(watcher, "transfer 1 decided") if "transfer 1 decided" not in said else ""
    finally:
        assert end(watcher, signal.SIGINT) == 0
    assert "item  transfer 1 decided  level 1  approved  version 2" in said


def test_a_watcher_whose_session_is_closed_is_told(machine: Machine, demo: str) -> None:
    done = machine.run("watch", "--token", "nobody's")

    assert done.returncode == 1
    assert "The token is wrong, or its session has ended" in done.stderr


def test_operators_are_managed_while_it_runs_and_it_holds_at_once(machine: Machine, demo: str) -> None:
    added = machine.run("operator", "add", "Frank", "--role", "Service")
    token = added.stdout.strip()
    assert machine.submit(token, "get_inquiry", "id=1", "--name", "Frank")["status"] == "succeeded"

    assert machine.run("operator", "disable", "Frank").returncode == 0

    refused = machine.run("submit", "get_inquiry", "id=1", "--token", token)
    assert refused.returncode == 1
    assert "not_authenticated" in refused.stderr


def test_samples_are_created_through_the_interface(machine: Machine, demo: str) -> None:
    created = create_samples_v1(machine.url, "12qw", name="Alice", customers=2, items_per_customer=2, progress=False)

    assert {kind: len(ids) for kind, ids in created.items()} == {
        "customer": 2,
        "document": 4,
        "transfer": 4,
        "inquiry": 4,
    }
    with pytest.raises(SamplesError, match=r"create_customer: .*not_permitted"):
        create_samples_v1(machine.url, "34er", name="Bob", progress=False)


def test_a_second_one_on_the_same_data_is_refused(machine: Machine, demo: str) -> None:
    done = machine.run("up", "--demo", "--port", str(free_port()))

    assert done.returncode == 1
    assert "backoffice: Another `backoffice up` runs on " in done.stderr


def test_a_port_that_is_taken_is_refused(machine: Machine, demo: str) -> None:
    done = machine.run("up", "--demo", "--port", machine.url.rpartition(":")[2])

    assert done.returncode == 1
    assert (
        "cannot be used: Address already in use. Choose another with --port or --host (HTTP_PORT, HTTP_HOST)."
        in done.stderr
    )


def test_a_real_one_asks_for_operators_and_keeps_its_data_over_demos_and_kills(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    process, said = machine.up()
    assert "There is no operator yet." in said
    token = machine.run("operator", "add", "Alice", "--role", "Admin").stdout.strip()
    task = machine.submit(token, "create_customer", "name=Ada", "--name", "Alice")
    assert task["status"] == "succeeded"
    process.kill()
    process.communicate()

    demo, said = machine.up("--demo")
    assert machine.submit("12qw", "get_customer", "id=1", "--name", "Alice")["status"] == "succeeded"
    assert end(demo) == 0

    process, said = machine.up()
    assert "There is no operator yet." not in said
    again = machine.submit(token, "get_customer", f"id={task['result']['customer']['id']}")
    assert again["result"]["customer"]["name"] == "Ada"
    assert end(process, signal.SIGINT) == 0


def test_a_watcher_finds_the_server_again_and_is_told_what_it_missed(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    process, _ = machine.up()
    token = machine.run("operator", "add", "Alice", "--role", "Admin").stdout.strip()
    watcher = machine.begin("watch", "--token", token, "--name", "Alice", "--json")
    try:
        read_until(watcher, '"ready"')
        first = machine.submit(token, "create_customer", "name=Ada")
        read_until(watcher, first["id"])
        end(process)
        read_until(watcher, "No connection to")
        process, _ = machine.up()
        second = machine.submit(token, "create_customer", "name=Grace")
        said = read_until(watcher, second["id"])
        assert first["id"] not in said
    finally:
        assert end(watcher, signal.SIGINT) == 0
        end(process)
