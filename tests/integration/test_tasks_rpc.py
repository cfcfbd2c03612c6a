"""What internal systems call, with a plain Nameko client."""

import uuid
from collections.abc import Iterator
from typing import Any

import eventlet
import pytest
from eventlet.event import Event
from nameko.exceptions import IncorrectSignature, RemoteError, registry
from nameko.standalone.rpc import ClusterRpcProxy

from services.contracts.errors import Code, Refusal
from services.contracts.idempotency import fingerprint
from services.contracts.operators import Role
from services.contracts.task_ids import new_task_id
from services.info import operators
from services.info.operations.registry import OPERATIONS, Operation
from services.info.service import InfoService
from services.info.work import Work
from services.tasks.service import TasksService
from services.users import directory
from services.users.service import UsersService
from tests.integration.loop import Gateway, Loop, loop_on
from tests.parts import temporary_database, temporary_vhost
from tests.proxy import Proxy
from tests.waiting import eventually

ALICE = "token-of-alice-for-the-tests"
BOB = "token-of-bob-for-the-tests"


@pytest.fixture(scope="module")
def loop(postgres: str, migrated_template: str, amqp_uri: str) -> Iterator[Loop]:
    """The whole loop, for all tests here."""
    with temporary_database(postgres, migrated_template) as url, loop_on(url, amqp_uri) as made:
        made.start_all()
        yield made


@pytest.fixture
def rpc(loop: Loop) -> Iterator[Any]:
    """A plain Nameko client."""
    with ClusterRpcProxy({"AMQP_URI": loop.amqp_uri}, timeout=20) as proxy:
        yield proxy


def customers(loop: Loop, name: str) -> int:
    """How many customers of that name there are."""
    return int(loop.office.value("SELECT count(*) FROM customer WHERE name = %s", name))


def refused(code: Code) -> Any:
    """A plain client learns the code."""
    return pytest.raises(RemoteError, match=f"^Refusal {code.value}$")


def test_a_token_is_authenticated(rpc: Any, loop: Loop) -> None:
    assert rpc.users.authenticate(ALICE) == {
        "id": loop.office.ids["alice"],
        "name": "alice",
        "role": "Admin",
        "level": 1,
        "logged_in": True,
    }


@pytest.mark.parametrize("token", ["nobody's", "", None, 7])
def test_a_wrong_token_is_refused_with_its_code(rpc: Any, token: Any) -> None:
    with refused(Code.NOT_AUTHENTICATED):
        rpc.users.authenticate(token)


def test_a_client_that_registers_a_class_gets_the_parameters_too(rpc: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry, "services.contracts.errors.Refusal", Refusal)
    with pytest.raises(Refusal) as refusal:
        rpc.tasks.submit(ALICE, "create_customer", {"nome": "Ada"})
    assert {fault["path"] for fault in refusal.value.params["faults"]} == {"data.name", "data.nome"}


def test_permissions_are_those_of_the_role(rpc: Any, loop: Loop) -> None:
    assert rpc.users.permitted(loop.office.ids["bob"], "review_transfer") is True
    assert rpc.users.permitted(loop.office.ids["bob"], "create_transfer") is False
    assert rpc.users.permitted(4711, "create_transfer") is False


def test_a_task_is_run_to_its_end(rpc: Any) -> None:
    task = rpc.tasks.run(ALICE, "create_customer", {"name": "Ada"})
    assert task["status"] == "succeeded"
    assert task["result"]["customer"]["name"] == "Ada"


def test_a_task_that_fails_is_answered_as_failed(rpc: Any) -> None:
    task = rpc.tasks.run(ALICE, "get_customer", {"id": 4711}, timeout=10)
    assert (task["status"], task["error"]["code"]) == ("failed", "customer_not_found")


def test_run_returns_as_soon_as_the_task_ends(rpc: Any) -> None:
    """Sooner than the client gives up."""
    assert rpc.tasks.run(ALICE, "create_customer", {"name": "Ada"}, timeout=60)["status"] == "succeeded"


def test_run_without_time_answers_the_accepted_task(rpc: Any) -> None:
    task = rpc.tasks.run(ALICE, "create_customer", {"name": "Ada"}, timeout=0)
    assert task["status"] == "accepted"
    assert eventually(lambda: rpc.tasks.get(ALICE, task["id"])["status"] == "succeeded")


def test_a_submitted_task_is_read_and_listed(rpc: Any) -> None:
    submitted = rpc.tasks.submit(ALICE, "create_customer", {"name": "Grace"})
    assert submitted["status"] == "accepted"
    read = eventually(lambda: _finished(rpc.tasks.get(ALICE, submitted["id"])))
    assert read["data"] == {"name": "Grace"}
    listed = rpc.tasks.list(ALICE, limit=1)
    assert [task["id"] for task in listed["tasks"]] == [submitted["id"]]
    assert listed["next_cursor"]
    assert rpc.tasks.list(ALICE, 1, listed["next_cursor"])["tasks"][0]["id"] != submitted["id"]


def _finished(task: dict[str, Any]) -> dict[str, Any] | None:
    return task if task["status"] != "accepted" else None


def test_another_operators_task_is_not_found(rpc: Any) -> None:
    task = rpc.tasks.run(ALICE, "create_customer", {"name": "Ada"})
    with refused(Code.NOT_FOUND):
        rpc.tasks.get(BOB, task["id"])


def test_an_id_that_was_just_made_up_reads_as_accepted_and_is_in_no_list(rpc: Any) -> None:
    task_id = new_task_id()
    assert rpc.tasks.get(ALICE, task_id)["status"] == "accepted"
    assert task_id not in {task["id"] for task in rpc.tasks.list(ALICE)["tasks"]}


@pytest.mark.parametrize(
    ("token", "action", "data", "code"),
    [
        ("nobody's", "create_customer", {"name": "Ada"}, Code.NOT_AUTHENTICATED),
        (ALICE, "no_such_action", {}, Code.UNKNOWN_ACTION),
        (BOB, "create_customer", {"name": "Ada"}, Code.NOT_PERMITTED),
        (ALICE, "create_customer", {"name": " "}, Code.INVALID_REQUEST),
        (ALICE, "create_customer", {"name": "a\0b"}, Code.INVALID_REQUEST),
        (ALICE, "create_customer", {"name": "Ada", "more": 1}, Code.INVALID_REQUEST),
        (ALICE, "create_customer", "Ada", Code.INVALID_REQUEST),
    ],
)
@pytest.mark.parametrize("method", ["submit", "run"])
def test_what_http_refuses_is_refused_here_too(
    rpc: Any, method: str, token: str, action: str, data: Any, code: Code
) -> None:
    with refused(code):
        getattr(rpc.tasks, method)(token, action, data)


def test_a_key_makes_one_task_of_many_however_concurrent(loop: Loop) -> None:
    key, name = str(uuid.uuid4()), str(uuid.uuid4())

    def submit() -> str:
        with ClusterRpcProxy({"AMQP_URI": loop.amqp_uri}, timeout=20) as proxy:
            task = proxy.tasks.submit(ALICE, "create_customer", {"name": name}, idempotency_key=key)
            return str(task["id"])

    ids = {thread.wait() for thread in [eventlet.spawn(submit) for _ in range(8)]}
    assert len(ids) == 1
    eventually(lambda: customers(loop, name) == 1)
    with ClusterRpcProxy({"AMQP_URI": loop.amqp_uri}, timeout=20) as proxy, refused(Code.IDEMPOTENCY_CONFLICT):
        proxy.tasks.submit(ALICE, "create_customer", {"name": "another"}, idempotency_key=key)


def test_what_the_gateway_records_is_accepted_under_its_key(rpc: Any, loop: Loop) -> None:
    key = str(uuid.uuid4())
    first, second = (loop.office.task("alice", "create_customer", {"name": "Ada"}) for _ in range(2))
    asked = fingerprint("create_customer", {"name": "Ada"})
    accepted = rpc.tasks.accept(first, key, asked)
    assert accepted == {"id": first["id"], "submitted_at": first["submitted_at"]}
    assert rpc.tasks.accept(second, key, asked) == accepted
    eventually(lambda: _finished(rpc.tasks.task_of(loop.office.ids["alice"], first["id"])))


def test_what_was_missed_is_read_in_order(rpc: Any, loop: Loop) -> None:
    ids = [rpc.tasks.run(ALICE, "get_customer", {"id": 4711})["id"] for _ in range(3)]
    missed = [task["id"] for task in rpc.tasks.finished_since(loop.office.ids["alice"], ids[0])]
    assert [task_id for task_id in missed if task_id in ids] == ids


def test_a_session_is_opened_and_ended_by_rpc(rpc: Any, loop: Loop) -> None:
    with loop.office.pool.transaction() as tx:
        token = operators.add(tx, f"Zoë {uuid.uuid4()}", Role.ADMIN, 1, "the tests").token
    name = rpc.users.authenticate(token)["name"]
    with refused(Code.LOGIN_REQUIRED):
        rpc.tasks.run(token, "create_customer", {"name": "Ada"})
    with refused(Code.NOT_AUTHENTICATED):
        rpc.tasks.run(token, "login", {"name": "alice"})
    assert rpc.tasks.run(token, "login", {"name": name})["result"]["operator"]["name"] == name
    assert rpc.tasks.run(token, "create_customer", {"name": "Ada"})["status"] == "succeeded"
    assert rpc.tasks.submit(token, "logout", None)["status"] == "succeeded"
    with refused(Code.LOGIN_REQUIRED):
        rpc.tasks.run(token, "create_customer", {"name": "Ada"})


def test_a_revocation_is_known_before_what_is_remembered_would_be_asked_for_anew(rpc: Any, loop: Loop) -> None:
    name = f"Mallory {uuid.uuid4()}"
    with loop.office.pool.transaction() as tx:
        token = operators.add(tx, name, Role.ADMIN, 1, "the tests").token
    rpc.tasks.run(token, "login", {"name": name})
    assert rpc.users.authenticate(token)["logged_in"]
    with loop.office.pool.transaction() as tx:
        operators.disable(tx, name, "the tests")

    def known() -> bool:
        try:
            return not rpc.users.authenticate(token)
        except RemoteError as refusal:
            return str(refusal) == f"Refusal {Code.NOT_AUTHENTICATED.value}"

    eventually(known, directory.SECONDS - 2, 0.1)


def test_only_tasks_may_execute_by_call(rpc: Any, loop: Loop) -> None:
    with refused(Code.NOT_PERMITTED):
        rpc.info.exec_db_task(loop.office.task("alice", "create_customer", {"name": "Ada"}))


def test_arguments_that_do_not_fit_are_told_and_harm_nobody(rpc: Any) -> None:
    with pytest.raises(IncorrectSignature):
        rpc.tasks.submit(ALICE)
    with pytest.raises(RemoteError, match="InternalError"):
        rpc.tasks.accept("not a task", None, None)
    assert rpc.tasks.run(ALICE, "get_customer", {"id": 4711})["status"] == "failed"


def test_an_outcome_that_was_told_while_the_connection_was_cut_still_ends_a_run(
    postgres: str, migrated_template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, gate = Event(), Event()
    declared = OPERATIONS["create_customer"]

    def wait_and_create(work: Work, data: Any) -> dict[str, Any]:
        if not began.ready():
            began.send()
        gate.wait()
        return declared.function(work, data)

    slow = Operation(declared.action, wait_and_create, declared.locks_operator)
    monkeypatch.setitem(OPERATIONS, "create_customer", slow)
    with temporary_database(postgres, migrated_template) as url, temporary_vhost() as vhost, Proxy.before(vhost) as cut:
        with loop_on(url, vhost) as loop:
            loop.start(Gateway, InfoService, UsersService)
            loop.start(TasksService, amqp_uri=cut.url(vhost))
            running = eventlet.spawn(_run, vhost)
            began.wait()
            cut.stop()
            loop.start(TasksService)
            gate.send()
            eventually(lambda: loop.told)
            eventlet.sleep(0.2)
            cut.restore()
            assert running.wait()["status"] == "succeeded"


def _run(amqp_uri: str) -> Any:
    with ClusterRpcProxy({"AMQP_URI": amqp_uri}, timeout=30) as rpc:
        return rpc.tasks.run(ALICE, "create_customer", {"name": "Ada"}, timeout=25)
