"""A process that hosts services, seen from outside: signals, deaths and exit codes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.runtime import hosting
from services.runtime.settings import Settings, SettingsError
from tests.waiting import read_until

ROOT = Path(__file__).resolve().parents[3]
HOST = """
import eventlet
eventlet.monkey_patch(psycopg=False)
import sys
from services.runtime import hosting
from services.runtime.telemetry import logs
from services.runtime.settings import Settings

module = "tests.unit.runtime.hosted:"
hosting.CLASSES = {each: module + each.capitalize() for each in ("info", "users", "tasks", "gateway")}
settings = Settings(database_url="postgresql:///none", drain_seconds=float(sys.argv[1]))
logs.configure(settings, "host", sys.stdout)
code = hosting.run(
    ["gateway", "users", "tasks", "info"],
    settings,
    on_ready=lambda started: print("READY", flush=True),
    on_abandon=lambda: print("ABANDONED", flush=True),
)
print("modules", sorted(each for each in ("flask", "psycopg2") if each in sys.modules), flush=True)
sys.exit(code)
"""

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Iterator[Start]:
    processes: list[subprocess.Popen[str]] = []

    def begin(behaviour: str, drain_seconds: float = 10, until: str = "READY") -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", HOST, str(drain_seconds)],
            env={**os.environ, "HOSTED": behaviour},
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        read_until(process, until)
        return process

    yield begin
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


def rest(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.read()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_services_the_gateway_first_and_exits_with_0(start: Start, number: signal.Signals) -> None:
    process = start("well")

    process.send_signal(number)

    said = rest(process)
    assert process.wait(30) == 0
    assert [said.index(f"{name} stopped") for name in ("gateway", "tasks", "users", "info")] == sorted(
        said.index(f"{name} stopped") for name in ("gateway", "tasks", "users", "info")
    )


def test_a_signal_is_heard_at_once_though_nothing_happens(start: Start) -> None:
    """Its loop would sleep for a minute, and finds nothing to do meanwhile."""
    process = start("well")
    time.sleep(0.5)

    process.terminate()

    assert process.wait(30) == 0


def test_what_is_in_hand_is_finished_before_the_process_ends(start: Start) -> None:
    process = start("working 1")

    process.terminate()

    assert "work done" in rest(process)
    assert process.wait(30) == 0


def test_what_takes_longer_than_the_drain_time_is_cut_off_and_the_exit_code_says_so(start: Start) -> None:
    process = start("working 60", drain_seconds=1)

    process.terminate()

    said = rest(process)
    assert process.wait(30) == 1
    assert "not everything was finished within 1 seconds" in said
    assert "work done" not in said


def test_a_second_signal_ends_the_process_at_once(start: Start) -> None:
    process = start("working 60", drain_seconds=60)
    process.terminate()
    read_until(process, "SIGTERM: stopping")

    process.terminate()

    assert process.wait(30) == 128 + signal.SIGTERM
    assert "ABANDONED" in rest(process)


def test_the_death_of_one_service_stops_the_others_and_exits_with_1(start: Start) -> None:
    process = start("dying")

    said = rest(process)

    assert process.wait(30) == 1
    assert "users died" in said
    assert "gateway stopped" in said


def test_a_service_that_does_not_start_ends_the_process(start: Start) -> None:
    process = start("unstartable", until="does not start")

    assert process.wait(30) == 1


def test_a_signal_while_a_service_still_waits_to_start_ends_the_process(start: Start) -> None:
    process = start("waiting", until="info waits")

    process.terminate()

    assert process.wait(30) == 0


def test_a_subset_of_the_services_is_refused_without_a_broker() -> None:
    with pytest.raises(SettingsError, match="need AMQP_URI"):
        hosting.run(["users"], Settings())


def test_an_unknown_service_is_refused_by_name() -> None:
    with pytest.raises(SettingsError, match="no service 'billing'; there are gateway, users, tasks, info"):
        hosting.run(["billing"], Settings())


def test_info_is_refused_without_a_database() -> None:
    with pytest.raises(SettingsError, match="info needs DATABASE_URL"):
        hosting.run(["info"], Settings(amqp_uri="amqp://broker//"))
