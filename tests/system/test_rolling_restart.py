"""Every process is restarted, one at a time, while 50 tasks a second are submitted through a load balancer."""

import json
import signal
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import eventlet
import pytest
import requests

from tests import parts
from tests.balancer import Balancer
from tests.client import Client, Live
from tests.ledger import unfinished, violations
from tests.monitoring import scrape, values
from tests.stack import START_SECONDS, Process, Stack, demo_stack
from tests.waiting import eventually

SUBMITTERS = 10
PER_SECOND = 50
GRACE_SECONDS = 40
"""As in the manifests (``k8s/base``)."""

DELAY_SECONDS = 3
RESTARTING = 1012


class Submitter:
    """Submits in a steady rhythm, now and then waiting for the outcome; whatever is no acceptance is a failure."""

    def __init__(self, url: str) -> None:
        self.accepted: list[str] = []
        self.failures: list[Any] = []
        self._client = Client(url, "12qw")
        self._going = True
        self._loop = eventlet.spawn(self._run)

    def stop(self) -> None:
        """Submit no more."""
        self._going = False
        self._loop.wait()

    def _run(self) -> None:
        number, due = 0, time.monotonic()
        while self._going:
            self._submit({"Prefer": "wait=5"} if number % 10 == 0 else {})
            number += 1
            due = max(due + SUBMITTERS / PER_SECOND, time.monotonic() - 1)
            eventlet.sleep(max(0.0, due - time.monotonic()))

    def _submit(self, headers: dict[str, str]) -> None:
        try:
            answer = self._client.submit("create_customer", {"name": "Ada"}, **headers)
        except (requests.RequestException, ValueError) as error:
            self.failures.append(error)
            return
        if answer["http"] in (200, 202):
            self.accepted.append(answer["task"]["id"])
        else:
            self.failures.append(answer)


class Listener:
    """A WebSocket that connects again, asking for what it missed.

    pushes:   what came, by task
    repeated: what came more than once on one connection
    """

    def __init__(self, url: str) -> None:
        self.pushes: Counter[str] = Counter()
        self.repeated: list[str] = []
        self.texts: dict[str, set[str]] = {}
        self.closes: list[int | None] = []
        self._url = url
        self._live = Live(url, "12qw")
        self._loop = eventlet.spawn(self._run)

    def stop(self) -> None:
        """Leave."""
        self._loop.kill()
        self._live.close()
        self.repeated += [task["id"] for task in self._live.repeats]

    def _run(self) -> None:
        taken = Counter[str]()
        while True:
            self._take(taken)
            if self._live.closed is not None:
                self._take(taken)
                self.closes.append(self._live.closed)
                self.repeated += [task["id"] for task in self._live.repeats]
                last = next(reversed(self._live.tasks), None)
                self._live, taken = Live(self._url, "12qw", last), Counter[str]()
            eventlet.sleep(0.05)

    def _take(self, taken: Counter[str]) -> None:
        for task in [*list(self._live.tasks.values()), *self._live.repeats]:
            self.texts.setdefault(task["id"], set()).add(json.dumps(task, sort_keys=True))
        now = Counter(self._live.tasks.keys()) + Counter(task["id"] for task in self._live.repeats)
        self.pushes += now - taken
        taken.update(now - taken)


def restart(stack: Stack, process: Process, submitters: Sequence[Submitter]) -> float:
    """SIGTERM, a good end, a new start; how long the end took. Submitters go on meanwhile."""
    before = _accepted(submitters)
    began = time.monotonic()
    assert process.stop() == 0, process.log.read_text()[-3000:]
    took = time.monotonic() - began
    assert "ERROR" not in process.log.read_text().rpartition("SIGTERM: stopping")[2]
    process.start()
    eventually(lambda: _is_ready(stack.monitors[process.name]), START_SECONDS, 0.05)
    eventually(lambda: _accepted(submitters) - before > SUBMITTERS)
    return took


def _accepted(submitters: Sequence[Submitter]) -> int:
    return sum(len(submitter.accepted) for submitter in submitters)


def _is_ready(monitor: str) -> bool:
    try:
        return requests.get(f"{monitor}/readyz", timeout=5).status_code == 200
    except requests.RequestException:
        return False


def _refuses(url: str) -> bool:
    try:
        requests.get(f"{url}/readyz", timeout=5)
    except requests.ConnectionError:
        return True
    return False


def told(stack: Stack, process: Process, metric: str) -> float:
    """What a gateway tells of itself."""
    return sum(value for _, value in values(scrape(stack.monitors[process.name]), metric))


def sockets(stack: Stack, process: Process) -> float:
    """How many WebSockets a gateway has."""
    return told(stack, process, "backoffice_websocket_connections")


@pytest.mark.timeout(400)
def test_a_rolling_restart_fails_no_request_and_loses_no_outcome(postgres: str, amqp_uri: str) -> None:
    settings = {"DRAIN_DELAY_SECONDS": str(DELAY_SECONDS)}
    with parts.temporary_database(postgres) as database:
        with demo_stack(database, amqp_uri, replicas=2, environment=settings) as stack:
            gateways = dict(zip(stack.gateways, stack.of("gateway"), strict=True))
            readiness = {url: f"{stack.monitors[gateway.name]}/readyz" for url, gateway in gateways.items()}
            with Balancer(readiness) as balancer:
                eventually(lambda: len(balancer.ready) == 2)
                assert Client(balancer.url, "12qw").login("Alice")["status"] == "succeeded"
                listener = Listener(balancer.url)
                submitters = [Submitter(balancer.url) for _ in range(SUBMITTERS)]
                began = time.monotonic()

                seconds = [
                    restart(stack, each, submitters) for name in ("info", "users", "tasks") for each in stack.of(name)
                ]
                # The one that has the socket comes last, so that the socket moves once.
                for gateway in sorted(gateways.values(), key=lambda each: sockets(stack, each)):
                    seconds.append(restart(stack, gateway, submitters))
                    eventually(lambda: len(balancer.ready) == 2)

                for submitter in submitters:
                    submitter.stop()
                lasted = time.monotonic() - began
                accepted = [task_id for submitter in submitters for task_id in submitter.accepted]
                eventually(lambda: not unfinished(database, accepted), 60, 0.2)
                eventually(lambda: set(accepted) <= listener.pushes.keys(), pause=0.1)
                listener.stop()

            assert [failure for submitter in submitters for failure in submitter.failures] == []
            assert listener.closes == [RESTARTING]
            assert listener.repeated == []
            assert max(listener.pushes[task_id] for task_id in accepted) <= 2
            assert all(len(listener.texts[task_id]) == 1 for task_id in accepted)
            assert max(seconds) < GRACE_SECONDS
            assert violations(database) == {}
            print(f"{len(accepted)} tasks in {lasted:.0f} s; each end took {[round(each, 1) for each in seconds]} s")


@pytest.mark.parametrize(("seconds", "status"), [(30, 200), (6, 202)], ids=["in time", "too late"])
def test_a_submission_that_waits_gets_its_outcome_from_a_gateway_that_stops_if_it_comes_in_time(
    postgres: str, amqp_uri: str, seconds: int, status: int
) -> None:
    settings = {"DRAIN_DELAY_SECONDS": "1", "DRAIN_SECONDS": str(seconds)}
    with parts.temporary_database(postgres) as database:
        with demo_stack(database, amqp_uri, environment=settings) as stack:
            alice = Client(stack.url, "12qw")
            alice.login("Alice")
            eventlet.sleep(1)  # until everybody has heard of it
            assert alice.run("get_customer", {"id": 1})["status"] == "succeeded"
            (gateway,), (info,) = stack.of("gateway"), stack.of("info")
            info.signal(signal.SIGSTOP)
            waiting = eventlet.spawn(alice.submit, "create_customer", {"name": "Ada"}, Prefer="wait=30")
            eventually(lambda: told(stack, gateway, "backoffice_requests_waiting") == 1)
            gateway.signal(signal.SIGTERM)
            eventually(lambda: _refuses(stack.url))
            if status == 200:
                info.signal(signal.SIGCONT)
            answer = waiting.wait()
            info.signal(signal.SIGCONT)

            assert answer["http"] == status
            assert answer["task"]["status"] == {200: "succeeded", 202: "accepted"}[status]
            assert gateway.wait() == 0, "it had to cut something off"
            eventually(lambda: not unfinished(database, [answer["task"]["id"]]), pause=0.1)
