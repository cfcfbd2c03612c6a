"""Nobody sees items, deeds or figures that are not theirs to see."""

from typing import Any

import pytest

from tests.client import Live
from tests.security.permissions import DECIDES, KINDS
from tests.security.staffed import STAFF, Staffed
from tests.waiting import eventually


@pytest.mark.parametrize("name", STAFF)
def test_the_queue_holds_what_the_role_and_the_level_may_see(system: Staffed, name: str) -> None:
    role, level = STAFF[name]
    made = {(kind, high): system.create_item("Alice", kind, high) for kind in KINDS for high in (1, 2, 3)}
    rows = system.client(name).run("list_queue", {"limit": 1000})["result"]["queue"]
    seen = {(row["type"], row["id"]) for row in rows}
    expected = {
        (kind, item)
        for (kind, high), item in made.items()
        if role == "Admin" or (kind in DECIDES[role] and high <= level)
    }
    assert seen & {(kind, item) for (kind, _), item in made.items()} == expected


@pytest.mark.parametrize("name", STAFF)
def test_what_another_did_is_shown_to_an_admin_alone(system: Staffed, name: str) -> None:
    for other, number in system.ids.items():
        task = system.client(name).run("list_activity", {"id": number})
        if other == name or STAFF[name][0] == "Admin":
            assert task["status"] == "succeeded"
        else:
            assert task["error"]["code"] == "not_permitted"


def test_the_record_and_the_figures_show_nobody_what_is_not_theirs(system: Staffed) -> None:
    for kind in KINDS:
        item = system.create_item("Alice", kind, 2)
        for name, (role, own) in STAFF.items():
            may = role == "Admin" or (kind in DECIDES[role] and own >= 2)
            error = system.client(name).run("get_history", {"type": kind, "id": item})["error"]
            assert (error is None) is may, (name, kind, error)
    for name, (role, _) in STAFF.items():
        client = system.client(name)
        for action, data in (
            ("get_history", {"type": "operator", "id": system.ids["Adam"]}),
            ("list_activity", {"id": system.ids["Alice" if name == "Adam" else "Adam"]}),
        ):
            error = client.run(action, data)["error"]
            assert (error and error["code"]) == (None if role == "Admin" else "not_permitted"), (name, action)
        statistics = client.run("get_statistics", {"period": "week"})["result"]["statistics"]
        if role != "Admin":
            assert {entry["name"] for entry in statistics["reviewers"]} <= {name}
            rows = statistics["pending"] + statistics["buckets"] + statistics["totals"]
            assert {entry["type"] for entry in rows} <= DECIDES[role]
        entries = client.run("list_activity", {"limit": 200})["result"]["entries"]
        assert {entry["by"] for entry in entries} == {name}


def test_by_websocket_everybody_sees_their_own_outcomes_and_the_items_that_they_may_decide(system: Staffed) -> None:
    ears = {(name, gateway): system.live(name, gateway) for name in STAFF for gateway in (0, 1)}
    made = {(kind, level): system.create_item("Alice", kind, level) for kind in KINDS for level in (1, 2, 3)}
    claimed = system.client("Carol").run("get_task", {"type": "transfer", "id": made["transfer", 2]})
    assert claimed["status"] == "succeeded"
    # From one's level to one above: shown to those who could decide it before, and to nobody else.
    raised = system.client("Bob").run("escalate_task", {"type": "document", "id": made["document", 1], "level": 2})
    assert raised["status"] == "succeeded"
    own = {name: system.client(name).run("get_customer", {"id": system.customer()}) for name in STAFF}
    for (name, _), ear in ears.items():
        ear.outcome(own[name]["id"])
    everything = {("created", kind, item, level) for (kind, level), item in made.items()}
    everything |= {("claimed", "transfer", made["transfer", 2], 2), ("escalated", "document", made["document", 1], 2)}
    eventually(lambda: all(heard(ears["Alice", gateway]) >= everything for gateway in (0, 1)))
    for (name, _), ear in ears.items():
        role, level = STAFF[name]
        expected = {
            event
            for event in everything
            if role == "Admin" or (event[1] in DECIDES[role] and (event[3] if event[0] != "escalated" else 1) <= level)
        }
        eventually(lambda: heard(ear) >= expected)  # noqa: B023
        assert heard(ear) & everything == expected, name
        assert all(may_see(role.value, level, message) for message in ear.items), name
        assert {task["operator"]["name"] for task in ear.tasks.values()} == {name}
        ear.close()


def heard(ear: Live) -> set[tuple[str, str, int, int]]:
    """The item events of a connection: what happened, the item, and its level then."""
    return {(each["event"], each["item"]["type"], each["item"]["id"], each["item"]["level"]) for each in ear.items}


def may_see(role: str, level: int, message: dict[str, Any]) -> bool:
    """Whether an item event may be shown; an escalation may come from below."""
    item = message["item"]
    return role == "Admin" or (
        item["type"] in DECIDES[role] and (item["level"] <= level or message["event"] == "escalated")
    )
