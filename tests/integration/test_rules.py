"""Who may do what to which item: every action, role, level and state of an item, against the model."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest

from services.contracts.action import ACTIONS
from services.contracts.operators import Role
from services.contracts.tokens import token_hash
from tests import parts
from tests.desk import Desk, Staff
from tests.domain import TYPES, WHO_MAY, Clerk, Thing, refusal

TYPE_NAMES = ("document", "transfer", "inquiry")
ITEM_LEVEL = 2
LEVELS = {"below": 1, "equal": 2, "above": 3}
BOUND = 1_000_000

ON_ITEMS = [
    *((f"get_{item_type}", item_type) for item_type in TYPE_NAMES),
    ("review_document", "document"),
    ("review_transfer", "transfer"),
    ("respond_inquiry", "inquiry"),
    ("reply_inquiry", "inquiry"),
    *product(("get_task", "escalate_task", "release_task"), TYPE_NAMES),
]
"""Every action on an item that is named, with the type of the item."""

STATES: dict[str, dict[str, Any]] = {
    "free": {},
    "claimed by me": {"holder": "Me", "lease": 60},
    "claimed by another": {"holder": "Other", "lease": 60},
    "once claimed by me": {"holder": "Me", "lease": -1},
    "once claimed by another": {"holder": "Other", "lease": -1},
    "decided by me": {"decider": "Me"},
    "decided by another": {"decider": "Other"},
    "created by me": {"creator": "Me"},
    "created by me and claimed by another": {"creator": "Me", "holder": "Other", "lease": 60},
    "created by me and decided by another": {"creator": "Me", "decider": "Other"},
}

DATA: dict[str, dict[str, Any]] = {
    "review_document": {"approved": True},
    "review_transfer": {"approved": False, "reason": "no"},
    "respond_inquiry": {"answer": "yes", "closed": True},
    "reply_inquiry": {"reply": "Thanks."},
    "escalate_task": {"level": ITEM_LEVEL + 1},
}

SUBJECT = {"document": "content", "transfer": "amount", "inquiry": "problem"}


@pytest.fixture(scope="module")
def desk(postgres: str, migrated_template: str) -> Iterator[Desk]:
    """A desk with nobody in it, and no bound on claims that these tests would meet."""
    with parts.temporary_database(postgres, migrated_template) as url:
        desk = Desk(url, max_claims=BOUND)
        yield desk
        desk.close()


@pytest.fixture(scope="module")
def people(desk: Desk) -> dict[str, Staff]:
    """Me, whose role and level each case sets, another one, and the author of the items."""
    desk.hire("Somebody of Service", Role.SERVICE, 9)
    return {name: desk.hire(name, Role.COMPLIANCE, 9) for name in ("Me", "Other", "Author")}


@pytest.fixture(scope="module")
def customer(desk: Desk, people: dict[str, Staff]) -> int:
    """A customer's id."""
    (row,) = desk.sql("INSERT INTO customer (name, created_by) VALUES ('C', %s) RETURNING id", people["Author"].id)
    return int(row["id"])


def arrange(desk: Desk, people: dict[str, Staff], customer: int, thing: Thing, lease: int | None) -> int:
    """Put the thing into the database, its claim lasting ``lease`` more seconds; its id."""
    columns: dict[str, Any] = {
        "cid": customer,
        "level": thing.level,
        "created_by": people[thing.creator].id,
        "claimed_by": people[thing.holder].id if thing.holder else None,
        "decided_by": people[thing.decided_by].id if thing.decided_by else None,
        "status": thing.status,
        SUBJECT[thing.type]: "12.50",
    }
    if thing.type == "inquiry":
        columns["closed"] = thing.decided_by is not None
    (row,) = desk.sql(
        f"INSERT INTO {thing.type} ({', '.join(columns)}, claimed_until, decided_at) "
        f"VALUES ({', '.join(['%s'] * len(columns))}, now() + %s * interval '1 second', CASE WHEN %s THEN now() END) "
        "RETURNING id",
        *columns.values(),
        lease,
        thing.decided_by is not None,
    )
    return int(row["id"])


def thing_in(state: str, item_type: str) -> Thing:
    """An item of the second level in that state, as the database is to hold it."""
    given = STATES[state]
    decider = given.get("decider")
    verdict = ("closed" if item_type == "inquiry" else "approved") if decider else None
    creator = given.get("creator", "Author")
    return Thing(item_type, 0, ITEM_LEVEL, creator, 1, given.get("holder"), decider, verdict)


def become(desk: Desk, me: Staff, role: Role, level: int) -> Clerk:
    """Give me another role and level."""
    desk.sql("UPDATE operator SET role = %s, level = %s WHERE id = %s", role.value, level, me.id)
    return Clerk(me.name, role.value, level)


def row_of(desk: Desk, item_type: str, item_id: int) -> dict[str, Any]:
    (row,) = desk.sql(f"SELECT * FROM {item_type} WHERE id = %s", item_id)
    return row


def audits(desk: Desk, item_type: str, item_id: int) -> int:
    (row,) = desk.sql("SELECT count(*) AS n FROM audit WHERE entity = %s AND entity_id = %s", item_type, item_id)
    return int(row["n"])


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(("action", "item_type"), ON_ITEMS)
def test_an_action_is_allowed_or_refused_as_the_domain_says(
    desk: Desk,
    people: dict[str, Staff],
    customer: int,
    action: str,
    item_type: str,
    role: Role,
    level: str,
    state: str,
) -> None:
    who = become(desk, people["Me"], role, LEVELS[level])
    thing = thing_in(state, item_type)
    item_id = arrange(desk, people, customer, thing, STATES[state].get("lease"))
    if state.startswith("once"):
        thing.holder = None
    data = {"id": item_id, **DATA.get(action, {}), **({"type": item_type} if action.endswith("_task") else {})}
    before = row_of(desk, item_type, item_id)

    outcome = desk.run(people["Me"], action, **data)

    expected = refusal(action, who, thing, data, held=0, bound=BOUND)
    assert (outcome["error"]["code"] if outcome["error"] else None) == expected
    after = row_of(desk, item_type, item_id)
    if expected or action in {"get_document", "get_transfer", "get_inquiry"}:
        assert (after, audits(desk, item_type, item_id)) == (before, 0)
    else:
        renewed = action == "get_task" and thing.holder == "Me"
        assert after["version"] == before["version"] + (not renewed)
        assert audits(desk, item_type, item_id) == (not renewed)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(("action", "item_type"), ON_ITEMS)
def test_an_item_that_does_not_exist_is_not_found_by_those_who_may_look(
    desk: Desk, people: dict[str, Staff], action: str, item_type: str, role: Role
) -> None:
    who = become(desk, people["Me"], role, 1)
    data = {"id": 999_999, **DATA.get(action, {}), **({"type": item_type} if action.endswith("_task") else {})}

    code, params = desk.refused(people["Me"], action, **data)

    assert code == refusal(action, who, None, data, held=0, bound=BOUND)
    assert params == ({"id": 999_999} if code.endswith("not_found") else {})


WITHOUT_ITEM = [
    ("get_customer", {}),
    ("create_customer", {"name": "Grace"}),
    ("create_document", {"content": "c"}),
    ("create_transfer", {"amount": "1"}),
    ("create_inquiry", {"problem": "p"}),
    ("list_tasks", {}),
    ("list_queue", {}),
    ("search_customers", {}),
    ("search_items", {}),
    ("get_history", {"type": "customer"}),
    ("list_activity", {}),
    ("get_statistics", {}),
    ("list_operators", {}),
    ("add_operator", {"name": "New", "role": "Service", "token_hash": token_hash("a token of the tests")}),
    ("change_operator", {"level": 9}),
    ("disable_operator", {}),
    ("enable_operator", {}),
    ("rotate_operator", {"token_hash": token_hash("another token of the tests")}),
]
"""With the data that a case needs besides the customer's or the other operator's id."""


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(("action", "data"), WITHOUT_ITEM)
def test_actions_that_name_no_item_ask_for_the_role_alone(
    desk: Desk, people: dict[str, Staff], customer: int, action: str, data: dict[str, Any], role: Role
) -> None:
    become(desk, people["Me"], role, 1)
    if action in {"get_customer", "get_history"}:
        data = {**data, "id": customer}
    elif action in {"create_document", "create_transfer", "create_inquiry"}:
        data = {**data, "cid": customer}
    elif action in {"change_operator", "disable_operator", "enable_operator", "rotate_operator"}:
        data = {**data, "id": people["Other"].id}

    outcome = desk.run(people["Me"], action, **data)

    allowed = role.value in WHO_MAY[action]
    assert (outcome["error"]["code"] if outcome["error"] else None) == (None if allowed else "not_permitted")


@pytest.mark.parametrize("item_type", TYPE_NAMES)
@pytest.mark.parametrize("role", Role)
def test_only_the_types_of_the_role_are_listed_and_taken(
    desk: Desk, people: dict[str, Staff], role: Role, item_type: str
) -> None:
    become(desk, people["Me"], role, 1)

    listed = desk.run(people["Me"], "list_tasks", type=item_type)
    taken = desk.run(people["Me"], "get_task", type=item_type)

    allowed = item_type in TYPES[role.value]
    for outcome in (listed, taken):
        refused = outcome["error"] is not None and outcome["error"]["code"] == "not_permitted"
        assert refused is not allowed


def test_the_tests_above_leave_no_action_out() -> None:
    tested = {action for action, _ in ON_ITEMS} | {action for action, _ in WITHOUT_ITEM}

    assert tested == set(WHO_MAY) == {name for name, action in ACTIONS.items() if not action.session}
