"""What live connections are told, and when they end, over a real server and a real client."""

from contextlib import ExitStack
from typing import Any

import pytest

from services.contracts.errors import Refusal
from services.contracts.task_ids import new_task_id
from services.contracts.tasks import Identity, ItemChange
from services.contracts.tokens import presented_hash
from services.gateway import connection
from services.runtime.failures import Unavailable
from services.runtime.messaging.broker import NotAccepted
from services.runtime.rpc.client import RemoteFailure
from tests.unit.gateway.stage import ALICE, BOB, CAROL, Stage, missed, outcome
from tests.unit.gateway.websocket_clients import closing, closing_code, ready, received, socket_to
from tests.waiting import eventually


def test_an_outcome_is_pushed_to_every_connection_of_its_operator_in_its_language(stage: Stage, port: int) -> None:
    error = {"code": "nothing_to_do", "number": 4046, "params": {}}
    hello = {"token": "12qw", "since": None}
    with socket_to(port, hello) as english, socket_to(port, {**hello, "language": "es"}) as spanish:
        with socket_to(port, hello, {"Accept-Language": "zh-HK"}) as chinese, socket_to(port, {"token": "34er"}) as bob:
            for client in (english, spanish, chinese, bob):
                ready(client)
            finished = outcome(error=error)
            stage.gateway.tasks_finished([outcome(action="login"), outcome(action="logout"), finished])
            messages = [received(client) for client in (english, spanish, chinese)]
            assert {message["task"]["id"] for message in messages} == {finished["id"]}
            assert [message["type"] for message in messages] == ["task"] * 3
            assert [message["task"]["error"]["message"] for message in messages] == [
                "No item waits for you.",
                "No hay ningún elemento que le espere.",
                "目前沒有等待您處理的項目。",
            ]
            assert bob.receive(timeout=0.1) is None


def change(kind: str = "transfer", level: int = 1, before: int | None = None, item_id: int = 7) -> ItemChange:
    return {
        "event": "created" if before is None else "escalated",
        "item": {
            "type": kind,
            "id": item_id,
            "level": level,
            "status": "pending",
            "version": 1,
            "claimed_by": None,
            "claimed_until": None,
        },
        "level_before": before or level,
        "created_at": "2026-11-24T14:50:56.123456Z",
    }


def test_a_change_of_an_item_is_pushed_to_those_who_may_decide_it(stage: Stage, port: int) -> None:
    with socket_to(port, {"token": "34er"}) as bob, socket_to(port, {"token": "56ty"}) as carol:
        ready(bob)
        ready(carol)
        stage.gateway.items_changed([change(level=2, item_id=1), change("inquiry"), change(level=2, before=1)])
        expected = change(level=2, before=1)
        assert received(bob) == {"type": "item", "event": "escalated", "item": expected["item"]}
        assert [received(carol)["item"]["id"] for _ in range(2)] == [1, 7]


def test_after_the_broker_came_back_every_connection_gets_what_finished_since_its_last(stage: Stage, port: int) -> None:
    first, second = outcome(), outcome()
    stage.tasks.methods["finished_since"] = lambda operator_id, task_id, cursor: missed(second)
    with socket_to(port, {"token": "12qw"}) as client:
        ready(client)
        stage.gateway.tasks_finished([first])
        assert received(client)["task"]["id"] == first["id"]
        stage.gateway.connected()
        assert received(client)["task"]["id"] == second["id"]
        assert stage.tasks.called("finished_since") == [(1, first["id"], "")]
        stage.gateway.connected()
        assert stage.tasks.called("finished_since")[1] == (1, second["id"], "")


def test_a_connection_is_told_an_outcome_once_however_often_it_is_replayed(stage: Stage, port: int) -> None:
    before, overlapping, last = outcome(), outcome(), outcome()

    def finished_since(operator_id: int, task_id: str, cursor: str) -> Any:
        stage.gateway.tasks_finished([overlapping])  # heard while it is read as missed, too
        return missed(before, overlapping)

    stage.tasks.methods["finished_since"] = finished_since
    with socket_to(port, {"token": "12qw", "since": new_task_id()}) as client:
        ready(client)
        for _ in range(3):
            stage.gateway.connected()
        stage.gateway.tasks_finished([last])
        told = [received(client)["task"]["id"] for _ in range(3)]
        assert told == [before["id"], overlapping["id"], last["id"]]


def test_what_was_told_before_does_not_make_a_connection_seem_far_behind(stage: Stage, port: int) -> None:
    told = [outcome() for _ in range(connection.MOST_WAITING // 2 + 1)]
    stage.tasks.methods["finished_since"] = lambda operator_id, task_id, cursor: missed(*told)
    with socket_to(port, {"token": "12qw"}) as client:
        ready(client)
        stage.gateway.tasks_finished(told)
        for each in told:
            assert received(client)["task"]["id"] == each["id"]
        for _ in range(3):
            stage.gateway.connected()
        stage.gateway.tasks_finished([outcome()])
        assert received(client)["type"] == "task"
        assert len(stage.gateway.live) == 1


def test_what_cannot_be_read_after_the_broker_came_back_is_read_again_and_no_connection_is_lost(
    stage: Stage, port: int
) -> None:
    unheard = outcome()
    with socket_to(port, {"token": "12qw"}) as client:
        ready(client)
        stage.tasks.methods["finished_since"] = NotAccepted("tasks is not back yet")
        with pytest.raises(Unavailable):
            stage.gateway.connected()
        stage.tasks.methods["finished_since"] = lambda operator_id, task_id, cursor: missed(unheard)
        stage.gateway.connected()
        assert received(client)["task"]["id"] == unheard["id"]


@pytest.mark.parametrize("failure", [RemoteFailure("tasks failed"), Refusal("not_found")])
def test_a_connection_whose_missed_outcomes_are_refused_is_closed_and_the_others_get_theirs(
    stage: Stage, port: int, failure: Exception
) -> None:
    unheard = outcome(operator=BOB)

    def finished_since(operator_id: int, task_id: str, cursor: str) -> Any:
        if operator_id == 1:
            raise failure
        return missed(unheard)

    with socket_to(port, {"token": "12qw"}) as alice, socket_to(port, {"token": "34er"}) as bob:
        ready(alice)
        ready(bob)
        stage.tasks.methods["finished_since"] = finished_since
        stage.gateway.connected()
        assert closing_code(alice) == 1013
        assert received(bob)["task"]["id"] == unheard["id"]


def test_the_end_of_a_session_closes_its_connections_with_4401(stage: Stage, port: int) -> None:
    with socket_to(port, {"token": "12qw"}) as alice, socket_to(port, {"token": "34er"}) as bob:
        ready(alice)
        ready(bob)
        stage.gateway.operators_changed([{"id": 1, "ended": True}])
        assert closing_code(alice) == 4401
        assert bob.receive(timeout=0.05) is None
        assert bob.connected


def renew(stage: Stage, token: str, identity: Identity | None) -> None:
    """What ``users`` says of a token from now on."""
    if identity is None:
        del stage.identities[presented_hash(token)]
    else:
        stage.identities[presented_hash(token)] = identity


@pytest.mark.parametrize("identity", [None, {**ALICE, "session": None}, {**ALICE, "session": "another"}])
def test_a_connection_is_checked_again_whatever_was_heard(stage: Stage, port: int, identity: Identity | None) -> None:
    with socket_to(port, {"token": "12qw"}) as client:
        ready(client)
        stage.gateway.live.check_all()
        renew(stage, "12qw", identity)
        stage.gateway.live.check_all()
        assert closing_code(client) == 4401


def test_a_check_that_cannot_be_made_closes_nothing(stage: Stage, port: int) -> None:
    with socket_to(port, {"token": "12qw"}) as client:
        ready(client)
        stage.users.methods["identify"] = NotAccepted("down")
        stage.gateway.live.check_all()
        assert client.receive(timeout=0.05) is None
        assert client.connected


def test_a_change_of_level_changes_what_is_shown(stage: Stage, port: int) -> None:
    with socket_to(port, {"token": "34er"}) as bob:
        ready(bob)
        renew(stage, "34er", {**BOB, "level": 2})
        stage.gateway.operators_changed([{"id": 2, "ended": False}])
        stage.gateway.live.check_changed()
        stage.gateway.live.check_changed()
        stage.gateway.items_changed([change(level=2)])
        assert received(bob)["item"]["level"] == 2


def test_items_that_wait_are_dropped_when_a_check_finds_other_rights(
    stage: Stage, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket_to(port, {"token": "56ty"}) as carol:
        ready(carol)
        (connection,) = stage.gateway.live.connections()
        dropped: list[Any] = []
        monkeypatch.setattr(connection, "drop_items", lambda: dropped.append(connection))
        stage.gateway.live.check_all()
        assert dropped == []
        renew(stage, "56ty", {**CAROL, "level": 1})
        stage.gateway.live.check_all()
        assert dropped == [connection]


def test_after_a_demotion_no_item_is_pushed_that_the_new_level_may_not_see(stage: Stage, port: int) -> None:
    """Nothing has been heard of the demotion; the change of the item committed after it."""
    with socket_to(port, {"token": "56ty"}) as carol:
        ready(carol)
        stage.gateway.items_changed([change(level=2, item_id=1)])
        assert received(carol)["item"]["id"] == 1
        renew(stage, "56ty", {**CAROL, "level": 1})
        stage.gateway.items_changed([change(level=2, item_id=2), change(level=1, item_id=3)])
        assert received(carol)["item"]["id"] == 3


@pytest.mark.parametrize("identity", [None, {**BOB, "session": None}, {**BOB, "session": "another"}])
def test_after_the_end_of_a_session_no_item_is_pushed(stage: Stage, port: int, identity: Identity | None) -> None:
    with socket_to(port, {"token": "34er"}) as bob:
        ready(bob)
        renew(stage, "34er", identity)
        stage.gateway.items_changed([change()])
        assert closing(bob) == (4401, "login_required")


def test_who_connects_from_memory_sees_no_item_under_rights_that_are_gone(stage: Stage, port: int) -> None:
    stage.gateway.identities.identify(presented_hash("56ty"))
    renew(stage, "56ty", {**CAROL, "level": 1})
    with socket_to(port, {"token": "56ty"}) as carol:
        assert received(carol)["operator"]["level"] == 2  # as remembered
        eventually(lambda: len(stage.gateway.live) == 1)
        stage.gateway.items_changed([change(level=2, item_id=2), change(level=1, item_id=3)])
        assert received(carol)["item"]["id"] == 3


def test_who_connects_while_rights_are_read_is_checked_too(stage: Stage, port: int) -> None:
    """And what arrives meanwhile comes after, under rights that are read again."""
    read = stage.users.methods["rights"]
    late: list[Any] = []

    def rights(operator_ids: list[int]) -> Any:
        answer = read(operator_ids)  # type: ignore[operator]
        if not late:
            late.append(stack.enter_context(socket_to(port, {"token": "56ty"})))
            ready(late[0])
            eventually(lambda: len(stage.gateway.live) == 2)
            renew(stage, "56ty", {**CAROL, "level": 1})
            stage.gateway.items_changed([change(level=1, item_id=3)])
        return answer

    stage.users.methods["rights"] = rights
    with ExitStack() as stack, socket_to(port, {"token": "34er"}) as bob:
        ready(bob)
        stage.gateway.items_changed([change(level=2, item_id=2)])
        assert received(bob)["item"]["id"] == 3
        assert received(late[0])["item"]["id"] == 3


@pytest.mark.parametrize("failure", [NotAccepted("down"), ValueError("any other")])
def test_items_are_not_pushed_while_rights_cannot_be_read(stage: Stage, port: int, failure: Exception) -> None:
    with socket_to(port, {"token": "34er"}) as bob:
        ready(bob)
        stage.gateway.items._sleep = lambda seconds: None
        stage.users.methods["rights"] = failure
        stage.gateway.items_changed([change()])
        assert closing(bob) == (1013, "unavailable")


def test_items_that_wait_for_a_slow_client_are_dropped_when_its_rights_change(stage: Stage, port: int) -> None:
    with socket_to(port, {"token": "56ty"}) as carol:
        ready(carol)
        stage.gateway.live.changes([change(level=2, item_id=1)])  # waits: the connection's greenlet has not run
        stage.gateway.live.renew({3: {"id": 3, "role": "Compliance", "level": 1, "session": "carols"}})
        stage.gateway.live.changes([change(level=1, item_id=3)])
        assert received(carol)["item"]["id"] == 3


def test_a_draining_gateway_closes_with_1012(stage: Stage, port: int) -> None:
    with socket_to(port, {"token": "12qw"}) as client:
        ready(client)
        stage.gateway.drain()
        assert closing_code(client) == 1012
    with socket_to(port, {"token": "12qw"}) as late:
        assert closing_code(late) == 1012


def test_a_closed_connection_is_forgotten(stage: Stage, port: int) -> None:
    with socket_to(port, {"token": "12qw"}) as client:
        ready(client)
        assert len(stage.gateway.live) == 1
    eventually(lambda: len(stage.gateway.live) == 0)
