"""Tasks that only read have a queue and a consumer of their own, on a real RabbitMQ and PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager

import eventlet
import psycopg2
import pytest

from services.contracts.events import OPERATIONS_REQUESTED, READS_REQUESTED
from services.contracts.tasks import Task
from services.info.service import InfoService
from services.runtime.messaging.envelopes import encode
from tests.integration.loop import Loop, loop_on
from tests.office import Office
from tests.waiting import eventually


@pytest.fixture
def loop(database_url: str, amqp_uri: str) -> Iterator[Loop]:
    with loop_on(database_url, amqp_uri) as loop:
        yield loop


@contextmanager
def searches_held_up(office: Office) -> Iterator[None]:
    """Whoever searches for a text has to wait."""
    connection = psycopg2.connect(office.url)
    try:
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE item_text IN ACCESS EXCLUSIVE MODE")
        yield
    finally:
        connection.rollback()
        connection.close()


def search(office: Office, name: str = "alice") -> Task:
    return office.task(name, "search_items", {"text": "passport"})


@pytest.mark.parametrize("mode", ["async", "sync"])
def test_searches_that_are_held_up_hold_up_no_command_and_no_other_operators_reading(loop: Loop, mode: str) -> None:
    office = loop.office
    transfer = office.add_transfer()
    loop.start_all(db_tasks_admin=mode, db_tasks_compliance=mode)
    searches = [search(office) for _ in range(5)]
    with searches_held_up(office):
        loop.submit(*searches)
        eventually(office.somebody_waits)
        decision = office.task("bob", "review_transfer", {"id": transfer, "approved": True})
        creation = office.task("alice", "create_customer", {"name": "Grace"})
        look = office.task("bob", "get_transfer", {"id": transfer})
        loop.submit(decision, creation, look)
        outcomes = loop.outcomes(decision, creation, look)
        assert [outcome["status"] for outcome in outcomes] == ["succeeded"] * 3
        assert not {each["id"] for each in loop.told} & {task["id"] for task in searches}
    assert [outcome["status"] for outcome in loop.outcomes(*searches)] == ["succeeded"] * 5


def test_what_reads_and_comes_among_commands_as_from_the_release_before_ends_too(loop: Loop) -> None:
    loop.start_all()
    creation = loop.office.task("alice", "create_customer", {"name": "Grace"})
    loop.request(search(loop.office), creation, last := search(loop.office, "bob"))
    assert [outcome["status"] for outcome in loop.outcomes(creation, last)] == ["succeeded"] * 2


def test_what_a_stopping_replica_has_not_begun_is_read_by_another(loop: Loop) -> None:
    loop.start_all()
    (_, info, *_) = loop.containers
    searches = [search(loop.office) for _ in range(4)]
    with searches_held_up(loop.office):
        loop.submit(*searches)
        eventually(loop.office.somebody_waits)
        eventually(lambda: loop.count(READS_REQUESTED.queue) == 0)
        stopping = eventlet.spawn(info.stop)
        eventually(lambda: loop.count(READS_REQUESTED.queue) == len(searches))
        stopping.wait()
    loop.start(InfoService)
    assert [outcome["status"] for outcome in loop.outcomes(*searches)] == ["succeeded"] * 4
    eventually(loop.is_idle)
    told = [each["id"] for each in loop.told]
    assert sorted(told) == sorted(task["id"] for task in searches)
    assert loop.kept() == []


def test_a_task_that_reads_and_cannot_be_executed_is_kept_for_an_operator_and_ends(loop: Loop) -> None:
    loop.start_all()
    broken = {**search(loop.office), "operator_id": 2**63}
    loop.publish(READS_REQUESTED, next(encode(READS_REQUESTED, [{"task": broken}])))
    eventually(loop.kept, pause=0.1)
    (letter,) = loop.kept()
    assert letter["queue"] == READS_REQUESTED.queue
    eventually(loop.is_idle)
    assert loop.count(OPERATIONS_REQUESTED.queue) == 0
