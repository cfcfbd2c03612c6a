"""What somebody with a service's broker credentials says, and what the others make of it."""

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import amqp
import pytest

from services.contracts.operators import Role
from services.contracts.task_ids import new_task_id
from services.contracts.tasks import now_text
from services.contracts.tokens import token_hash
from tests.security.staffed import Staffed
from tests.security.wire import Intruder
from tests.waiting import eventually


@contextmanager
def intruder_as(system: Staffed, service: str) -> Iterator[Intruder]:
    """Somebody with that service's credentials."""
    intruder = Intruder(system.broker.uri(service))
    try:
        yield intruder
    finally:
        intruder.close()


def task(system: Staffed, name: str, session: str, action: str, data: dict[str, Any]) -> dict[str, Any]:
    """A task as the services pass it on."""
    return {
        "id": new_task_id(),
        "action": action,
        "data": data,
        "operator_id": system.ids[name],
        "session": session,
        "submitted_at": now_text(),
    }


def submit(intruder: Intruder, *tasks: dict[str, Any]) -> None:
    """As the gateway says it."""
    for each in tasks:
        intruder.publish("gateway.events", "tasks_submitted", json.dumps({"version": 1, "tasks": [each]}).encode())


def request(intruder: Intruder, *tasks: dict[str, Any]) -> None:
    """As ``tasks`` says it."""
    for each in tasks:
        body = {"version": 1, "operations": [{"task": each}]}
        intruder.publish("tasks.events", "operations_requested", json.dumps(body).encode())


def error_of(system: Staffed, task_id: str) -> str | None:
    """Why a task failed, once it has ended; an empty text when it has not failed."""

    def ended() -> str | None:
        with system.transaction() as tx:
            row = tx.one(
                "SELECT coalesce(error->>'code', '') AS code FROM task WHERE id = %s AND status <> 'accepted'",
                (task_id,),
            )
        return None if row is None else f":{row['code']}"

    return str(eventually(ended))[1:]


def test_a_gateway_submits_nothing_without_an_open_session_of_the_operator(system: Staffed) -> None:
    data = {"id": system.create_item("Alice", "transfer", 1), "approved": True}
    guessed = [
        task(system, "Carol", session, "review_transfer", data)
        for session in ("", "0" * 36, new_task_id(), system.session_of("Bob"), "' OR '1'='1")
    ]
    with intruder_as(system, "gateway") as gateway:
        submit(gateway, *guessed)
    assert {error_of(system, each["id"]) for each in guessed} == {"login_required"}
    assert status_of(system, "transfer", data["id"]) == "pending"


def test_with_a_session_that_it_saw_a_gateway_or_tasks_does_what_that_operator_may_and_no_more(system: Staffed) -> None:
    high, low = system.create_item("Alice", "transfer", 2), system.create_item("Alice", "transfer", 1)
    session = system.session_of("Bob")
    for service, send in (("gateway", submit), ("tasks", request)):
        attempts = {
            "level_too_low": task(system, "Bob", session, "review_transfer", {"id": high, "approved": True}),
            "not_permitted": task(system, "Bob", session, "create_customer", {"name": "Mallory"}),
            "": task(system, "Bob", session, "get_transfer", {"id": low}),
        }
        with intruder_as(system, service) as intruder:
            send(intruder, *attempts.values())
        assert {code: error_of(system, each["id"]) for code, each in attempts.items()} == {
            code: code for code in attempts
        }
    assert status_of(system, "transfer", high) == "pending"


def test_an_outcome_is_not_changed_by_saying_the_task_again_otherwise(system: Staffed) -> None:
    first = system.client("Alice").run("create_customer", {"name": "Once"})
    again = task(system, "Alice", system.session_of("Alice"), "create_customer", {"name": "Twice"}) | {
        "id": first["id"]
    }
    refusal = {"code": "not_permitted", "number": 1, "params": {}}
    with intruder_as(system, "tasks") as intruder:
        request(intruder, again)
        body = {"version": 1, "operations": [{"task": again, "refusal": refusal}]}
        intruder.publish("tasks.events", "operations_requested", json.dumps(body).encode())
    marker = system.client("Alice").run("get_customer", {"id": system.customer()})
    assert marker["status"] == "succeeded"
    assert system.client("Alice").task(first["id"]) == first
    with system.transaction() as tx:
        assert tx.one("SELECT count(*) AS n FROM customer WHERE name = 'Twice'") == {"n": 0}


def test_only_info_says_what_was_done(system: Staffed) -> None:
    mine = system.client("Alice").run("get_customer", {"id": system.customer()})
    forged = mine | {"result": {"customer": {"id": 1, "name": "Mallory"}}}
    body = json.dumps({"version": 1, "outcomes": [forged]}).encode()
    for service in ("gateway", "users", "tasks", "internal"):
        with intruder_as(system, service) as intruder:
            for exchange in ("info.events", f"{service}.events", "", "nameko-rpc", "amq.topic"):
                if (service, exchange) != ("tasks", "tasks.events"):
                    with pytest.raises(amqp.AccessRefused):
                        intruder.publish(
                            exchange, "tasks.operations_done" if exchange == "" else "operations_done", body
                        )
    for service in ("gateway", "users", "info", "internal"):
        with intruder_as(system, service) as intruder, pytest.raises(amqp.AccessRefused):
            intruder.publish("tasks.events", "operations_requested", b"{}")


@pytest.mark.parametrize("action", ["add_operator", "rotate_operator"])
def test_who_hears_all_outcomes_learns_no_hash_with_which_to_log_in(system: Staffed, action: str) -> None:
    """A gateway logs people in by the hashes of their tokens, and is told the session."""
    new_hash = token_hash(secrets.token_hex(16))
    if action == "rotate_operator":
        system.hire("Rita", Role.SERVICE, 1)
    data = {"name": "Nora", "role": "Service"} if action == "add_operator" else {"id": system.ids["Rita"]}
    heard: list[str] = []
    with intruder_as(system, "gateway") as intruder:
        channel = intruder.connection.channel()
        queue = f"tasks_finished--gateway-{secrets.token_hex(8)}"
        channel.queue_declare(queue, exclusive=True, auto_delete=True)
        channel.queue_bind(queue, "tasks.events", "tasks_finished")
        channel.basic_consume(queue, callback=lambda message: heard.append(str(message.body)), no_ack=True)
        done = system.client("Alice").run(action, data | {"token_hash": new_hash})
        assert done["status"] == "succeeded"

        def told() -> bool:
            with suppress(TimeoutError):
                intruder.connection.drain_events(timeout=0.2)
            return any(done["id"] in message for message in heard)

        eventually(told)
    assert not any(new_hash in message for message in heard)
    assert new_hash not in str(system.client("Alice").task(done["id"]))


@pytest.mark.parametrize("header", ["CC", "BCC"])
def test_a_copy_of_a_call_by_a_header_reaches_no_method_of_another_service(system: Staffed, header: str) -> None:
    """``users`` knows the method by which it is called; the copies for ``tasks`` and ``info`` name none of theirs."""
    address = f"gateway-{secrets.token_hex(8)}"
    with intruder_as(system, "gateway") as intruder:
        channel = intruder.connection.channel()
        queue = f"rpc.reply--{address}"
        channel.queue_declare(queue, exclusive=True, auto_delete=True)
        channel.queue_bind(queue, "nameko-rpc", address)
        replies: list[Any] = []
        channel.basic_consume(queue, callback=lambda message: replies.append(json.loads(message.body)), no_ack=True)
        call = {"args": [system.ids["Bob"], system.client("Bob").tasks(limit=1)[0]["id"]], "kwargs": {}}
        intruder.publish(
            "nameko-rpc",
            "users.identify",
            json.dumps(call).encode(),
            {header: ["info.task", "info.tasks_of", "tasks.list"]},
            reply_to=address,
            correlation_id="1",
        )

        def both_answered() -> bool:
            with suppress(TimeoutError):
                intruder.connection.drain_events(timeout=0.2)
            return len(replies) >= 2

        eventually(both_answered)
    assert all(reply["result"] is None for reply in replies)
    assert "MethodNotFound" in {reply["error"]["exc_type"] for reply in replies}
    assert refused(system) == []


ADDRESSES = ["users.logout", "nobody", "rpc-users", "tasks.accept", "#", "gateway-1", "tasks-0123456789abcdef"]


@pytest.mark.parametrize("address", [*ADDRESSES, "gateway-0123456789abcdef", "info-0123456789abcdef"])
def test_a_reply_goes_to_an_address_and_to_no_method(system: Staffed, address: str) -> None:
    call = json.dumps({"args": [""], "kwargs": {}}).encode()
    with intruder_as(system, "internal") as intruder:
        intruder.publish("amq.topic", "users.authenticate", call, reply_to=address, correlation_id="1")
        intruder.publish("amq.topic", "info.pending", call, reply_to=address, correlation_id="1")
    with intruder_as(system, "gateway") as intruder:
        copies = {"CC": ["info.pending", "tasks.list"]}
        for each in (address, "01234567-89ab-4cde-8f01-23456789abcd"):
            intruder.publish("nameko-rpc", "users.identify", call, copies, reply_to=each, correlation_id="1")
    assert system.client("Alice").login("Alice")["status"] == "succeeded"
    assert refused(system) == []


def refused(system: Staffed) -> list[str]:
    """The processes whose own channel the broker has ended for want of rights."""
    processes = system.stack.processes.values()
    return [process.name for process in processes if "ACCESS_REFUSED" in process.log.read_text()]


def status_of(system: Staffed, kind: str, item: int) -> str:
    """As an operator sees it."""
    return str(system.client("Bob").run(f"get_{kind}", {"id": item})["result"][kind]["status"])
