"""``backoffice up`` on a machine that has nothing else, used as the documents say."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
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
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AMQP_", "DATABASE_", "HTTP_", "DATA_DIR", "BACKOFFICE_"))
        } | {"XDG_STATE_HOME": str(folder.parent / "state"), "PYTHONUNBUFFERED": "1", "PYTHONPATH": str(ROOT)}
        self._stated = {"DATA_DIR": str(folder), "BACKOFFICE_URL": self.url}

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return self._run(arguments, ROOT, self._stated)

    def run_in_another_shell(self, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        """In an empty folder, without the settings of this machine."""
        with tempfile.TemporaryDirectory() as folder:
            done = self._run(arguments, Path(folder), environment)
            assert list(Path(folder).iterdir()) == []
            return done

    def _run(
        self, arguments: tuple[str, ...], folder: Path, stated: dict[str, str]
    ) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*COMMAND, *arguments],
            env=self._environment | stated,
            cwd=folder,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=60,
            check=False,
        )

    def begin(self, *arguments: str, **environment: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [*COMMAND, *arguments],
            env=self._environment | self._stated | environment,
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


def test_a_command_in_another_shell_finds_the_system_and_its_database(machine: Machine, demo: str) -> None:
    submitted = machine.run_in_another_shell("submit", "get_customer", "id=1", "--token", "12qw", "--name", "Alice")
    verified = machine.run_in_another_shell("audit", "verify")
    listed = machine.run_in_another_shell("operator", "list")

    assert submitted.returncode == 0, submitted.stderr
    assert verified.returncode == 0, verified.stderr
    assert "Alice" in listed.stdout


def test_where_no_system_runs_and_no_database_is_named_a_command_says_so_and_makes_nothing(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "data")

    for command in (["audit", "verify"], ["operator", "list"], ["dead", "list"]):
        done = machine.run_in_another_shell(*command)
        assert done.returncode == 2
        assert "set DATABASE_URL, or DATA_DIR to the folder of `up`." in done.stderr


def test_of_several_systems_none_is_guessed(tmp_path: Path) -> None:
    one, other = Machine(tmp_path / "one"), Machine(tmp_path / "other")
    processes = [machine.up("--demo")[0] for machine in (one, other)]
    try:
        done = one.run_in_another_shell("submit", "logout", "--token", "12qw")
        assert done.returncode == 2
        assert one.url in done.stderr
        assert other.url in done.stderr
        for named in ({"DATA_DIR": str(tmp_path / "other")}, {"HTTP_PORT": other.url.rpartition(":")[2]}):
            listed = one.run_in_another_shell("operator", "list", **named)
            assert listed.returncode == 0, listed.stderr
        processes[0].kill()
        processes[0].wait()
        found = one.run_in_another_shell("submit", "login", "name=Alice", "--token", "12qw")
        assert found.returncode == 0, found.stderr
    finally:
        for process in processes:
            end(process)


def test_an_ipv6_address_is_shown_as_a_url_has_it(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    process = machine.begin("up", "--demo", "--port", "0", HTTP_HOST="::1")
    try:
        assert re.search(r"Backoffice is ready: http://\[::1\]:\d+ ", read_until(process, "is ready"))
    finally:
        end(process)


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
        f"{machine.url} cannot be used: Address already in use. Choose another port or address by HTTP_PORT or "
        "HTTP_HOST: `HTTP_PORT=5001 make up`." in done.stderr
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
