"""The info service on a real RabbitMQ and PostgreSQL, as tasks, users and the gateway meet it."""

from collections.abc import Iterator
from typing import Any

import eventlet
import pytest
from nameko.containers import ServiceContainer

from services.contracts.errors import Refusal
from services.contracts.events import (
    ITEMS_CHANGED,
    OPERATIONS_DONE,
    OPERATIONS_REQUESTED,
    OPERATORS_CHANGED,
    TASKS_SUBMITTED,
)
from services.contracts.task_ids import new_task_id
from services.contracts.tasks import Task, now_text
from services.contracts.tokens import token_hash
from services.info import operators, task_store, verification
from services.info.desk import Desk
from services.info.service import InfoService
from services.runtime.amqp.broker import AmqpBroker
from services.runtime.failures import Unavailable
from services.runtime.messaging.batches import consume
from services.runtime.messaging.broadcasts import listen
from services.runtime.messaging.broker import Message
from services.runtime.messaging.envelopes import encode
from services.runtime.rpc.server import RpcProxy
from services.runtime.settings import Settings
from tests.integration.queues import empty_queues
from tests.office import Office, office_in
from tests.proxy import Proxy
from tests.waiting import PATIENCE, eventually


class Heard:
    """What the stand-in for ``tasks`` has been told."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin anew, for the next test."""
        self.outcomes: list[dict[str, Any]] = []
        self.submitted: list[dict[str, Any]] = []
        self.changes: list[dict[str, Any]] = []
        self.operators: list[dict[str, Any]] = []


heard = Heard()


class Tasks:
    """In place of the real one."""

    name = "tasks"
    info = RpcProxy("info")

    @consume(OPERATIONS_DONE)
    def done(self, entries: list[dict[str, Any]]) -> None:
        heard.outcomes += entries

    @consume(TASKS_SUBMITTED)
    def submitted(self, entries: list[dict[str, Any]]) -> None:
        heard.submitted += entries

    @listen(ITEMS_CHANGED)
    def items(self, entries: list[dict[str, Any]]) -> None:
        heard.changes += entries

    @listen(OPERATORS_CHANGED)
    def operators(self, entries: list[dict[str, Any]]) -> None:
        heard.operators += entries


class Around:
    """The office, its database behind a proxy, and what stands around info."""

    def __init__(self, office: Office, database: Proxy, amqp_uri: str) -> None:
        self.office = office
        self.database = database
        self.amqp_uri = amqp_uri
        self.containers: list[ServiceContainer] = []

    def start(self, service: Any, **settings: Any) -> ServiceContainer:
        url = self.database.url(self.office.url)
        defaults = {"database_url": url, "rpc_seconds": PATIENCE, "publish_seconds": 2.0, "republish_seconds": 0.5}
        chosen = Settings(amqp_uri=self.amqp_uri, **{**defaults, **settings})
        broker = AmqpBroker(self.amqp_uri, service.name)
        container = ServiceContainer(service, {"settings": chosen, "broker": broker, "max_workers": 50})
        self.containers.append(container)
        container.start()
        return container

    def stop(self) -> None:
        for container in reversed(self.containers):
            container.stop()

    def call(self, method: str, *args: Any, **options: Any) -> Any:
        proxy = next(each for each in self.containers[0].extensions if isinstance(each, RpcProxy)).client()
        return proxy.call(method, *args, **options)

    def request(self, *tasks: Task) -> None:
        bodies = encode(OPERATIONS_REQUESTED, [{"task": task} for task in tasks])
        broker = self.containers[0].config["broker"]
        broker.publish([Message("tasks.events", OPERATIONS_REQUESTED.name, body) for body in bodies], PATIENCE)

    def outcome_of(self, task: Task) -> dict[str, Any]:
        return eventually(lambda: next((each for each in heard.outcomes if each["id"] == task["id"]), None)) or {}


@pytest.fixture
def around(database_url: str, amqp_uri: str) -> Iterator[Around]:
    heard.forget()
    empty_queues(amqp_uri)
    with office_in(database_url) as office, Proxy.before(database_url) as database:
        around = Around(office, database, amqp_uri)
        around.start(Tasks)
        yield around
        database.restore()
        around.stop()


def test_a_requested_task_is_executed_and_its_outcome_and_changes_are_said(around: Around) -> None:
    around.start(InfoService)
    task = around.office.task("alice", "create_transfer", {"cid": around.office.add_customer(), "amount": "1.00"})
    around.request(task)
    assert around.outcome_of(task)["status"] == "succeeded"
    eventually(lambda: [change["event"] for change in heard.changes] == ["created"])
    around.request(task)
    eventually(lambda: len(heard.changes) == 2 and len(heard.outcomes) == 2)
    assert heard.changes[0] == heard.changes[1]
    assert heard.outcomes[0] == heard.outcomes[1] == around.call("task", task["operator_id"], task["id"])


def test_info_starts_and_waits_without_a_database_and_loses_nothing(around: Around) -> None:
    around.database.stop()
    around.start(InfoService)
    task = around.office.task("alice", "create_customer", {"name": "Ada"})
    around.request(task)
    with pytest.raises(Unavailable):
        around.call("pending", "Admin", 1)
    assert heard.outcomes == []
    around.database.restore()
    assert around.outcome_of(task)["status"] == "succeeded"
    eventually(lambda: around.call("pending", "Admin", 1)["transfer"]["count"] == 0)


def test_a_database_that_goes_away_and_returns_loses_and_repeats_nothing(around: Around) -> None:
    around.start(InfoService)
    tasks = [around.office.task("alice", "create_customer", {"name": f"{number}"}) for number in range(60)]
    for number, task in enumerate(tasks):
        around.request(task)
        if number == 20:
            around.database.stop()
        if number == 40:
            around.database.restore()
            eventlet.sleep(0.05)
            around.database.cut()
    outcomes = [around.outcome_of(task) for task in tasks]
    assert {outcome["status"] for outcome in outcomes} == {"succeeded"}
    assert around.office.value("SELECT count(*) FROM customer") == 60


def test_poison_does_not_stop_what_stands_behind_it(around: Around) -> None:
    around.start(InfoService)
    poison: Any = {**around.office.task("alice", "no_such_action"), "id": new_task_id()}
    good = around.office.task("alice", "create_customer", {"name": "Ada"})
    around.request(poison)
    around.request(good)
    assert around.outcome_of(good)["status"] == "succeeded"


def test_the_database_task_answers_tasks_and_nobody_else(around: Around) -> None:
    info = around.start(InfoService)
    task = around.office.task("alice", "create_transfer", {"cid": around.office.add_customer(), "amount": "1.00"})
    outcome = around.call("exec_db_task", task)
    assert outcome["status"] == "succeeded"
    assert around.call("exec_db_task", task) == outcome
    eventually(lambda: len(heard.changes) == 2)
    info.stop()
    around.containers.remove(info)
    around.start(InfoService, tasks_broker_user="tasks")
    with pytest.raises(Refusal, match="not_permitted"):
        around.call("exec_db_task", task)


def test_a_login_a_logout_and_whatever_changes_an_operator_is_said(around: Around) -> None:
    around.start(InfoService)
    eventually(lambda: {"id": 0, "ended": False} in heard.operators)
    bob, carol = around.office.ids["bob"], around.office.ids["carol"]
    ended = around.call("end_session", around.office.task("bob", "logout"))
    assert ended["status"] == "succeeded"
    eventually(lambda: {"id": bob, "ended": True} in heard.operators)
    assert around.call("identify", token_hash("token-of-bob-for-the-tests"))["session"] is None
    opened = around.call("open_session", token_hash("token-of-bob-for-the-tests"), "bob", new_task_id(), now_text())
    assert around.call("identify", token_hash("token-of-bob-for-the-tests"))["session"] == opened["identity"]["session"]
    eventually(lambda: heard.operators[-1] == {"id": bob, "ended": False})
    with around.office.pool.transaction() as tx:
        operators.set_level(tx, "carol", 1, "a test")
    eventually(lambda: heard.operators[-1] == {"id": carol, "ended": False})
    with around.office.pool.transaction() as tx:
        operators.disable(tx, "carol", "a test")
    eventually(lambda: heard.operators[-1] == {"id": carol, "ended": True})


def test_after_an_interruption_everything_remembered_of_operators_is_void(around: Around) -> None:
    around.start(InfoService)
    eventually(lambda: heard.operators.count({"id": 0, "ended": False}) == 1)
    around.database.cut()
    eventually(lambda: heard.operators.count({"id": 0, "ended": False}) == 2)


def test_a_recorded_task_that_nobody_published_is_published(around: Around) -> None:
    task = around.office.task("alice", "create_customer", {"name": "Ada"})
    with around.office.pool.transaction() as tx:
        task_store.record(tx, task, None, None, 0.0)
    around.start(InfoService)
    eventually(lambda: [each["id"] for each in heard.submitted][:1] == [task["id"]])


def test_pending_counts_what_this_replica_and_its_peers_and_others_left(around: Around) -> None:
    around.office.add_transfer()
    around.start(InfoService)
    around.start(InfoService)
    eventually(lambda: around.call("pending", "Compliance", 1)["transfer"]["count"] == 1)
    task = around.office.task("alice", "create_transfer", {"cid": 1, "amount": "1.00", "level": 2})
    around.request(task)
    around.outcome_of(task)
    for _ in range(4):
        eventually(lambda: around.call("pending", "Compliance", 2)["transfer"]["count"] == 2)
    assert around.call("pending", "Compliance", 1)["transfer"]["count"] == 1
    assert set(around.call("pending", "Service", 1)) == {"inquiry"}
    with pytest.raises(Refusal, match="invalid_request"):
        around.call("pending", "Boss", 1)


def test_two_replicas_share_the_work_and_do_it_once(around: Around) -> None:
    around.start(InfoService)
    around.start(InfoService)
    tasks = [around.office.task("alice", "create_customer", {"name": f"{number}"}) for number in range(100)]
    around.request(*tasks)
    around.request(*tasks)
    for task in tasks:
        assert around.outcome_of(task)["status"] == "succeeded"
    eventually(lambda: len(heard.outcomes) == 200)
    assert around.office.value("SELECT count(*) FROM customer") == 100


def test_what_a_task_has_just_created_is_listed_by_a_replica_whose_board_knows_nothing(
    around: Around, monkeypatch: pytest.MonkeyPatch
) -> None:
    for method in ("apply", "reconcile"):
        monkeypatch.setattr(Desk, method, lambda *_: None)
    around.start(InfoService)
    customer = around.office.add_customer()
    for number in range(3):
        created = around.office.task("alice", "create_inquiry", {"cid": customer, "problem": f"{number}"})
        listed = around.office.task("dave", "list_tasks")
        around.request(created)
        inquiry = around.outcome_of(created)["result"]["inquiry"]
        around.request(listed)
        assert inquiry["id"] in {item["id"] for item in around.outcome_of(listed)["result"]["items"]}


def test_what_is_audited_is_sealed_by_and_by_and_verifies(around: Around) -> None:
    around.start(InfoService, seal_seconds=0.5)
    around.office.add_customer()
    sealed = "SELECT coalesce(sum(rows), 0) = (SELECT count(*) FROM audit) FROM audit_seal"
    eventually(lambda: around.office.value(sealed), 30)
    assert verification.verify(around.office.pool, ()).findings == []
