"""A broker that takes no message above a size: whatever exceeds it ends, and everything else goes on."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from nameko.testing.services import entrypoint_hook

from services.contracts.errors import Code
from services.contracts.events import OPERATIONS_REQUESTED, TASKS_SUBMITTED
from services.contracts.tasks import Task
from services.info import task_store
from services.info.service import InfoService
from services.runtime.rpc.client import RemoteFailure
from services.tasks import dead_letters as judgements
from services.tasks.service import TasksService
from tests.integration.loop import Gateway, Loop, loop_on
from tests.own_servers import OwnRabbitMQ, own_rabbitmq
from tests.waiting import eventually

LARGEST = 6_000


@pytest.fixture(scope="module")
def server() -> Iterator[OwnRabbitMQ]:
    with own_rabbitmq(f"max_message_size = {LARGEST}\n") as started:
        yield started


@pytest.fixture
def loop(database_url: str, server: OwnRabbitMQ) -> Iterator[Loop]:
    with loop_on(database_url, server.uri) as made:
        yield made


def _document(loop: Loop, submitted_bytes: int) -> Task:
    """A task whose submission is a message of that size."""
    task = loop.office.task("alice", "create_document", {"cid": 1, "content": ""})
    content = "x" * (submitted_bytes - len(_submission(task)))
    return {**task, "data": {"cid": 1, "content": content}}


def _submission(task: Task) -> bytes:
    return json.dumps({"version": 1, "tasks": [task]}, separators=(",", ":")).encode()


def _submit(loop: Loop, *tasks: Task) -> None:
    for task in tasks:
        loop.publish(TASKS_SUBMITTED, _submission(task))


def _neighbours(loop: Loop) -> list[Task]:
    return [loop.office.task("alice", "create_customer", {"name": name}) for name in ("Ada", "Grace", "Edsger")]


def _status(outcomes: list[dict[str, Any]]) -> list[str]:
    return [outcome["error"]["code"] if outcome["error"] else outcome["status"] for outcome in outcomes]


def _settled(loop: Loop) -> None:
    eventually(loop.is_idle, pause=0.1)


def test_a_task_whose_request_is_refused_ends_and_its_neighbours_are_done(loop: Loop) -> None:
    loop.office.do("alice", "create_customer", {"name": "First"})
    large, (ada, grace, edsger) = _document(loop, LARGEST), _neighbours(loop)
    _submit(loop, ada, large, grace)
    loop.start_all()
    _submit(loop, edsger)
    outcomes = loop.outcomes(ada, large, grace, edsger)
    assert _status(outcomes) == ["succeeded", Code.INTERNAL_ERROR, "succeeded", "succeeded"]
    _settled(loop)
    (letter,) = loop.kept()
    assert (letter["queue"], letter["task_id"]) == (TASKS_SUBMITTED.queue, large["id"])
    assert "cut: the broker refuses more" in letter["reason"]
    assert loop.office.query("SELECT status FROM task WHERE id = %s", (large["id"],)) == [{"status": "failed"}]


def test_an_outcome_that_is_refused_is_told_without_its_result(loop: Loop) -> None:
    loop.office.do("alice", "create_customer", {"name": "First"})
    large, neighbours = _document(loop, LARGEST * 3 // 4), _neighbours(loop)
    loop.start_all()
    loop.request(large, *neighbours)
    told, *others = loop.outcomes(large, *neighbours)
    assert _status([told, *others]) == ["succeeded"] * 4
    assert told["result"] is None
    assert all(other["result"] for other in others)
    stored = loop.office.query(
        "SELECT result->'document'->>'content' AS content FROM task WHERE id = %s", (large["id"],)
    )
    assert stored == [{"content": large["data"]["content"]}]
    _settled(loop)
    assert loop.kept() == []


def test_a_reply_that_is_refused_is_answered_as_a_failure(loop: Loop) -> None:
    loop.office.do("alice", "create_customer", {"name": "First"})
    large, small = _document(loop, LARGEST * 3 // 4), loop.office.task("alice", "create_customer", {"name": "Ada"})
    loop.office.run(large, small)
    (_, _, tasks) = loop.start(Gateway, InfoService, TasksService, rpc_seconds=30.0)
    with entrypoint_hook(tasks, "task_of") as task_of:
        with pytest.raises(RemoteFailure):
            task_of(loop.office.ids["alice"], large["id"])
        assert task_of(loop.office.ids["alice"], small["id"])["status"] == "succeeded"


def test_a_recorded_task_that_is_refused_ends_and_those_behind_it_are_published(loop: Loop) -> None:
    loop.office.do("alice", "create_customer", {"name": "First"})
    large, neighbours = _document(loop, LARGEST + 100), _neighbours(loop)
    for number, task in enumerate([large, *neighbours]):
        with loop.office.pool.transaction() as tx:
            task_store.record(tx, task, f"key-{number}", "fingerprint", 0.0)
    loop.start_all(republish_seconds=0.5)
    outcomes = loop.outcomes(large, *neighbours)
    assert _status(outcomes) == [Code.INTERNAL_ERROR, "succeeded", "succeeded", "succeeded"]
    _settled(loop)
    (letter,) = loop.kept()
    assert (letter["queue"], letter["task_id"]) == (TASKS_SUBMITTED.queue, large["id"])


def test_a_letter_that_grows_when_it_is_tried_again_is_buried(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    """What holds a lone surrogate is escaped when its entries are sent one by one."""
    monkeypatch.setattr(judgements, "BURIAL_PAUSE", 0.2)
    entry = {"id": "no task", "name": "é" * (LARGEST // 3) + "\ud800"}
    message = {"version": 1, "operations": [{"id": "no task", "name": "é" * (LARGEST // 3) + "?"}, {"task": None}]}
    body = json.dumps(message, ensure_ascii=False).replace("?", "\\ud800").encode()
    assert len(body) < LARGEST < len(json.dumps(entry))
    loop.start_all()
    loop.publish(OPERATIONS_REQUESTED, body)
    eventually(lambda: len(loop.kept()) == 2, pause=0.1)
    _settled(loop)
