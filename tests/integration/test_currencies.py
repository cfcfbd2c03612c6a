"""Amounts are stored, shown, sorted and found with the places of their currencies; older rows keep their value."""

from pathlib import Path
from typing import Any

import pytest

from services.contracts.money import PLACES
from services.contracts.operators import Role
from tests.desk import Desk, Staff
from tests.documents import ROOT

MIGRATION = ROOT / "services/info/migrations/0011.currencies.sql"

AMOUNTS = {"JPY": "100", "USD": "250.00", "KWD": "1.234", "UYW": "0.0001", "IQD": "7.000"}


@pytest.fixture
def bob(desk: Desk) -> Staff:
    return desk.hire("Bob", Role.COMPLIANCE)


@pytest.mark.parametrize(("currency", "amount"), AMOUNTS.items())
def test_every_answer_shows_exactly_the_places_of_the_currency(
    desk: Desk, alice: Staff, bob: Staff, currency: str, amount: str
) -> None:
    created = desk.done(alice, "create_transfer", cid=1, amount=amount, currency=currency)["transfer"]

    shown = [
        created,
        desk.changes[-1]["item"],
        desk.done(bob, "get_transfer", id=1)["transfer"],
        desk.done(bob, "list_queue")["queue"][0],
        desk.done(bob, "list_tasks")["items"][0],
        desk.done(bob, "search_items", currency=currency, min_amount=amount, max_amount=amount)["items"][0],
        desk.done(bob, "get_task", type="transfer", currency=currency, max_amount=amount)["transfer"],
        desk.done(bob, "get_history", type="transfer", id=1)["entries"][0]["after"],
    ]
    assert [each["amount"] for each in shown] == [amount] * len(shown)


def test_a_search_by_amount_goes_on_page_by_page_in_every_currency(desk: Desk, alice: Staff, bob: Staff) -> None:
    for currency, amounts in {"JPY": (9, 100, 20), "KWD": ("1.234", "0.5", "10")}.items():
        for amount in amounts:
            desk.done(alice, "create_transfer", cid=1, amount=amount, currency=currency)
    found: dict[str, list[str]] = {}
    for currency in ("JPY", "KWD"):
        cursor: dict[str, Any] = {}
        while True:
            page = desk.done(bob, "search_items", currency=currency, sort="amount", limit=1, **cursor)
            found.setdefault(currency, []).extend(item["amount"] for item in page["items"])
            if page["next_cursor"] is None:
                break
            cursor = {"cursor": page["next_cursor"]}

    assert found == {"JPY": ["9", "20", "100"], "KWD": ["0.500", "1.234", "10.000"]}


def test_rows_of_an_earlier_release_keep_their_value_and_show_the_places_of_their_currency(
    desk: Desk, alice: Staff, bob: Staff
) -> None:
    before = {
        ("USD", "250.00"): "250.00",
        ("JPY", "100.00"): "100",
        ("JPY", "100.50"): "100.50",
        ("KWD", "1.23"): "1.230",
        ("UYW", "1.23"): "1.2300",
        ("ZZZ", "5.00"): "5.00",
        ("USD", "999999999999999999.99"): "999999999999999999.99",
    }
    insert = "INSERT INTO transfer (cid, created_by, currency, amount) VALUES (1, %s, %s, %s)"
    for currency, amount in before:
        desk.sql(insert, alice.id, currency, amount)
    desk.sql("ALTER TABLE transfer DROP CONSTRAINT transfer_places; DROP INDEX transfer_currency_amount")
    desk.sql("ALTER TABLE transfer ALTER COLUMN amount TYPE numeric(20, 2)")
    desk.sql(MIGRATION.read_text())

    shown = [desk.done(bob, "get_transfer", id=number + 1)["transfer"]["amount"] for number in range(len(before))]
    assert shown == list(before.values())


def test_the_migration_knows_the_places_of_every_currency() -> None:
    statements = Path(MIGRATION).read_text().split(";")
    for currency, places in PLACES.items():
        rounding = [statement for statement in statements if f"'{currency}'" in statement]
        if places == 2:
            assert rounding == []
        else:
            assert [f"round(amount, {places})" in statement for statement in rounding] == [True], currency


@pytest.mark.parametrize("amount", ["0.00001", "1.23456"])
def test_the_database_keeps_no_more_places_than_any_currency_has(desk: Desk, alice: Staff, amount: str) -> None:
    with pytest.raises(Exception, match="transfer_places"):
        desk.sql("INSERT INTO transfer (cid, created_by, amount) VALUES (1, %s, %s)", alice.id, amount)
