"""A client that is slow, silent or stuck holds up nobody, over a real server."""

import socket

import eventlet
import pytest

from services.contracts.task_ids import new_task_id
from services.gateway import connection, websocket
from services.gateway.websocket import WebSocket
from services.runtime.http.backlog import Backlog
from tests.unit.gateway.stage import Stage, outcome
from tests.unit.gateway.websocket_clients import raw_socket, ready, received, socket_to
from tests.waiting import eventually


def test_a_client_is_pinged_and_stays_while_it_answers(
    stage: Stage, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "PING_SECONDS", 1.0)
    pings: list[WebSocket] = []
    ping = WebSocket.ping

    def counted(socket: WebSocket) -> None:
        pings.append(socket)
        ping(socket)

    monkeypatch.setattr(WebSocket, "ping", counted)
    with socket_to(port, {"token": "12qw"}) as client:
        ready(client)
        eventually(lambda: len(pings) == 4)  # one that had answered none of them would not get so many
        stage.gateway.tasks_finished([outcome()])
        assert received(client)["type"] == "task"


def test_a_client_that_answers_no_ping_is_dropped(stage: Stage, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "PING_SECONDS", 0.1)
    with raw_socket(port):
        eventually(lambda: len(stage.gateway.live) == 1)
        eventually(lambda: len(stage.gateway.live) == 0)


def test_a_client_that_does_not_read_is_dropped_and_bounded(stage: Stage, port: int) -> None:
    with raw_socket(port) as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        eventually(lambda: len(stage.gateway.live) == 1)
        big = outcome()
        big["data"] = {"content": "x" * 20_000}
        pushed = 0
        while len(stage.gateway.live) and pushed < 5_000:
            stage.gateway.tasks_finished([{**big, "id": new_task_id()} for _ in range(100)])
            pushed += 100
            eventlet.sleep(0)
        eventually(lambda: len(stage.gateway.live) == 0)
        assert pushed < 5_000


def test_a_client_for_whom_too_many_bytes_wait_is_dropped(
    stage: Stage, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "SEND_SECONDS", 3_600.0)
    with raw_socket(port):
        eventually(lambda: len(stage.gateway.live) == 1)
        big = outcome()
        big["data"] = {"content": "x" * 300_000}
        for _ in range(connection.MOST_WAITING - 1):  # so that it is not for their number
            stage.gateway.tasks_finished([{**big, "id": new_task_id()}])
            eventlet.sleep(0)
            assert stage.gateway.live.backlog.bytes <= connection.MOST_BYTES
            if not len(stage.gateway.live):
                break
        eventually(lambda: len(stage.gateway.live) == 0)
    assert stage.gateway.live.backlog.bytes == 0


def test_when_too_much_waits_for_all_together_the_slowest_are_dropped(
    stage: Stage, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "SEND_SECONDS", 3_600.0)
    stage.gateway.live.backlog = Backlog(2_000_000)
    opened = [raw_socket(port) for _ in range(5)]
    try:
        eventually(lambda: len(stage.gateway.live) == 5)
        big = outcome()
        big["data"] = {"content": "x" * 900_000}
        for _ in range(8):
            stage.gateway.tasks_finished([{**big, "id": new_task_id()}])
            eventlet.sleep(0.01)
            assert stage.gateway.live.backlog.bytes <= 2_000_000
        eventually(lambda: len(stage.gateway.live) <= 2)
    finally:
        for each in opened:
            each.close()
    eventually(lambda: stage.gateway.live.backlog.bytes == 0)


def get_stuck(stage: Stage) -> None:
    """Push to the one client more than it can take in without reading."""
    eventually(lambda: len(stage.gateway.live) == 1)
    big = outcome()
    big["data"] = {"content": "x" * 20_000_000}
    stage.gateway.tasks_finished([big])


def test_a_client_that_is_stuck_in_one_message_is_dropped(
    stage: Stage, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "SEND_SECONDS", 0.2)
    with raw_socket(port):
        get_stuck(stage)
        eventually(lambda: len(stage.gateway.live) == 0)


def test_the_end_of_a_session_ends_a_stuck_connection_too(
    stage: Stage, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "SEND_SECONDS", 3_600.0)
    with raw_socket(port):
        get_stuck(stage)
        eventlet.sleep(0.05)
        stage.gateway.operators_changed([{"id": 1, "ended": True}])
        eventually(lambda: len(stage.gateway.live) == 0)
