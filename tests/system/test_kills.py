"""Five hundred tasks while each service in turn is killed and started again."""

import itertools
from typing import Any

import eventlet
import requests

from tests import parts
from tests.client import Client
from tests.ledger import unfinished, violations
from tests.stack import SERVICES, demo_stack
from tests.waiting import eventually

TASKS = 500


class Workload:
    """Creates transfers as Alice and decides them as Bob and Carol, with and without idempotency keys."""

    def __init__(self, url: str) -> None:
        self.accepted: list[str] = []
        self.keys: dict[str, str] = {}
        self._numbers = itertools.count()
        self._transfers = itertools.count(6)
        self._clients = {
            name: Client(url, token) for name, token in (("Alice", "12qw"), ("Bob", "34er"), ("Carol", "56ty"))
        }

    def login(self) -> None:
        for name, client in self._clients.items():
            assert client.login(name)["status"] == "succeeded"

    def run(self, name: str) -> None:
        """Submit one task after the other until all are accepted; what meets a killed gateway is repeated."""
        while len(self.accepted) < TASKS:
            number = next(self._numbers)
            key = f"kill-{number}" if number % 2 else None
            self._submit(name, self._task(name), key)

    def _task(self, name: str) -> tuple[str, dict[str, Any]]:
        if name == "Alice":
            return "create_transfer", {"cid": 1, "amount": "1.00"}
        return "review_transfer", {"id": next(self._transfers), "approved": True}

    def _submit(self, name: str, task: tuple[str, dict[str, Any]], key: str | None) -> None:
        headers: dict[str, Any] = {"Idempotency_Key": key} if key else {}
        while True:
            try:
                answer = self._clients[name].submit(*task, **headers)
            except requests.RequestException:
                eventlet.sleep(0.05)
                continue
            if answer["http"] == 202:
                self.accepted.append(answer["task"]["id"])
                if key:
                    assert self.keys.setdefault(key, answer["task"]["id"]) == answer["task"]["id"]
                return
            assert answer["http"] == 503, answer
            eventlet.sleep(0.05)


def test_500_tasks_have_500_outcomes_while_each_service_is_killed(postgres: str, amqp_uri: str) -> None:
    with parts.temporary_database(postgres) as database:
        with demo_stack(database, amqp_uri, environment={"REPUBLISH_SECONDS": "2"}) as stack:
            work = Workload(stack.url)
            work.login()
            workers = [eventlet.spawn(work.run, name) for name in ("Alice", "Alice", "Bob", "Carol")]
            for service in itertools.chain(SERVICES, SERVICES):
                (process,) = stack.of(service)
                eventlet.sleep(0.7)
                process.kill()
                eventlet.sleep(0.3)
                process.start()
                stack.wait_ready()
            for worker in workers:
                worker.wait()
            eventually(lambda: not unfinished(database, work.accepted), 60, 0.2)
            assert len(set(work.accepted)) == len(work.accepted) >= TASKS
            assert violations(database) == {}
            reader = Client(stack.url, "12qw")
            pushed = {task["id"] for task in reader.tasks(limit=200)}
            assert pushed
            assert all(task["status"] != "accepted" for task in reader.tasks(limit=200))
