"""Money: the currencies of ISO 4217 that are in use, and how many decimal places an amount of each has."""

from collections.abc import Mapping
from decimal import Decimal

import iso4217

WHOLE_DIGITS = 13
"""The most digits of an amount before the point."""


def _places() -> dict[str, int]:
    """ISO's list without funds, and without metals, test codes and the like, which have no minor units."""
    found: dict[str, int] = {}
    for entry in iso4217.raw_xml.iterfind("CcyTbl/CcyNtry"):
        code, name, units = entry.findtext("Ccy"), entry.find("CcyNm"), entry.findtext("CcyMnrUnts", "")
        if code and name is not None and name.get("IsFund") is None and units.isdigit():
            found[code] = int(units)
    return dict(sorted(found.items()))


PLACES: Mapping[str, int] = _places()
"""Each currency with the decimal places of its amounts."""


class TooPrecise(ValueError):
    """An amount has more decimal places than its currency."""


def in_currency(amount: Decimal, currency: str) -> Decimal:
    """The amount with as many decimal places as its currency has. Raises ``TooPrecise`` when it has more."""
    smallest = Decimal(1).scaleb(-PLACES[currency])
    exact = amount.quantize(smallest)
    if exact != amount:
        raise TooPrecise(amount)
    return exact
