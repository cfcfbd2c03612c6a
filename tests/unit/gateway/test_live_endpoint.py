"""How a live connection begins, over a real server and a real client."""

from typing import Any

import pytest

from services.contracts.errors import Refusal
from services.contracts.task_ids import new_task_id
from services.gateway import live_endpoint
from services.runtime.messaging.broker import NotAccepted
from services.runtime.rpc.client import RemoteFailure
from tests.unit.gateway.stage import Stage, missed, outcome
from tests.unit.gateway.websocket_clients import closing, closing_code, ready, received, socket_to


def test_the_first_message_is_answered_with_who_one_is(port: int) -> None:
    with socket_to(port, {"token": "12qw"}) as client:
        assert received(client) == {
            "type": "ready",
            "operator": {"id": 1, "name": "Alice", "role": "Admin", "level": 1},
        }


@pytest.mark.parametrize(
    ("hello", "code", "reason"),
    [
        ({"token": "nobody"}, 4401, "not_authenticated"),
        ({"token": "78ui"}, 4401, "login_required"),
        ({"token": None}, 4401, "not_authenticated"),
        ({}, 4401, "not_authenticated"),
        ("not json", 4400, "malformed_json"),
        ("[]", 4400, "malformed_json"),
        ('{"token": "12qw", "token": "12qw"}', 4400, "malformed_json"),
        ({"token": 1}, 4400, "invalid_request"),
        ({"token": "12qw", "since": "yesterday"}, 4400, "invalid_request"),
        ({"token": "12qw", "language": 5}, 4400, "invalid_request"),
    ],
)
def test_a_first_message_that_opens_nothing_closes_with_the_reason(
    port: int, hello: Any, code: int, reason: str
) -> None:
    with socket_to(port, hello) as client:
        assert closing(client) == (code, reason)


def test_silence_closes_with_4401(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_endpoint, "HELLO_SECONDS", 0.1)
    with socket_to(port) as client:
        assert closing_code(client) == 4401


def test_a_client_that_cannot_be_identified_now_is_told_to_come_back(stage: Stage, port: int) -> None:
    stage.users.methods["identify"] = NotAccepted("down")
    with socket_to(port, {"token": "12qw"}) as client:
        assert closing_code(client) == 1013


def test_what_was_missed_comes_first_and_in_order(stage: Stage, port: int) -> None:
    since, unheard = new_task_id(), [outcome(), outcome(), outcome(action="login")]
    live = outcome()

    def finished_since(operator_id: int, task_id: str, cursor: str) -> Any:
        stage.gateway.tasks_finished([live])  # while the missed ones are being read
        return missed(*unheard)

    stage.tasks.methods["finished_since"] = finished_since
    with socket_to(port, {"token": "12qw", "since": since}) as client:
        ready(client)
        ids = [received(client)["task"]["id"] for _ in range(3)]
        assert ids == [unheard[0]["id"], unheard[1]["id"], live["id"]]
        assert stage.tasks.called("finished_since") == [(1, since, "")]


@pytest.mark.parametrize("failure", [NotAccepted("down"), Refusal("not_found"), RemoteFailure("tasks failed")])
def test_a_client_whose_missed_outcomes_cannot_be_read_is_told_to_come_back(
    stage: Stage, port: int, failure: Exception
) -> None:
    since = new_task_id()
    stage.tasks.methods["finished_since"] = failure
    with socket_to(port, {"token": "12qw", "since": since}) as client:
        assert closing_code(client) == 1013
    assert stage.tasks.called("finished_since") == [(1, since, "")]


def test_a_ping_is_answered_in_its_turn(stage: Stage, port: int) -> None:
    finished = outcome()
    with socket_to(port, {"token": "12qw"}) as client:
        ready(client)
        stage.gateway.tasks_finished([finished])
        client.send('{"type": "ping"}')
        assert received(client)["task"]["id"] == finished["id"]
        assert received(client) == {"type": "pong"}


@pytest.mark.parametrize(
    "text",
    ["[]", '{"type": "PING"}', '{"type": ["ping"]}', "{", "[" * 100, f'{{"type": "ping", "x": "{"x" * 100}"}}'],
)
def test_what_is_not_a_ping_is_ignored(text: str, port: int) -> None:
    with socket_to(port, {"token": "12qw"}) as client:
        ready(client)
        client.send(text)
        client.send('{"type": "ping"}')
        assert received(client) == {"type": "pong"}


def test_other_later_messages_are_ignored(stage: Stage, port: int) -> None:
    with socket_to(port, {"token": "12qw"}) as client:
        ready(client)
        client.send("anything")
        client.send(b"\x00\x01")
        stage.gateway.tasks_finished([outcome()])
        assert received(client)["type"] == "task"
