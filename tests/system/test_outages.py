"""The database and the broker go away and come back; nobody restarts anything."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.client import Client
from tests.ledger import violations
from tests.own_servers import OwnPostgres, OwnRabbitMQ, own_postgres, own_rabbitmq
from tests.parts import with_path
from tests.stack import Stack, demo_stack
from tests.waiting import PATIENCE, eventually

IN_TIME = 10.0
"""Seconds: a gateway answers within five of its own, and a connection that is dead is noticed later than this."""


@pytest.fixture(scope="module")
def rabbitmq() -> Iterator[OwnRabbitMQ]:
    with own_rabbitmq() as server:
        yield server


@pytest.fixture(scope="module")
def own_database() -> Iterator[OwnPostgres]:
    with own_postgres() as server:
        yield server


@pytest.fixture(scope="module")
def database(own_database: OwnPostgres) -> str:
    return with_path(own_database.url, "outages")


@pytest.fixture(scope="module")
def stack(rabbitmq: OwnRabbitMQ, database: str) -> Iterator[Stack]:
    settings = {"REPUBLISH_SECONDS": "2"}
    with demo_stack(database, rabbitmq.uri, environment=settings) as running:
        # When info begins to listen, what is remembered of operators is dropped: that must not come later.
        running.wait_monitors()
        yield running


@pytest.fixture(scope="module")
def alice(stack: Stack) -> Client:
    client = Client(stack.url, "12qw")
    assert client.login("Alice")["status"] == "succeeded"
    return client


def test_tasks_are_accepted_while_the_database_is_stopped_and_done_when_it_returns(
    stack: Stack, alice: Client, own_database: OwnPostgres, database: str
) -> None:
    assert alice.run("create_customer", {"name": "Before"})["status"] == "succeeded"
    own_database.stop()
    began = time.monotonic()
    accepted = [alice.submit("create_customer", {"name": f"During {number}"}) for number in range(20)]
    assert time.monotonic() - began < IN_TIME
    assert [answer["http"] for answer in accepted] == [202] * 20
    unread = alice.task(accepted[0]["task"]["id"])
    assert unread["http"] == 503
    assert unread["code"] == "unavailable"
    keyed = alice.submit("create_customer", {"name": "Keyed"}, Idempotency_Key="outage")
    assert (keyed["http"], keyed["code"]) == (503, "unavailable")
    own_database.start()
    finished = [eventually(lambda: _finished(alice, answer["task"]["id"]), PATIENCE, 0.1) for answer in accepted]  # noqa: B023
    assert [task["status"] for task in finished] == ["succeeded"] * 20
    assert violations(database) == {}


def test_submitting_without_a_broker_answers_503_in_time_and_goes_on_when_it_returns(
    stack: Stack, alice: Client, rabbitmq: OwnRabbitMQ, database: str
) -> None:
    with_ears = alice.live()
    rabbitmq.stop()
    for _ in range(3):
        began = time.monotonic()
        answer = alice.submit("create_customer", {"name": "Nobody"})
        assert time.monotonic() - began < IN_TIME
        assert (answer["http"], answer["code"]) == (503, "unavailable")
        assert answer["params"]["accepted"] in ("no", "unknown")
    rabbitmq.start()
    answer = eventually(lambda: _accepted(alice), PATIENCE, 0.2)
    assert with_ears.outcome(answer["task"]["id"], 40)["status"] == "succeeded"
    stack.wait_ready()
    assert violations(database) == {}


def test_while_the_broker_has_an_alarm_submissions_are_refused_in_time_and_go_on_when_it_ends(
    stack: Stack, alice: Client, rabbitmq: OwnRabbitMQ, database: str
) -> None:
    unsure: list[str] = []
    rabbitmq.ctl("set_vm_memory_high_watermark", "0.00001")
    try:
        for number in range(3):
            began = time.monotonic()
            answer = alice.submit("create_customer", {"name": f"Alarm {number}"})
            assert time.monotonic() - began < IN_TIME
            assert (answer["http"], answer["code"]) == (503, "unavailable")
            if answer["params"]["accepted"] == "unknown":
                unsure.append(answer["params"]["task_id"])
    finally:
        rabbitmq.ctl("set_vm_memory_high_watermark", "0.4")
    answer = eventually(lambda: _accepted(alice), PATIENCE, 0.2)
    assert eventually(lambda: _finished(alice, answer["task"]["id"]))["status"] == "succeeded"
    for task_id in unsure:
        assert eventually(lambda: _finished(alice, task_id), PATIENCE, 0.1)["status"] == "succeeded"  # noqa: B023
    assert violations(database) == {}


def test_what_the_broker_confirmed_survives_its_being_killed(
    stack: Stack, alice: Client, rabbitmq: OwnRabbitMQ, database: str
) -> None:
    stack.wait_ready()
    (info,) = stack.of("info")
    info.kill()
    accepted = [alice.submit("create_customer", {"name": f"Kept {number}"}) for number in range(30)]
    assert [answer["http"] for answer in accepted] == [202] * 30
    rabbitmq.kill()
    rabbitmq.start()
    info.start()
    finished = [eventually(lambda: _finished(alice, answer["task"]["id"]), 60, 0.1) for answer in accepted]  # noqa: B023
    assert [task["status"] for task in finished] == ["succeeded"] * 30
    assert violations(database) == {}


def _finished(client: Client, task_id: str) -> dict[str, Any] | None:
    task = client.task(task_id)
    return task if task.get("status") in ("succeeded", "failed") else None


def _accepted(client: Client) -> dict[str, Any] | None:
    answer = client.submit("create_customer", {"name": "Back again"})
    return answer if answer["http"] == 202 else None
