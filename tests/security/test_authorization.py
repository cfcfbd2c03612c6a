"""Nobody does what their role may not, or decides what their level may not."""

import pytest
from nameko.exceptions import RemoteError
from nameko.standalone.rpc import ClusterRpcProxy

from services.contracts.action import ACTIONS
from services.contracts.calls import SYSTEMS
from services.runtime.messaging.broker import SYSTEMS_RPC_EXCHANGE
from tests.security.permissions import DECIDES, KINDS, WHO_MAY, attempts
from tests.security.staffed import STAFF, Staffed
from tests.waiting import eventually


def test_every_action_has_its_roles() -> None:
    assert {name: {str(role) for role in action.roles} for name, action in ACTIONS.items()} == WHO_MAY


@pytest.mark.parametrize("name", STAFF)
def test_an_action_that_the_role_may_not_do_is_refused_by_http_and_by_rpc(system: Staffed, name: str) -> None:
    role = STAFF[name][0].value
    config = {"AMQP_URI": system.broker.uri(SYSTEMS), "rpc_exchange": SYSTEMS_RPC_EXCHANGE}
    forbidden = [action for action, roles in WHO_MAY.items() if role not in roles]
    with ClusterRpcProxy(config, timeout=20) as rpc:
        for action in forbidden:
            answer = system.client(name).submit(action, dict(ACTIONS[action].example))
            assert (answer["http"], answer["code"]) == (403, "not_permitted"), action
            with pytest.raises(RemoteError, match="not_permitted"):
                rpc.tasks.submit(system.tokens[name], action, dict(ACTIONS[action].example))
        assert [action for action in WHO_MAY if not rpc.users.permitted(system.ids[name], action)] == forbidden


@pytest.mark.parametrize("name", STAFF)
def test_an_item_type_that_the_role_does_not_decide_is_refused_in_every_action(system: Staffed, name: str) -> None:
    role = STAFF[name][0].value
    for kind in DECIDES["Compliance"] | DECIDES["Service"]:
        if kind in DECIDES[role] or role == "Admin":
            continue
        item = system.create_item("Alice", kind, 1)
        for action, data in (
            ("get_task", {"type": kind}),
            ("get_task", {"type": kind, "id": item}),
            ("escalate_task", {"type": kind, "id": item, "level": 9}),
            ("release_task", {"type": kind, "id": item}),
            ("list_tasks", {"type": kind}),
            ("list_queue", {"type": kind}),
            ("get_history", {"type": kind, "id": item}),
        ):
            task = system.client(name).run(action, data)
            assert (task["status"], task["error"]["code"]) == ("failed", "not_permitted"), action
        listed = system.client(name).run("list_tasks", {"limit": 200})["result"]["items"]
        queue = system.client(name).run("list_queue", {"limit": 1_000})["result"]["queue"]
        assert {entry["type"] for entry in listed + queue} <= DECIDES[role]


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_decides_claims_escalates_or_lists_what_is_above_their_level(system: Staffed, kind: str) -> None:
    for level in (1, 2, 3):
        item = system.create_item("Alice", kind, level)
        for name, (role, own) in STAFF.items():
            if kind not in DECIDES[role] or own >= level:
                continue
            client = system.client(name)
            for action, data in attempts(kind, item):
                task = client.run(action, data)
                assert task["error"]["code"] == "level_too_low", (name, action)
            listed = client.run("list_tasks", {"type": kind, "limit": 200})["result"]["items"]
            queue = client.run("list_queue", {"limit": 1_000})["result"]["queue"]
            assert [row for row in queue if row["level"] > own] == []
            assert (kind, item) not in {
                (entry["type"], entry[kind]["id"] if kind in entry else entry["id"]) for entry in listed
            }
            while (task := client.run("get_task", {"type": kind}))["status"] == "succeeded":
                assert task["result"][kind]["level"] <= own
                assert client.run("release_task", {"type": kind, "id": task["result"][kind]["id"]})["error"] is None
                break


def test_whoever_created_an_item_never_decides_it_whatever_became_of_them(system: Staffed) -> None:
    from services.contracts.operators import Role
    from services.info import operators

    clerk = system.hire("Climber", Role.ADMIN, 3)
    own = {kind: system.create_item("Climber", kind, 1) for kind in KINDS}
    for role, kinds in ((Role.COMPLIANCE, ("document", "transfer")), (Role.SERVICE, ("inquiry",))):
        with system.transaction() as tx:
            operators.set_role(tx, "Climber", role, "the tests")
        for kind in kinds:
            for action, data in attempts(kind, own[kind]):
                eventually(lambda: clerk.run(action, data).get("error"))  # noqa: B023 - until the gateway knows the role
                assert clerk.run(action, data)["error"]["code"] == "own_item", (kind, action)
