"""Finding items and customers: every filter against a plain reading of all rows, in every order, page by page."""

from collections.abc import Callable, Iterator
from operator import itemgetter
from typing import Any

import pytest

from services.contracts.operators import Role
from services.info.paging import cursor_of
from tests import parts
from tests.desk import Desk, Staff

Item = dict[str, Any]
TYPES = ("document", "transfer", "inquiry")


@pytest.fixture(scope="module")
def desk(postgres: str, migrated_template: str) -> Iterator[Desk]:
    """A desk on which a few dozen items of all types, levels and states lie, for three customers."""
    with parts.temporary_database(postgres, migrated_template) as url:
        desk = Desk(url, max_claims=1_000)
        fill(desk)
        yield desk
        desk.close()


def fill(desk: Desk) -> None:
    alice, carol, erin = (
        desk.hire("Alice", Role.ADMIN),
        desk.hire("Carol", Role.COMPLIANCE, 3),
        desk.hire("Erin", Role.SERVICE, 3),
    )
    desk.hire("Bob", Role.COMPLIANCE, 2)
    for name in ("Ada Lovelace", "100% \\ Under_score", "張偉"):
        desk.done(alice, "create_customer", name=name)
    for number in range(12):
        common = {"cid": number % 3 + 1, "level": number % 2 + 1}
        desk.done(alice, "create_document", content=f"Passport {number} of all", **common)
        desk.done(
            alice, "create_transfer", amount=f"{number * 7 % 12 + 1}.50", currency=("USD", "EUR")[number % 2], **common
        )
        desk.done(alice, "create_inquiry", problem=f"Where is number {number}?", **common)
    for number in range(1, 5):
        desk.done(carol, "review_document", id=number, approved=number % 2 == 0)
        desk.done(carol, "review_transfer", id=number, approved=number % 2 == 1, reason="Because.")
        desk.done(erin, "respond_inquiry", id=number, answer="Under_way", closed=number > 2)
    for item_type, who in (("document", carol), ("transfer", carol), ("inquiry", erin)):
        desk.done(who, "get_task", type=item_type, id=9)
    desk.done(carol, "release_task", type="document", id=9)


@pytest.fixture(scope="module")
def bob(desk: Desk) -> Staff:
    """Who searches."""
    return desk.hire("Searcher", Role.SERVICE)


@pytest.fixture(scope="module")
def everything(desk: Desk, bob: Staff) -> list[Item]:
    """Every item with its type and its customer's name, read one by one."""
    items = []
    for item_type in TYPES:
        for number in range(1, 13):
            item = desk.done(bob, f"get_{item_type}", id=number)[item_type]
            customer = desk.done(bob, "get_customer", id=item["cid"])["customer"]
            items.append({"type": item_type, **item, "customer_name": customer["name"]})
    return items


def pages(desk: Desk, who: Staff, action: str, member: str, **data: Any) -> list[Item]:
    """All rows of a list, read page by page."""
    found: list[Item] = []
    cursor = None
    while True:
        result = desk.done(who, action, **data, **({"cursor": cursor} if cursor else {}))
        assert len(result[member]) <= data.get("limit", 50)
        found += result[member]
        cursor = result["next_cursor"]
        if cursor is None:
            return found
        assert len(result[member]) == data["limit"]


CASES: dict[str, tuple[dict[str, Any], Callable[[Item], bool]]] = {
    "nothing": ({}, lambda item: True),
    "type": ({"type": "transfer"}, lambda item: item["type"] == "transfer"),
    "status": ({"status": "rejected"}, lambda item: item["status"] == "rejected"),
    "a status of inquiries": ({"status": "open"}, lambda item: item["status"] == "open"),
    "a status that the type has not": ({"status": "open", "type": "transfer"}, lambda item: False),
    "decided": ({"decided": True}, lambda item: item["decided_by"] is not None),
    "undecided": ({"decided": False}, lambda item: item["decided_by"] is None),
    "level": ({"level": 2}, lambda item: item["level"] == 2),
    "at least that level": ({"min_level": 2}, lambda item: item["level"] >= 2),
    "at most that level": ({"max_level": 1}, lambda item: item["level"] <= 1),
    "customer": ({"cid": 3}, lambda item: item["cid"] == 3),
    "at least that amount": (
        {"min_amount": "6.50", "currency": "USD"},
        lambda item: item.get("currency") == "USD" and float(item["amount"]) >= 6.5,
    ),
    "at most that amount": (
        {"max_amount": "6.50", "currency": "EUR"},
        lambda item: item.get("currency") == "EUR" and float(item["amount"]) <= 6.5,
    ),
    "currency": ({"currency": "EUR"}, lambda item: item.get("currency") == "EUR"),
    "an amount of another type": ({"currency": "EUR", "type": "inquiry"}, lambda item: False),
    "creator": ({"created_by": "Alice"}, lambda item: True),
    "nobody's": ({"created_by": "Nobody"}, lambda item: False),
    "holder": ({"claimed_by": "Carol"}, lambda item: item["claimed_by"] == "Carol"),
    "decider": ({"decided_by": "Erin"}, lambda item: item["decided_by"] == "Erin"),
    "text": ({"text": "PASSPORT 1"}, lambda item: "Passport 1" in item.get("content", "")),
    "text of an answer": ({"text": "under_w"}, lambda item: item.get("answer") == "Under_way"),
    "text of two characters of a name": ({"text": "張偉"}, lambda item: item["cid"] == 3),
    "text of wild cards": ({"text": "%"}, lambda item: item["cid"] == 2),
    "text of an escape": ({"text": "\\"}, lambda item: item["cid"] == 2),
    "text of digits": (
        {"text": "11"},
        lambda item: item["id"] == 11 or "11" in item.get("content", "") + item.get("problem", ""),
    ),
    "text nobody wrote": ({"text": "';--"}, lambda item: False),
    "several at once": (
        {"type": "document", "decided": True, "level": 1, "text": "passport"},
        lambda item: item["type"] == "document" and item["decided_by"] is not None and item["level"] == 1,
    ),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("limit", [3, 50])
def test_a_filter_finds_what_a_reading_of_everything_finds(
    desk: Desk, bob: Staff, everything: list[Item], case: str, limit: int
) -> None:
    data, matches = CASES[case]

    found = pages(desk, bob, "search_items", "items", **data, limit=limit)

    assert found == sorted(filter(matches, everything), key=itemgetter("created_at", "type", "id"))


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("sort", ["created_at", "decided_at", "level", "amount"])
def test_every_order_goes_on_where_the_page_before_ended(
    desk: Desk, bob: Staff, everything: list[Item], sort: str, descending: bool
) -> None:
    currency = {"currency": "USD"} if sort == "amount" else {}
    found = pages(desk, bob, "search_items", "items", sort=sort, descending=descending, limit=3, **currency)

    def place(item: Item) -> Any:
        return float(item[sort]) if sort == "amount" else item[sort], item["type"], item["id"]

    sorted_by = [item for item in everything if item.get(sort) and (not currency or item["currency"] == "USD")]
    assert found == sorted(sorted_by, key=place, reverse=descending)


@pytest.mark.parametrize("member", ["created", "decided"])
def test_a_time_is_from_the_first_on_and_before_the_second(
    desk: Desk, bob: Staff, everything: list[Item], member: str
) -> None:
    times = sorted(item[f"{member}_at"] for item in everything if item[f"{member}_at"])
    first, last = times[2], times[-2]

    found = desk.done(bob, "search_items", **{f"{member}_from": first, f"{member}_until": last})["items"]

    assert found == sorted(
        (item for item in everything if item[f"{member}_at"] and first <= item[f"{member}_at"] < last),
        key=itemgetter("created_at", "type", "id"),
    )


@pytest.mark.parametrize("cursor", ["nonsense", "WyIyMDI2LTExLTI0VDIwOjA4OjU5LjMzOTE3NVoiLCAiaW5xdWlyeSIsIDFd="])
def test_a_cursor_that_was_not_made_here_is_refused(desk: Desk, bob: Staff, cursor: str) -> None:
    code, params = desk.refused(bob, "search_items", cursor=cursor)

    assert (code, params["faults"][0]["path"]) == ("invalid_request", "task.data.cursor")


FORGED = {
    "created_at": ["9999-12-31T23:59:59.999999-23:59", "2026-11-24T00:00:00+00:00:01.000001", "2026-11-24", 5],
    "amount": ["1E+999999", "NaN", "-1.00", "1." + "0" * 300, [0, [1], 999_999], 1],
    "name": ["\0", "\ud800", 5, None],
    "level": [2**63, "1", True, 0, -1],
}


@pytest.mark.parametrize(("sort", "value"), [(sort, value) for sort, values in FORGED.items() for value in values])
def test_a_cursor_with_a_value_that_no_list_has_is_refused(desk: Desk, bob: Staff, sort: str, value: Any) -> None:
    """The database would not take it, and what it does not take is no fault of the operator's but a dead letter."""
    searches = {"name": ["search_customers"], "created_at": ["search_customers", "search_items"]}
    for action in searches.get(sort, ["search_items"]):
        cursor = cursor_of(value, *(["transfer"] if action == "search_items" else []), 1)
        for descending in (False, True):
            currency = {"currency": "USD"} if sort == "amount" else {}
            refusal = desk.refused(bob, action, sort=sort, descending=descending, cursor=cursor, **currency)
            assert [fault["path"] for fault in refusal[1]["faults"]] == ["task.data.cursor"]
            assert refusal[0] == "invalid_request", (action, sort, value)


def test_a_cursor_of_another_order_is_refused(desk: Desk, bob: Staff) -> None:
    cursor = desk.done(bob, "search_items", sort="level", limit=1)["next_cursor"]

    for sort in ("created_at", "decided_at"):
        assert desk.refused(bob, "search_items", sort=sort, cursor=cursor)[0] == "invalid_request"


@pytest.mark.parametrize(
    ("data", "ids"),
    [
        ({}, [1, 2, 3]),
        ({"text": "LOVE"}, [1]),
        ({"text": "3"}, [3]),
        ({"text": "張"}, [3]),
        ({"text": "_"}, [2]),
        ({"descending": True}, [3, 2, 1]),
        ({"created_by": "Alice"}, [1, 2, 3]),
        ({"created_by": "Bob"}, []),
        ({"created_until": "2020-01-01T00:00:00Z"}, []),
        ({"created_from": "2020-01-01T00:00:00Z"}, [1, 2, 3]),
    ],
)
def test_customers_are_found_by_name_or_id(desk: Desk, bob: Staff, data: dict[str, Any], ids: list[int]) -> None:
    found = pages(desk, bob, "search_customers", "customers", **data, limit=1)

    assert found == [desk.done(bob, "get_customer", id=number)["customer"] for number in ids]


def test_customers_are_sorted_by_name_page_by_page(desk: Desk, bob: Staff) -> None:
    whole = desk.done(bob, "search_customers", sort="name")["customers"]

    assert pages(desk, bob, "search_customers", "customers", sort="name", limit=1) == whole
    assert len(whole) == 3
    backwards = pages(desk, bob, "search_customers", "customers", sort="name", descending=True, limit=1)
    assert backwards == whole[::-1]


@pytest.mark.parametrize(
    ("role", "level", "shown"),
    [
        (Role.ADMIN, 1, lambda item: True),
        (Role.COMPLIANCE, 1, lambda item: item["type"] != "inquiry" and item["level"] <= 1),
        (Role.COMPLIANCE, 2, lambda item: item["type"] != "inquiry"),
        (Role.SERVICE, 1, lambda item: item["type"] == "inquiry" and item["level"] <= 1),
    ],
)
def test_the_queue_is_all_that_waits_and_suits_oldest_first(
    desk: Desk, everything: list[Item], role: Role, level: int, shown: Callable[[Item], bool]
) -> None:
    who = desk.hire(f"{role} of level {level}", role, level)

    queue = pages(desk, who, "list_queue", "queue", limit=4)

    waiting = [item for item in everything if item["decided_by"] is None and shown(item)]
    expected = sorted(waiting, key=itemgetter("created_at", "type", "id"))
    assert [(row["type"], row["id"]) for row in queue] == [(item["type"], item["id"]) for item in expected]
    for row, item in zip(queue, expected, strict=True):
        text = item.get("content", item.get("problem"))
        subject = {"text": text, "amount": item.get("amount"), "currency": item.get("currency")}
        assert row == {**{name: item.get(name) for name in row}, "waiting": item.get("waiting", False), **subject}


def test_the_queue_shows_the_beginning_of_a_long_text(desk: Desk) -> None:
    alice = desk.hire("Al", Role.ADMIN)
    desk.done(alice, "create_inquiry", cid=1, problem="ñ" * 10_000)

    (*_, row) = desk.done(alice, "list_queue", type="inquiry")["queue"]

    assert row["text"] == "ñ" * 200
    desk.sql("DELETE FROM inquiry WHERE problem LIKE 'ñ%'")
