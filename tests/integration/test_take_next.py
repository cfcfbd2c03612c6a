"""Taking the next item that fits the filters of a list: the oldest of them, or none."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from services.contracts.actions import GetTask
from services.contracts.operators import Role
from services.info.kinds import KINDS
from services.info.operations.claims import next_item
from services.info.operations.filters import conditions_of
from tests import parts
from tests.desk import Desk, Staff
from tests.integration.test_rules_concurrency import at_once

Item = dict[str, Any]
TYPES = ("document", "transfer", "inquiry")
CUSTOMERS = ("Ada Lovelace", "100% \\ Under_score", "張偉")


@pytest.fixture(scope="module")
def filled(postgres: str, migrated_template: str) -> Iterator[Desk]:
    """A desk with items of all types, two levels and two authors, a third of them decided."""
    with parts.temporary_database(postgres, migrated_template) as url:
        desk = Desk(url, max_claims=1_000)
        fill(desk)
        yield desk
        desk.close()


def fill(desk: Desk) -> None:
    alice, adam = desk.hire("Alice", Role.ADMIN), desk.hire("Adam", Role.ADMIN)
    carol, erin = desk.hire("Carol", Role.COMPLIANCE, 3), desk.hire("Erin", Role.SERVICE, 3)
    for name in CUSTOMERS:
        desk.done(alice, "create_customer", name=name)
    for number in range(12):
        author, common = (alice, adam)[number % 4 == 3], {"cid": number % 3 + 1, "level": number % 2 + 1}
        desk.done(author, "create_document", content=f"Passport {number} of all", **common)
        desk.done(
            author, "create_transfer", amount=f"{number * 7 % 12 + 1}.50", currency=("USD", "EUR")[number % 2], **common
        )
        desk.done(author, "create_inquiry", problem=f"Where is number {number}?", **common)
    for number in range(1, 5):
        desk.done(carol, "review_document", id=number, approved=True)
        desk.done(carol, "review_transfer", id=number, approved=True)
        desk.done(erin, "respond_inquiry", id=number, answer="Done", closed=True)
    desk.done(erin, "respond_inquiry", id=7, answer="Under_way", closed=False)


@pytest.fixture(scope="module")
def waiting(filled: Desk) -> list[Item]:
    """Every undecided item, oldest first, read as a client reads it."""
    alice = filled.hire("Reader", Role.ADMIN)
    return list(filled.done(alice, "search_items", decided=False, limit=200)["items"])


def shown(item: Item) -> str:
    subject = item.get("content") or item.get("problem") or f"{item['amount']} {item['currency']}"
    return f"{item['type']} {item['id']} {item['customer_name']} {subject} {item.get('answer') or ''}".casefold()


FILTERS: dict[str, tuple[dict[str, Any], Callable[[Item], bool]]] = {
    "none": ({}, lambda item: True),
    "text": ({"text": "PASSPORT 1"}, lambda item: "Passport 1" in item.get("content", "")),
    "text of an answer": ({"text": "under_w"}, lambda item: item.get("answer") == "Under_way"),
    "text that is an id": ({"text": "9"}, lambda item: item["id"] == 9 or "9" in item.get("content", "")
                           or "9" in item.get("problem", "")),
    "text with a wild card": ({"text": "%"}, lambda item: item["cid"] == 2),
    "text of a name": ({"text": "張偉"}, lambda item: item["cid"] == 3),
    "text that nothing holds": ({"text": "';--"}, lambda item: False),
    "one word": ({"words": ["ada"]}, lambda item: item["cid"] == 1),
    "words in any order": ({"words": ["9", "ada"]}, lambda item: "9" in shown(item) and "ada" in shown(item)),
    "a word that is a currency": ({"words": ["eur"]}, lambda item: item.get("currency") == "EUR"),
    "words of an amount": ({"words": ["5.5", "transf"]}, lambda item: "5.5" in item.get("amount", "")),
    "words that nothing has together": ({"words": ["ada", "偉"]}, lambda item: False),
    "a level": ({"levels": [2]}, lambda item: item["level"] == 2),
    "levels": ({"levels": [3, 1]}, lambda item: item["level"] == 1),
    "a customer": ({"cid": 3}, lambda item: item["cid"] == 3),
    "an amount": ({"min_amount": "6.50", "currency": "USD"},
                  lambda item: item.get("currency") == "USD" and float(item["amount"]) >= 6.5),
    "a currency": ({"currency": "EUR"}, lambda item: item.get("currency") == "EUR"),
    "an author": ({"created_by": "Adam"}, lambda item: item["created_by"] == "Adam"),
    "nobody": ({"created_by": "Nobody"}, lambda item: False),
    "several": ({"words": ["passport"], "levels": [2], "cid": 1},
                lambda item: item["type"] == "document" and item["level"] == 2 and item["cid"] == 1),
}  # fmt: skip


@pytest.mark.parametrize("item_type", TYPES)
@pytest.mark.parametrize("case", FILTERS)
def test_the_items_are_taken_that_fit_oldest_first_and_then_there_is_none(
    filled: Desk, waiting: list[Item], case: str, item_type: str
) -> None:
    data, fits = FILTERS[case]
    role = Role.SERVICE if item_type == "inquiry" else Role.COMPLIANCE
    me = filled.hire(f"{case} of {item_type}", role, 2)
    expected = [item["id"] for item in waiting if item["type"] == item_type and fits(item) and not item.get("waiting")]
    taken: list[int] = []

    for _ in expected:
        item = filled.done(me, "get_task", type=item_type, **data)[item_type]
        taken.append(item["id"])
        # Out of the way, but still claimed: what is held would be answered again.
        filled.sql(f"UPDATE {item_type} SET claimed_by = 1 WHERE id = %s", item["id"])
    refused = filled.refused(me, "get_task", type=item_type, **data)

    filled.sql(f"UPDATE {item_type} SET claimed_by = NULL, claimed_until = NULL WHERE claimed_by = 1")
    assert (taken, refused) == (expected, ("nothing_to_do", {}))


@pytest.mark.parametrize("case", [case for case in FILTERS if case.startswith("text")])
def test_a_text_means_what_it_means_in_a_search(filled: Desk, case: str) -> None:
    data, _ = FILTERS[case]
    me = filled.hire(f"Searcher of {case}", Role.COMPLIANCE, 2)
    found = filled.done(me, "search_items", type="document", decided=False, **data)["items"]

    outcome = filled.run(me, "get_task", type="document", **data)

    if not found:
        assert outcome["error"]
        assert outcome["error"]["code"] == "nothing_to_do"
    else:
        assert outcome["result"]
        assert outcome["result"]["document"]["id"] == found[0]["id"]
        filled.done(me, "release_task", type="document", id=found[0]["id"])


def test_a_claim_that_is_held_is_answered_only_when_it_fits(desk: Desk, alice: Staff) -> None:
    bob = desk.hire("Bob", Role.COMPLIANCE)
    for currency in ("USD", "GBP"):
        desk.done(alice, "create_transfer", cid=1, amount=1, currency=currency)
    assert desk.done(bob, "get_task", type="transfer")["transfer"]["currency"] == "USD"

    assert desk.done(bob, "get_task", type="transfer", words=["gbp"])["transfer"]["id"] == 2
    assert desk.done(bob, "get_task", type="transfer", currency="USD")["transfer"]["id"] == 1
    assert desk.refused(bob, "get_task", type="transfer", currency="EUR") == ("nothing_to_do", {})


def test_the_bound_of_claims_holds_with_filters(desk: Desk, alice: Staff) -> None:
    bob = desk.hire("Bob", Role.COMPLIANCE)
    for number in range(6):
        desk.done(alice, "create_document", cid=1, content=f"page {number}")
        if number < 5:
            desk.done(bob, "get_task", type="document", text=f"page {number}")

    refused = desk.refused(bob, "get_task", type="document", text="page 5")

    assert refused == ("too_many_claims", {"held": 5, "limit": 5})


@pytest.mark.parametrize(
    ("data", "path", "message"),
    [
        ({"id": 1, "currency": "USD"}, "task.data", "takes an id or filters, not both"),
        ({"words": []}, "task.data.words", "must have at least {min_length} entries"),
        ({"words": ["x"] * 11}, "task.data.words", "must have at most {max_length} entries"),
        ({"words": ["x", " "]}, "task.data.words.1", "must not be blank"),
        ({"words": "x"}, "task.data.words", "must be a list"),
        ({"levels": ["1"]}, "task.data.levels.0", "must be a whole number"),
        ({"currencies": ["USD"]}, "task.data.currencies", "is not known here"),
    ],
)
def test_filters_that_cannot_be_meant_are_refused(
    desk: Desk, alice: Staff, data: dict[str, Any], path: str, message: str
) -> None:
    bob = desk.hire("Bob", Role.COMPLIANCE)
    desk.done(alice, "create_transfer", cid=1, amount=1)

    code, params = desk.refused(bob, "get_task", type="transfer", **data)

    assert code == "invalid_request"
    assert [(fault["path"], fault["message"]) for fault in params["faults"]] == [(path, message)]


def test_callers_with_one_filter_share_what_fits_and_nobody_gets_anothers(database_url: str) -> None:
    desk = Desk(database_url, connections=10)
    alice = desk.hire("Author", Role.ADMIN)
    desk.done(alice, "create_customer", name="Grace")
    for number in range(20):
        desk.done(alice, "create_transfer", cid=1, amount=1, currency=("USD", "GBP")[number % 2])
    callers = [desk.hire(f"Reviewer {number}", Role.COMPLIANCE) for number in range(10)]

    def claim(me: Staff) -> int:
        return int(desk.done(me, "get_task", type="transfer", words=["gbp"])["transfer"]["id"])

    taken = at_once(*((claim, caller) for caller in callers))

    desk.close()
    assert sorted(taken) == list(range(2, 21, 2))


@pytest.mark.parametrize("filters", [{"words": ["passport", "grace"]}, {"text": "passport"}, {"created_by": "Adam"},
                                     {"levels": [1]}])  # fmt: skip
def test_what_was_decided_is_not_read_for_it(desk: Desk, alice: Staff, filters: dict[str, Any]) -> None:
    """Of 20,000 documents that match, ten wait: the claim reads those alone."""
    carol = desk.hire("Carol", Role.COMPLIANCE)
    desk.hire("Adam", Role.ADMIN)
    desk.sql(
        "INSERT INTO document (cid, created_by, content, status, decided_by, decided_at) SELECT 1, %s, 'Passport', "
        "'approved', %s, now() FROM generate_series(1, 20000)",
        alice.id,
        carol.id,
    )
    for _ in range(10):
        desk.done(alice, "create_document", cid=1, content="Passport")
    desk.sql("ANALYZE document; ANALYZE item_text")
    desk.sql("ANALYZE customer; ANALYZE operator")
    with desk.pool.transaction() as tx:
        data = GetTask.parse({"type": "document", **filters})
        kind = KINDS[data.type]
        fits = conditions_of(kind, data)
        assert fits
        params = {"me": carol.id, "level": 1, "claim_seconds": 900, "longest": 28_800, **fits.params}
        sql = f"EXPLAIN (ANALYZE, FORMAT JSON) {next_item(kind, fits)}"
        plan = tx.query(sql, params)[0]["QUERY PLAN"][0]["Plan"]

    read: dict[str | None, int] = {}
    for node in nodes(plan):
        rows = node["Actual Rows"] * node["Actual Loops"] + node.get("Rows Removed by Filter", 0)
        read[node.get("Relation Name")] = max(rows, read.get(node.get("Relation Name"), 0))
    assert max(read.get("document", 0), read.get("item_text", 0)) <= 10, plan


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)
