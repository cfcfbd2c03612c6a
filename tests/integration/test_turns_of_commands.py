"""Operators take turns with their commands, and what has an order keeps it, on a real RabbitMQ and PostgreSQL."""

from collections.abc import Iterator

import pytest

from services.contracts.tasks import Task
from services.runtime.messaging.batches import BatchConsumer
from tests.integration.loop import Loop, held_up, loop_on
from tests.waiting import eventually

LONG = "\ufdfa" * 10_000
"""A text that takes long to store: folded, it has 180,000 characters."""


@pytest.fixture
def loop(database_url: str, amqp_uri: str) -> Iterator[Loop]:
    with loop_on(database_url, amqp_uri) as loop:
        loop.start_all()
        yield loop


def told_in_order(loop: Loop, *tasks: Task) -> list[str]:
    """The ids of these tasks as they ended, all of which had reached ``info`` when it began with the first."""
    consumer: BatchConsumer = next(each for each in loop.containers[1].entrypoints if each.method_name == "execute")
    first = loop.office.task("alice", "create_customer", {"name": "Grace"})
    with held_up(loop):
        loop.request(first)
        eventually(loop.office.somebody_waits)
        for task in tasks:
            loop.request(task)
        eventually(lambda: consumer._inbox.qsize() == len(tasks))
    loop.outcomes(*tasks)
    return [each["id"] for each in loop.told if each["id"] != first["id"]]


def test_an_operator_with_many_long_texts_delays_anothers_command_by_one(loop: Loop) -> None:
    office = loop.office
    customer, transfer = office.add_customer(), office.add_transfer()
    texts = [office.task("alice", "create_document", {"cid": customer, "content": LONG}) for _ in range(6)]
    decision = office.task("bob", "review_transfer", {"id": transfer, "approved": True})
    assert told_in_order(loop, *texts, decision) == [task["id"] for task in (texts[0], decision, *texts[1:])]


def test_what_an_operator_asks_for_comes_after_a_change_of_that_operator(loop: Loop) -> None:
    office = loop.office
    transfer = office.add_transfer()
    texts = [office.task("alice", "create_customer", {"name": f"Ada {number}"}) for number in range(6)]
    change = office.task("alice", "disable_operator", {"id": office.ids["bob"]})
    decision = office.task("bob", "review_transfer", {"id": transfer, "approved": True})
    tasks = (*texts, change, decision)
    assert told_in_order(loop, *tasks) == [task["id"] for task in tasks]
    assert loop.outcomes(decision)[0]["status"] == "failed"


def test_commands_on_one_item_keep_their_order(loop: Loop) -> None:
    office = loop.office
    transfer = office.add_transfer()
    claim = office.task("carol", "get_task", {"type": "transfer", "id": transfer})
    earlier = office.task("carol", "review_transfer", {"id": transfer, "approved": True})
    later = office.task("bob", "review_transfer", {"id": transfer, "approved": False})
    assert told_in_order(loop, claim, earlier, later) == [claim["id"], earlier["id"], later["id"]]
    assert [each["status"] for each in loop.outcomes(earlier, later)] == ["succeeded", "failed"]
