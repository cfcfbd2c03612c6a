"""Amounts and their currencies: which there are, and how many decimal places each has."""

from decimal import Decimal
from typing import Any

import iso4217
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.action import Action, canonical
from services.contracts.actions import CreateTransfer, GetTask, SearchItems
from services.contracts.languages import translate
from services.contracts.money import PLACES
from services.contracts.validation import Invalid, parse_data

PLACES_BY_ISO = {"RSD": 2, "MGA": 2, "LBP": 2, "IQD": 3, "KWD": 3, "JPY": 0, "UYW": 4, "USD": 2, "TWD": 2, "XOF": 0}
"""Among them those of which Babel's figures differ."""

REFUSED = {
    "test and none": ("XTS", "XXX"),
    "metals": ("XAU", "XAG", "XPT", "XPD"),
    "funds": ("CLF", "USN", "BOV", "CHE", "CHW", "COU", "MXV", "UYI"),
    "units of account": ("XDR", "XUA", "XSU"),
    "withdrawn": ("HRK", "DEM", "ANG", "ZWL", "BGN"),
    "never assigned": ("ZZZ", "AAA"),
    "no code": ("US", "USDD", "U$D", "ＵＳＤ", "uSdT"),  # noqa: RUF001
}


def faults(action: type[Action], **data: Any) -> list[tuple[str, str]]:
    """Path and English sentence of everything that is wrong."""
    with pytest.raises(Invalid) as caught:
        parse_data(action, data)
    return [(each.path, translate(each.message, each.params, "en")) for each in caught.value.faults]


def created(amount: Any, currency: str) -> str:
    """The amount as it is recorded."""
    return str(canonical(parse_data(CreateTransfer, {"cid": 1, "amount": amount, "currency": currency}))["amount"])


@pytest.mark.parametrize(("currency", "places"), PLACES_BY_ISO.items())
def test_decimal_places_are_those_of_isos_list(currency: str, places: int) -> None:
    assert PLACES[currency] == places
    assert created(1, currency) == ("1" if places == 0 else "1." + "0" * places)


def test_every_currency_of_the_list_with_minor_units_is_there_unless_it_is_a_fund() -> None:
    listed = {code for code, entry in iso4217.raw_table.items() if code and str(entry["CcyMnrUnts"]).isdigit()}

    assert PLACES.keys() == listed - set(REFUSED["funds"])
    assert len(PLACES) > 150


@pytest.mark.parametrize("code", [code for codes in REFUSED.values() for code in codes])
def test_what_is_no_currency_in_use_is_refused(code: str) -> None:
    expected = [("task.data.currency", "must be a currency of ISO 4217 that is in use")]

    assert faults(CreateTransfer, cid=1, amount="1", currency=code) == expected
    assert faults(SearchItems, currency=code) == expected


@pytest.mark.parametrize("code", ["usd", "Usd"])
def test_small_letters_are_refused_with_what_is_wrong(code: str) -> None:
    assert faults(CreateTransfer, cid=1, amount="1", currency=code) == [
        ("task.data.currency", "must be written in capital letters: USD")
    ]


@pytest.mark.parametrize(
    ("amount", "currency", "recorded"),
    [
        ("100", "JPY", "100"),
        ("100.00", "JPY", "100"),
        (Decimal("100.0"), "JPY", "100"),
        (250, "USD", "250.00"),
        ("250.1", "USD", "250.10"),
        ("250.1000000", "USD", "250.10"),
        (Decimal("250.100"), "USD", "250.10"),
        ("1.234", "KWD", "1.234"),
        ("1.2340", "KWD", "1.234"),
        ("1.23", "KWD", "1.230"),
        ("0.0001", "UYW", "0.0001"),
        ("9999999999999.99", "USD", "9999999999999.99"),
        ("9999999999999", "JPY", "9999999999999"),
        (Decimal("1E+3"), "USD", "1000.00"),
    ],
)
def test_an_amount_is_recorded_with_the_places_of_its_currency(amount: Any, currency: str, recorded: str) -> None:
    assert created(amount, currency) == recorded


@pytest.mark.parametrize(
    ("amount", "currency", "places"),
    [
        ("100.5", "JPY", 0),
        (Decimal("100.50"), "JPY", 0),
        ("0.001", "USD", 2),
        ("1.2345", "KWD", 3),
        ("1.00000000000000000000000000001", "USD", 2),
        (Decimal("1E-99999999"), "USD", 2),
    ],
)
def test_more_places_are_refused_and_it_is_said_how_many_there_may_be(amount: Any, currency: str, places: int) -> None:
    assert faults(CreateTransfer, cid=1, amount=amount, currency=currency) == [
        ("task.data.amount", f"must have at most {places} decimal places in {currency}")
    ]


@pytest.mark.parametrize(
    "amount",
    [
        *("10000000000000", Decimal("1E+13"), Decimal("1E+99999999"), 10**13, "0", 0, "0.00", "-1", -1, "1e3", "+1"),
        *(" 1", "1,000.00", "01", "1.", ".5", "", True, 1.5, None, [], Decimal("NaN"), Decimal("Infinity"), "\u0661"),
    ],
)
def test_what_is_no_amount_is_refused(amount: Any) -> None:
    assert faults(CreateTransfer, cid=1, amount=amount) == [
        ("task.data.amount", "must be a positive decimal with at most 13 digits before the point")
    ]


@pytest.mark.parametrize(
    ("action", "data", "path"),
    [
        (SearchItems, {"min_amount": "1"}, "min_amount"),
        (SearchItems, {"max_amount": "1", "type": "transfer"}, "max_amount"),
        (SearchItems, {"sort": "amount"}, "sort"),
        (GetTask, {"type": "transfer", "min_amount": "1"}, "min_amount"),
    ],
)
def test_amounts_are_compared_within_a_currency_only(action: type[Action], data: dict[str, Any], path: str) -> None:
    assert faults(action, **data) == [(f"task.data.{path}", "needs a currency")]
    parse_data(action, {**data, "currency": "USD"})


def test_a_filter_has_the_places_of_its_currency_too() -> None:
    assert faults(SearchItems, currency="JPY", min_amount="1.5", max_amount="2.5") == [
        ("task.data.min_amount", "must have at most 0 decimal places in JPY"),
        ("task.data.max_amount", "must have at most 0 decimal places in JPY"),
    ]


@given(st.sampled_from(list(PLACES)), st.integers(1, 10**13 - 1), st.integers(0, 9_999))
def test_every_amount_keeps_its_value_and_is_the_same_as_text_and_as_number(
    currency: str, whole: int, fraction: int
) -> None:
    places = PLACES[currency]
    text = f"{whole}.{fraction % 10**places:0{places}d}" if places else str(whole)

    for amount in (text, Decimal(text), text + "0" * bool(places)):
        assert created(amount, currency) == text
