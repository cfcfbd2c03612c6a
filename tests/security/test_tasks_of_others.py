"""Nobody reaches a task of another."""

import itertools

import pytest
from nameko.exceptions import RemoteError
from nameko.standalone.rpc import ClusterRpcProxy

from services.contracts.calls import SYSTEMS
from services.runtime.messaging.broker import SYSTEMS_RPC_EXCHANGE
from tests.client import Live
from tests.security.staffed import STAFF, Staffed


@pytest.mark.parametrize("gateway", [0, 1])
def test_nobody_reads_a_task_of_another_at_any_gateway(system: Staffed, gateway: int) -> None:
    own = {name: system.client(name).run("get_customer", {"id": system.customer()})["id"] for name in STAFF}
    config = {"AMQP_URI": system.broker.uri(SYSTEMS), "rpc_exchange": SYSTEMS_RPC_EXCHANGE}
    with ClusterRpcProxy(config, timeout=20) as rpc:
        for owner, reader in itertools.product(STAFF, STAFF):
            answer = system.client(reader, gateway).task(own[owner])
            if owner == reader:
                assert answer["operator"]["name"] == owner
                assert rpc.tasks.get(system.tokens[reader], own[owner])["operator"]["name"] == owner
            else:
                assert (answer["http"], answer["code"]) == (404, "not_found")
                with pytest.raises(RemoteError, match="not_found"):
                    rpc.tasks.get(system.tokens[reader], own[owner])
        for name in STAFF:
            assert {task["operator"]["name"] for task in system.client(name, gateway).tasks()} == {name}
            page = rpc.tasks.list(system.tokens[name])
            assert {task["operator"]["id"] for task in page["tasks"]} == {system.ids[name]}


def test_a_cursor_of_another_shows_ones_own_tasks_only(system: Staffed) -> None:
    for _ in range(3):
        system.client("Alice").run("get_customer", {"id": system.customer()})
    headers = {"Authorization": f"Bearer {system.tokens['Alice']}"}
    url = f"{system.stack.url}/api/v1/tasks"
    cursor = (
        system.client("Alice").http.get(url, params={"limit": 1}, headers=headers, timeout=20).json()["next_cursor"]
    )
    assert cursor
    assert {task["operator"]["name"] for task in system.client("Bob").tasks(cursor=cursor)} <= {"Bob"}


def test_a_key_of_another_is_no_key_of_mine(system: Staffed) -> None:
    data = {"id": system.customer()}
    tasks = {name: system.client(name).run("get_customer", data, Idempotency_Key="shared") for name in STAFF}
    assert len({task["id"] for task in tasks.values()}) == len(STAFF)
    assert all(task["operator"]["name"] == name for name, task in tasks.items())


def test_since_the_task_of_another_replays_ones_own_outcomes_only(system: Staffed) -> None:
    theirs = system.client("Alice").run("get_customer", {"id": system.customer()})
    mine = system.client("Bob").run("get_customer", {"id": system.customer()})
    ear = Live(system.stack.url, system.tokens["Bob"], since=theirs["id"])
    ear.outcome(mine["id"])
    assert {task["operator"]["name"] for task in ear.tasks.values()} == {"Bob"}
    ear.close()
