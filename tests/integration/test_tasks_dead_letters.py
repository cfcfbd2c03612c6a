"""Poison on a real RabbitMQ: set aside, never lost, never looped, and no harm to its neighbours."""

import base64
import json
import time
from typing import Any

import eventlet
import kombu
import pytest

from services.contracts.events import DEAD_LETTER_QUEUE, OPERATIONS_DONE, OPERATIONS_REQUESTED, TASKS_SUBMITTED, Event
from services.contracts.sizes import LARGEST_KEPT
from services.info import dead_letters
from services.info.operations.registry import OPERATIONS, Operation
from services.info.service import InfoService
from services.info.work import Work
from services.runtime.messaging import envelopes
from services.tasks import dead_letters as judgements
from services.tasks.service import TasksService
from services.users.service import UsersService
from tests.integration.loop import WORK, Gateway, Loop
from tests.waiting import PATIENCE, eventually

POISON = [
    b"",
    b"not JSON",
    b"\xff\xfe\x00",
    b"{}",
    b"null",
    b'{"version": "1"}',
    b"[" * 50_000,
]


def settled(loop: Loop, letters: int, timeout: float = PATIENCE) -> list[dict[str, Any]]:
    """The dead letters, once that many are kept and nothing waits anywhere."""
    eventually(lambda: len(loop.kept()) >= letters, timeout, pause=0.1)
    eventually(loop.is_idle, timeout, pause=0.1)
    kept = loop.kept()
    assert len(kept) == letters
    return kept


def healthy(loop: Loop) -> None:
    """The loop still does its work."""
    task = loop.office.task("alice", "create_customer", {"name": "Ada"})
    loop.submit(task)
    assert loop.outcomes(task)[0]["status"] == "succeeded"


@pytest.mark.parametrize("event", WORK, ids=lambda event: event.queue)
def test_what_cannot_be_decoded_is_kept_and_harms_nobody(loop: Loop, event: Event) -> None:
    loop.start_all()
    for body in POISON:
        loop.publish(event, body)
    kept = settled(loop, len(POISON))
    assert {letter["queue"] for letter in kept} == {event.queue}
    assert {letter["task_id"] for letter in kept} == {None}
    assert sorted(_content(letter) for letter in kept) == sorted(POISON)
    healthy(loop)


def _content(letter: dict[str, Any]) -> bytes:
    body: str = letter["body"]
    return base64.b64decode(body) if letter["encoding"] == "base64" else body.encode()


@pytest.mark.parametrize(
    ("event", "entry"),
    [
        (TASKS_SUBMITTED, {"id": 7}),
        (TASKS_SUBMITTED, {}),
        (OPERATIONS_REQUESTED, {"task": {"id": 7}}),
        (OPERATIONS_REQUESTED, {"task": None}),
        (OPERATIONS_REQUESTED, {"task": None, "dead_letter": {"queue": 7}}),
        (OPERATIONS_DONE, {"id": "7", "status": "succeeded"}),
    ],
    ids=repr,
)
def test_an_entry_of_the_wrong_type_is_kept_and_its_neighbours_are_worked_on(
    loop: Loop, event: Event, entry: dict[str, Any]
) -> None:
    loop.start_all()
    tasks = [loop.office.task("alice", "create_customer", {"name": name}) for name in ("Ada", "Grace")]
    neighbours: list[Any] = [{"task": task} if event is OPERATIONS_REQUESTED else task for task in tasks]
    if event is OPERATIONS_DONE:
        neighbours = loop.office.run(*tasks)
    entries = [neighbours[0], entry, neighbours[1]]
    loop.publish(event, json.dumps({"version": 1, event.member: entries}).encode())
    assert [outcome["status"] for outcome in loop.outcomes(*tasks)] == ["succeeded"] * 2
    (letter,) = settled(loop, 1)
    assert json.loads(letter["body"])[event.member] == [entry]
    assert letter["task_id"] is None


def test_a_task_on_which_info_fails_ends_with_internal_error_and_its_neighbours_do_not(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    declared = OPERATIONS["create_customer"]

    def fail_for_mallory(work: Work, data: Any) -> dict[str, Any]:
        if data.name == "Mallory":
            raise ZeroDivisionError
        return declared.function(work, data)

    broken = Operation(declared.action, fail_for_mallory, declared.locks_operator)
    monkeypatch.setitem(OPERATIONS, "create_customer", broken)
    loop.start_all()
    names = ["Ada", "Mallory", "Grace"]
    tasks = [loop.office.task("alice", "create_customer", {"name": name}) for name in names]
    loop.submit(*tasks)
    outcomes = loop.outcomes(*tasks)
    assert [outcome["status"] for outcome in outcomes] == ["succeeded", "failed", "succeeded"]
    assert outcomes[1]["error"] == {"code": "internal_error", "number": 5001, "params": {"task_id": tasks[1]["id"]}}
    (letter,) = settled(loop, 1)
    assert letter["task_id"] == tasks[1]["id"]
    assert letter["queue"] == "info.operations_requested"
    customers = loop.office.query("SELECT name FROM customer ORDER BY name")
    assert [row["name"] for row in customers] == ["Ada", "Grace"]


def test_a_message_of_a_newer_release_waits_until_somebody_can_read_it(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop.start_all()
    task = loop.office.task("alice", "create_customer", {"name": "Ada"})
    loop.publish(TASKS_SUBMITTED, json.dumps({"version": 2, "tasks": [task]}).encode())
    healthy(loop)
    eventlet.sleep(1.0)
    assert loop.kept() == []
    assert task["id"] not in {outcome["id"] for outcome in loop.told}
    monkeypatch.setattr(envelopes, "VERSION", 2)
    assert loop.outcomes(task)[0]["status"] == "succeeded"


@pytest.mark.parametrize("event", WORK, ids=lambda event: event.queue)
def test_messages_of_a_newer_release_hold_up_nobody(loop: Loop, event: Event) -> None:
    """However few messages of a queue may be held."""
    loop.start_all()
    with kombu.Connection(loop.amqp_uri) as connection, connection.channel() as channel:
        for number in range(2 * event.prefetch):
            body = json.dumps({"version": 2, "number": number}).encode()
            message = channel.prepare_message(body, properties={}, content_type="application/json")
            channel.basic_publish(message, exchange=event.speakers[0].exchange, routing_key=event.name)
    took = []
    for _ in range(5):
        task = loop.office.task("alice", "create_customer", {"name": "Ada"})
        began = time.monotonic()
        loop.submit(task)
        loop.outcomes(task)
        took.append(time.monotonic() - began)
    assert min(took) < 1.0, "a machine that is busy delays some, what holds them up delays all"
    assert loop.kept() == []


def test_a_huge_message_is_kept_in_part_and_harms_nobody(loop: Loop) -> None:
    loop.start_all(publish_seconds=10.0)
    loop.publish(TASKS_SUBMITTED, b"x" * 8_000_000)
    (letter,) = settled(loop, 1)
    assert letter["body"] == "x" * (LARGEST_KEPT // 6)
    assert "8000000 bytes, cut" in letter["reason"]
    healthy(loop)


@pytest.mark.parametrize(
    "headers",
    [
        {"x-death": "rejected"},
        {"x-death": [1, 2]},
        {"x-first-death-queue": 7, "x-first-death-reason": []},
        {"x-alone": "true"},
        {"x-delivery-count": -5},
        {"x-delivery-count": "many"},
        {"nameko.call_id_stack": {"not": "a list"}},
        {"CC": ["operations_requested", "dead"]},
        {"x": {"deeply": {"nested": [{"and": None}]}}},
    ],
    ids=repr,
)
def test_headers_that_lie_do_no_harm(loop: Loop, headers: dict[str, Any]) -> None:
    loop.start_all()
    task = loop.office.task("alice", "create_customer", {"name": "Ada"})
    loop.publish(TASKS_SUBMITTED, b"poison", headers)
    loop.publish(TASKS_SUBMITTED, json.dumps({"version": 1, "tasks": [task]}).encode(), headers)
    assert loop.outcomes(task)[0]["status"] == "succeeded"
    (letter,) = settled(loop, 1)
    assert (letter["queue"], letter["body"]) == ("tasks.tasks_submitted", "poison")


@pytest.mark.parametrize("properties", [{"content_type": None}, {"content_encoding": "gzip"}, {"priority": 200}])
def test_odd_properties_do_no_harm(loop: Loop, properties: dict[str, Any]) -> None:
    loop.start_all()
    loop.publish(TASKS_SUBMITTED, b"poison", **properties)
    settled(loop, 1)
    healthy(loop)


def test_what_somebody_sends_to_the_dead_letters_directly_is_kept(loop: Loop) -> None:
    loop.start_all()
    with kombu.Connection(loop.amqp_uri) as connection, connection.channel() as channel:
        message = channel.prepare_message(b"hello", headers={}, properties={})
        channel.basic_publish(message, exchange="", routing_key=DEAD_LETTER_QUEUE)
    (letter,) = settled(loop, 1)
    assert letter["body"] == "hello"


def test_a_healthy_batch_that_four_dying_connections_held_still_ends_well(loop: Loop) -> None:
    tasks = [loop.office.task("alice", "create_customer", {"name": f"{number}"}) for number in range(20)]
    loop.submit(*tasks)
    for _ in range(4):
        _hold_and_die(loop, TASKS_SUBMITTED.queue, len(tasks))
    eventually(lambda: loop.count(DEAD_LETTER_QUEUE) == len(tasks), pause=0.1)

    loop.start_all()

    assert {outcome["status"] for outcome in loop.outcomes(*tasks)} == {"succeeded"}
    settled(loop, 0)
    assert loop.office.value("SELECT count(*) FROM customer") == len(tasks)


def test_operations_that_dying_connections_held_take_effect_once(loop: Loop) -> None:
    tasks = [loop.office.task("alice", "create_customer", {"name": f"{number}"}) for number in range(16)]
    loop.request(*tasks)
    for _ in range(4):
        _hold_and_die(loop, OPERATIONS_REQUESTED.queue, 1)
    eventually(lambda: loop.count(DEAD_LETTER_QUEUE) == 1, pause=0.1)

    loop.start_all()

    assert {outcome["status"] for outcome in loop.outcomes(*tasks)} == {"succeeded"}
    settled(loop, 0)
    assert loop.office.value("SELECT count(*) FROM customer") == len(tasks)


def _hold_and_die(loop: Loop, queue: str, count: int) -> None:
    """Be a consumer that holds messages when its connection breaks."""
    held: list[Any] = []
    connection = kombu.Connection(loop.amqp_uri)
    channel = connection.channel()
    channel.basic_qos(0, count, False)
    channel.basic_consume(queue, callback=held.append)
    while len(held) < count:
        connection.drain_events(timeout=10)
    connection.transport.close_connection = lambda connection: None
    connection.connection.transport.sock.close()
    connection.connection.transport.sock = None


def test_a_burial_that_cannot_be_stored_goes_round_until_it_can(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[int] = []
    keep = dead_letters.keep

    def fail(tx: Any, letters: Any) -> None:
        if letters:
            tries.append(len(letters))
            raise ZeroDivisionError
        keep(tx, letters)

    monkeypatch.setattr(judgements, "BURIAL_PAUSE", 0.3)
    with monkeypatch.context() as broken:
        broken.setattr(dead_letters, "keep", fail)
        loop.start_all()
        loop.publish(TASKS_SUBMITTED, b"poison")
        eventually(lambda: len(tries) >= 20)
        eventlet.sleep(1.0)
        # Per pause, info tries a message four times, and each time once more alone, and as little of it as can be.
        assert len(tries) < 20 + 12 * 6
    settled(loop, 1)


def test_dead_letters_wait_while_info_is_away(loop: Loop) -> None:
    loop.start(Gateway, UsersService, TasksService)
    loop.publish(TASKS_SUBMITTED, b"poison")
    eventually(lambda: loop.count(OPERATIONS_REQUESTED.queue) == 1, pause=0.1)
    loop.start(InfoService)
    settled(loop, 1)
