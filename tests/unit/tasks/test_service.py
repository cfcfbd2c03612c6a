"""The service ``tasks``, its dependencies replaced."""

import logging
from typing import Any

import eventlet
import pytest
from nameko.testing.services import worker_factory

from services.contracts.errors import Code, Refusal
from services.contracts.events import OPERATIONS_REQUESTED, READS_REQUESTED, TASKS_FINISHED, TASKS_SUBMITTED
from services.contracts.task_ids import new_task_id
from services.contracts.tasks import Task
from services.runtime.messaging.broker import NotAccepted
from services.runtime.rpc.client import RpcTimeout
from services.runtime.settings import Settings
from services.runtime.unfinished import Unfinished
from services.tasks.dead_letters import BURIAL_PAUSE
from services.tasks.messages import Unreadable
from services.tasks.operators import Operators
from services.tasks.service import TasksService
from services.tasks.waiters import Waiters
from tests.unit.fakes import FakeResender, FakeService, FakeSpeaker
from tests.unit.tasks.samples import a_task, an_identity, an_operator, an_outcome
from tests.unit.tasks.test_dead_letters import DeadMessage, body, dead

TOKEN = "12qw"
TRANSFER = {"cid": 1, "amount": "250.00"}


class Rig:
    """The service with everything around it."""

    def __init__(self, **settings: Any) -> None:
        self.events = FakeSpeaker()
        self.resending = FakeResender()
        self.waiters = Waiters()
        self.users = FakeService(
            identify=lambda digest: an_identity(), operator=lambda operator_id, fresh: an_operator(operator_id)
        )
        self.info = FakeService(exec_db_task=an_outcome, task=lambda operator_id, task_id: None)
        self.service: TasksService = worker_factory(
            TasksService,
            settings=Settings(amqp_uri="amqp://guest@localhost", **settings),
            events=self.events,
            resending=self.resending,
            users=self.users,
            info=self.info,
            operators=Operators(),
            waiters=self.waiters,
            unfinished=Unfinished(2, 1, 0),
        )


@pytest.fixture
def rig() -> Rig:
    return Rig()


@pytest.fixture
def synchronous() -> Rig:
    return Rig(db_tasks_admin="sync")


def test_submitted_tasks_are_requested_in_order(rig: Rig) -> None:
    tasks = [a_task() for _ in range(3)]
    rig.service.request(tasks)
    assert rig.events.of(OPERATIONS_REQUESTED) == [{"task": task} for task in tasks]


def test_an_operator_is_asked_for_once_for_many_tasks(rig: Rig) -> None:
    rig.service.request([a_task() for _ in range(3)])
    rig.service.request([a_task()])
    assert rig.users.called("operator") == [(1, False)]


def test_a_change_of_the_operator_counts_from_its_event_on(rig: Rig) -> None:
    rig.service.request([a_task()])
    rig.users.methods["operator"] = lambda operator_id, fresh: an_operator(operator_id, "Service")
    rig.service.forget([{"id": 1, "ended": False}])
    rig.service.request([a_task()])
    assert rig.events.of(OPERATIONS_REQUESTED)[1]["refusal"]["code"] == "not_permitted"


def test_without_users_tasks_go_on_to_info(rig: Rig) -> None:
    rig.users.methods["operator"] = RpcTimeout()
    rig.service.request([a_task("review_transfer", id=1, approved=True)])
    assert "refusal" not in rig.events.of(OPERATIONS_REQUESTED)[0]


def test_an_unreadable_task_fails_its_batch_before_anything_is_said(rig: Rig) -> None:
    with pytest.raises(Unreadable):
        rig.service.request([a_task(), {"id": "7"}])
    assert rig.events.said == []


def test_a_broker_that_is_away_holds_the_batch(rig: Rig) -> None:
    rig.events.failure = NotAccepted()
    with pytest.raises(NotAccepted):
        rig.service.request([a_task()])


def test_a_synchronous_role_is_executed_by_call_and_told(synchronous: Rig) -> None:
    tasks = [a_task() for _ in range(3)]
    synchronous.service.request(tasks)
    assert synchronous.info.called("exec_db_task") == [(task,) for task in tasks]
    assert synchronous.events.of(TASKS_FINISHED) == [an_outcome(task) for task in tasks]
    assert synchronous.events.of(OPERATIONS_REQUESTED) == []


def test_a_timeout_is_no_outcome_and_the_same_task_is_called_for_again(synchronous: Rig) -> None:
    first, second = a_task(), a_task()
    answers: list[Any] = [an_outcome(first), RpcTimeout(), an_outcome(first), an_outcome(second)]

    def exec_db_task(task: Task) -> Any:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    synchronous.info.methods["exec_db_task"] = exec_db_task
    with pytest.raises(RpcTimeout):
        synchronous.service.request([first, second])
    assert synchronous.events.of(TASKS_FINISHED) == [an_outcome(first)]
    synchronous.service.request([first, second])
    assert synchronous.events.of(TASKS_FINISHED)[1:] == [an_outcome(first), an_outcome(second)]
    assert [task["id"] for (task,) in synchronous.info.called("exec_db_task")] == [
        first["id"],
        second["id"],
        first["id"],
        second["id"],
    ]


def test_what_another_role_asks_beside_it_is_requested(synchronous: Rig) -> None:
    roles = {1: "Admin", 2: "Compliance"}
    synchronous.users.methods["operator"] = lambda operator_id, fresh: an_operator(operator_id, roles[operator_id])
    decision = a_task("review_transfer", 2, id=1, approved=True)
    synchronous.service.request([a_task(), decision])
    assert synchronous.events.of(OPERATIONS_REQUESTED) == [{"task": decision}]
    assert len(synchronous.events.of(TASKS_FINISHED)) == 1


@pytest.mark.parametrize("mode", ["async", "sync"])
def test_what_only_reads_is_requested_apart_whatever_the_mode(mode: str) -> None:
    rig = Rig(db_tasks_admin=mode)
    look, creation = a_task("get_customer", id=1), a_task()
    rig.service.request([look, creation])
    assert rig.events.of(READS_REQUESTED) == [{"task": look}]
    assert look not in [operation["task"] for operation in rig.events.of(OPERATIONS_REQUESTED)]


def test_a_refused_look_is_requested_with_its_refusal_as_any_other_task(rig: Rig) -> None:
    rig.service.request([a_task("search_items", sort="colour")])
    assert rig.events.of(READS_REQUESTED) == []
    assert rig.events.of(OPERATIONS_REQUESTED)[0]["refusal"]["code"] == "invalid_request"


def test_an_operator_with_too_many_unfinished_tasks_may_call_again_when_one_has_finished(rig: Rig) -> None:
    calls = [rig.service.submit("12qw", "create_customer", {"name": "Ada"}) for _ in range(2)]
    with pytest.raises(Refusal, match="too_many_requests"):
        rig.service.submit("12qw", "create_customer", {"name": "Ada"})
    rig.service.deliver([an_outcome({**a_task(), "id": calls[0]["id"]})])
    rig.service.submit("12qw", "create_customer", {"name": "Ada"})


def test_after_a_time_without_the_broker_unfinished_tasks_are_counted_from_zero(rig: Rig) -> None:
    for _ in range(2):
        rig.service.submit("12qw", "create_customer", {"name": "Ada"})
    rig.service.catch_up()
    rig.service.submit("12qw", "create_customer", {"name": "Ada"})


def test_stored_outcomes_are_told(rig: Rig) -> None:
    outcomes = [an_outcome(a_task()) for _ in range(3)]
    rig.service.finish(outcomes)
    assert rig.events.of(TASKS_FINISHED) == outcomes


def test_what_is_no_outcome_is_not_told(rig: Rig) -> None:
    with pytest.raises(Unreadable):
        rig.service.finish([{"id": 7}])
    assert rig.events.said == []


def test_each_hop_names_its_tasks_in_the_log(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    task = a_task()
    rig.service.request([task])
    rig.service.finish([an_outcome(task)])
    assert [record.task_ids for record in caplog.records] == [[task["id"]]] * 2  # type: ignore[attr-defined]


def test_a_message_set_aside_is_sent_again_alone(rig: Rig) -> None:
    rig.service.set_aside(dead(TASKS_SUBMITTED, a_task(), a_task()))
    assert [letter.queue for letter in rig.resending.sent] == ["tasks.tasks_submitted"] * 2
    assert rig.events.said == []


def test_a_message_set_aside_twice_is_buried(rig: Rig) -> None:
    task = a_task()
    rig.service.set_aside(dead(TASKS_SUBMITTED, task, alone=True))
    (burial,) = rig.events.of(OPERATIONS_REQUESTED)
    assert burial["task"] == task
    assert rig.resending.sent == []


def test_a_dead_letter_is_held_while_the_broker_takes_nothing(rig: Rig) -> None:
    rig.resending.failure = rig.events.failure = NotAccepted()
    for alone in (False, True):
        with pytest.raises(NotAccepted):
            rig.service.set_aside(dead(TASKS_SUBMITTED, a_task(), alone=alone))


def test_a_burial_that_comes_back_waits_before_it_goes_again(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("services.tasks.service.time.sleep", pauses.append)
    rig.service.set_aside(dead(TASKS_SUBMITTED, a_task(), alone=True))
    burial = rig.events.of(OPERATIONS_REQUESTED)[0]
    rig.service.set_aside(dead(OPERATIONS_REQUESTED, burial, alone=True))
    assert pauses == [0, BURIAL_PAUSE]
    assert [letter.queue for letter in rig.resending.sent] == ["info.operations_requested"]


def test_an_undecodable_message_is_buried_without_its_content_in_the_log(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    rig.service.set_aside(DeadMessage("tasks_submitted", b'{"token": "12qw"'))
    assert rig.events.of(OPERATIONS_REQUESTED)[0]["dead_letter"]["body"] == '{"token": "12qw"'
    assert "12qw" not in caplog.text


def test_submit_answers_when_the_task_is_durable(rig: Rig) -> None:
    accepted = rig.service.submit(TOKEN, "create_transfer", TRANSFER)
    (task,) = rig.events.of(TASKS_SUBMITTED)
    assert (accepted["id"], accepted["status"]) == (task["id"], "accepted")
    assert task["data"] == TRANSFER


def test_run_answers_the_outcome_even_if_it_is_quicker_than_the_confirmation(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def say(event: Any, entries: Any) -> None:
        rig.service.deliver([an_outcome(entries[0])])

    monkeypatch.setattr(rig.events, "say", say)
    assert rig.service.run(TOKEN, "create_transfer", TRANSFER, 5)["status"] == "succeeded"


def test_run_answers_the_accepted_task_when_time_is_up(rig: Rig) -> None:
    assert rig.service.run(TOKEN, "create_transfer", TRANSFER, timeout=0.01)["status"] == "accepted"


def test_run_reads_what_went_unheard_after_a_reconnection(rig: Rig) -> None:
    recorded: dict[str, Any] = {}

    def reconnect() -> None:
        (task,) = rig.events.of(TASKS_SUBMITTED)
        recorded[task["id"]] = an_outcome(task)
        rig.info.methods["task"] = lambda operator_id, task_id: recorded[task_id]
        rig.service.catch_up()

    eventlet.spawn_after(0.02, reconnect)
    assert rig.service.run(TOKEN, "create_transfer", TRANSFER, timeout=5)["status"] == "succeeded"


def test_run_refuses_a_timeout_that_is_none_before_it_submits(rig: Rig) -> None:
    with pytest.raises(Refusal, match="invalid_request"):
        rig.service.run(TOKEN, "create_transfer", TRANSFER, timeout="soon")
    assert rig.events.said == []


@pytest.mark.parametrize("method", ["submit", "run"])
def test_a_login_by_rpc_is_answered_finished(rig: Rig, method: str) -> None:
    outcome = an_outcome(a_task("login"))
    rig.users.methods["login"] = lambda *args: {"outcome": outcome, "identity": an_identity()}
    assert getattr(rig.service, method)(TOKEN, "login", {"name": "Alice"}) == outcome
    assert rig.events.said == []


def test_a_new_connection_voids_what_is_remembered_of_operators(rig: Rig) -> None:
    rig.service.request([a_task()])
    rig.service.catch_up()
    rig.service.request([a_task()])
    assert len(rig.users.called("operator")) == 2


def test_get_reads_the_callers_own_task(rig: Rig) -> None:
    task = a_task()
    rig.info.methods["task"] = lambda operator_id, task_id: an_outcome(task)
    assert rig.service.get(TOKEN, task["id"]) == an_outcome(task)
    assert rig.info.calls == [("task", 1, task["id"])]


def test_a_task_that_is_not_recorded_yet_reads_as_accepted(rig: Rig) -> None:
    task_id = new_task_id()
    assert rig.service.task_of(1, task_id)["status"] == "accepted"


def test_what_is_no_task_is_not_found(rig: Rig) -> None:
    with pytest.raises(Refusal, match=Code.NOT_FOUND.value):
        rig.service.task_of(1, "7")
    with pytest.raises(Refusal, match=Code.NOT_FOUND.value):
        rig.service.finished_since(1, "7")
    assert rig.info.calls == []


def test_list_pages_the_callers_own_tasks(rig: Rig) -> None:
    page: dict[str, Any] = {"tasks": [], "next_cursor": None}
    rig.info.methods["tasks_of"] = lambda *args: page
    assert rig.service.list(TOKEN, 10, None, "failed") == page
    assert rig.service.tasks_of(1, 10, None, None, False) == page
    assert rig.info.calls == [("tasks_of", 1, 10, None, "failed", None), ("tasks_of", 1, 10, None, None, False)]


@pytest.mark.parametrize("method", ["submit", "run", "get", "list"])
def test_nothing_is_done_without_a_session(rig: Rig, method: str) -> None:
    rig.users.methods["identify"] = lambda digest: an_identity(session=None)
    arguments: dict[str, Any] = {
        "submit": ("create_transfer", TRANSFER),
        "run": ("create_transfer", TRANSFER),
        "get": (new_task_id(),),
        "list": (),
    }
    with pytest.raises(Refusal, match=Code.LOGIN_REQUIRED.value):
        getattr(rig.service, method)(TOKEN, *arguments[method])
    assert rig.events.said == rig.info.calls == []


def test_accept_records_a_keyed_task_and_says_it(rig: Rig) -> None:
    task = a_task()
    rig.info.methods["record"] = lambda task, key, asked: {"id": task["id"], "submitted_at": task["submitted_at"]}
    assert rig.service.accept(task, "key", "print") == {"id": task["id"], "submitted_at": task["submitted_at"]}
    assert rig.info.called("record") == [(task, "key", "print")]
    assert rig.events.of(TASKS_SUBMITTED)[0]["recorded"] is True


def test_finished_since_asks_info(rig: Rig) -> None:
    task_id = new_task_id()
    rig.info.methods["finished_since"] = lambda operator_id, task_id, cursor: []
    assert rig.service.finished_since(1, task_id) == []
    assert rig.info.calls == [("finished_since", 1, task_id, None)]


def test_a_message_of_a_newer_release_is_not_failed(rig: Rig) -> None:
    rig.service.set_aside(DeadMessage("tasks_submitted", body(TASKS_SUBMITTED, a_task(), version=2)))
    assert len(rig.resending.sent) == 1
    assert rig.events.said == []
