"""Who did what: the trail of a thing and of a person, and who may see it."""

from collections.abc import Iterator
from typing import Any

import pytest

from services.contracts.operators import Role
from tests import parts
from tests.desk import Desk, Staff


@pytest.fixture(scope="module")
def desk(postgres: str, migrated_template: str) -> Iterator[Desk]:
    """A desk on which one item of each type, of the second level, has been through everything."""
    with parts.temporary_database(postgres, migrated_template) as url:
        desk = Desk(url)
        alice, carol = desk.hire("Alice", Role.ADMIN), desk.hire("Carol", Role.COMPLIANCE, 2)
        erin = desk.hire("Erin", Role.SERVICE, 2)
        desk.done(alice, "create_customer", name="Ada")
        desk.done(alice, "create_document", cid=1, content="c", level=1)
        desk.done(alice, "create_transfer", cid=1, amount=1, level=2)
        desk.done(alice, "create_inquiry", cid=1, problem="p", level=2)
        desk.done(carol, "escalate_task", type="document", id=1, level=2, reason="Odd.")
        desk.done(carol, "get_task", type="document")
        desk.done(carol, "review_document", id=1, approved=False, reason="No.")
        desk.done(carol, "get_task", type="transfer")
        desk.done(carol, "release_task", type="transfer", id=1)
        desk.done(erin, "respond_inquiry", id=1, answer="First.", closed=False)
        desk.done(erin, "respond_inquiry", id=1, answer="Last.", closed=True)
        yield desk
        desk.close()


@pytest.fixture(scope="module")
def auditor(desk: Desk) -> Staff:
    """An Admin who did nothing of it."""
    return desk.hire("Auditor", Role.ADMIN)


def entries(desk: Desk, who: Staff, action: str = "get_history", **data: Any) -> list[dict[str, Any]]:
    """What is answered on one page."""
    found: list[dict[str, Any]] = desk.done(who, action, **data)["entries"]
    return found


def test_the_history_of_an_item_is_every_change_with_what_was_before_and_after(desk: Desk, auditor: Staff) -> None:
    created, escalated, claimed, decided = entries(desk, auditor, type="document", id=1)

    assert [entry["event"] for entry in (created, escalated, claimed, decided)] == [
        "created",
        "escalated",
        "claimed",
        "decided",
    ]
    assert (created["by"], escalated["by"]) == ("Alice", "Carol")
    assert created["before"] is None
    assert escalated["before"] == created["after"]
    assert escalated["after"] == {**claimed["before"], "escalation_reason": "Odd."}
    assert claimed["after"] == decided["before"]
    assert decided["after"] == desk.done(auditor, "get_document", id=1)["document"]
    for entry in (created, escalated, claimed, decided):
        assert (entry["type"], entry["entity_id"], entry["actor"]) == ("document", 1, None)
        (task,) = desk.sql("SELECT operator_name, operator_id FROM task WHERE id = %s", entry["task_id"])
        assert (task["operator_name"], task["operator_id"]) == (entry["by"], entry["by_id"])


def test_every_answer_to_an_inquiry_is_in_its_history(desk: Desk, auditor: Staff) -> None:
    after = [entry["after"] for entry in entries(desk, auditor, type="inquiry", id=1)]

    assert [(state["answer"], state["status"]) for state in after] == [
        (None, "open"),
        ("First.", "open"),
        ("Last.", "closed"),
    ]


@pytest.mark.parametrize("descending", [False, True])
def test_a_history_goes_on_where_the_page_before_ended(desk: Desk, auditor: Staff, descending: bool) -> None:
    whole = entries(desk, auditor, type="document", id=1, descending=descending)
    found: list[dict[str, Any]] = []
    cursor = None
    for _ in range(len(whole)):
        data = {"type": "document", "id": 1, "descending": descending, "limit": 1}
        page = desk.done(auditor, "get_history", **data, **({"cursor": cursor} if cursor else {}))
        found += page["entries"]
        cursor = page["next_cursor"]

    assert cursor is None
    assert found == whole
    assert [entry["id"] for entry in whole] == sorted((entry["id"] for entry in whole), reverse=descending)


def test_a_customer_and_an_operator_have_a_history_too(desk: Desk, auditor: Staff) -> None:
    (created,) = entries(desk, auditor, type="customer", id=1)
    assert (created["event"], created["after"]["name"]) == ("created", "Ada")

    new = desk.done(auditor, "add_operator", name="Frank", role="Service", token_hash="a" * 64)["operator"]
    desk.done(auditor, "change_operator", id=new["id"], level=3)
    added, changed = entries(desk, auditor, type="operator", id=new["id"])

    state = {"id": new["id"], "name": "Frank", "role": "Service", "level": 1, "enabled": True}
    assert (added["event"], added["before"], added["after"]) == ("added", None, state)
    assert (changed["event"], changed["before"], changed["after"]) == ("level_set", state, {**state, "level": 3})
    assert "a" * 64 not in str([added, changed])


def test_what_was_done_at_the_command_line_names_who_typed_it(desk: Desk, auditor: Staff) -> None:
    desk.sql(
        "INSERT INTO audit (actor, entity, entity_id, event, after) VALUES ('root', 'operator', %s, 'added', '{}')",
        auditor.id,
    )

    assert [(entry["by"], entry["actor"]) for entry in entries(desk, auditor, type="operator", id=auditor.id)][-1] == (
        None,
        "root",
    )


@pytest.mark.parametrize(
    ("role", "level", "seen"),
    [
        (Role.ADMIN, 1, {"document", "transfer", "inquiry", "customer", "operator"}),
        (Role.COMPLIANCE, 2, {"document", "transfer", "customer"}),
        (Role.COMPLIANCE, 1, {"customer"}),
        (Role.SERVICE, 2, {"inquiry", "customer"}),
        (Role.SERVICE, 1, {"customer"}),
    ],
)
def test_a_history_is_shown_to_admins_and_to_those_who_may_decide_the_item(
    desk: Desk, role: Role, level: int, seen: set[str]
) -> None:
    who = desk.hire(f"{role} of level {level}", role, level)
    decides = {"document", "transfer"} if role is Role.COMPLIANCE else {"inquiry"}

    for thing in ("document", "transfer", "inquiry", "customer", "operator"):
        outcome = desk.run(who, "get_history", type=thing, id=1)
        code = outcome["error"]["code"] if outcome["error"] else None
        assert code == (None if thing in seen else "level_too_low" if thing in decides else "not_permitted")


@pytest.mark.parametrize("thing", ["document", "transfer", "inquiry", "customer", "operator"])
def test_what_does_not_exist_has_no_history(desk: Desk, auditor: Staff, thing: str) -> None:
    assert desk.refused(auditor, "get_history", type=thing, id=999) == (f"{thing}_not_found", {"id": 999})


def test_what_somebody_did_is_shown_newest_first_to_them_and_to_admins(desk: Desk, auditor: Staff) -> None:
    (carol,) = desk.sql("SELECT id FROM operator WHERE name = 'Carol'")
    (session,) = desk.sql("SELECT id::text FROM session WHERE operator_id = %s", carol["id"])
    me = Staff(carol["id"], "Carol", session["id"])

    mine = entries(desk, me, "list_activity")

    assert [(entry["type"], entry["event"]) for entry in mine] == [
        ("transfer", "released"),
        ("transfer", "claimed"),
        ("document", "decided"),
        ("document", "claimed"),
        ("document", "escalated"),
    ]
    assert entries(desk, auditor, "list_activity", id=me.id) == mine
    assert entries(desk, me, "list_activity", id=me.id, limit=2) == mine[:2]
    cursor = desk.done(me, "list_activity", limit=2)["next_cursor"]
    assert entries(desk, me, "list_activity", cursor=cursor) == mine[2:]
    assert desk.refused(me, "list_activity", id=auditor.id)[0] == "not_permitted"
    assert desk.refused(auditor, "list_activity", id=999) == ("operator_not_found", {"id": 999})
