"""The types of the values that an action's data may hold, strict: nothing is coerced from another type."""

import json
import re
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    StrictBool,
    StrictInt,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError, PydanticKnownError

from services.contracts import characters
from services.contracts.money import PLACES, WHOLE_DIGITS
from services.contracts.operators import ItemType, Role
from services.contracts.sizes import BYTES_A_CHARACTER
from services.contracts.tasks import utc_text
from services.contracts.tokens import WELL_KNOWN_HASHES

LARGEST_INTEGER = 2**63 - 1

_AMOUNT = re.compile(rf"(0|[1-9][0-9]{{0,{WHOLE_DIGITS - 1}}})(\.[0-9]{{1,100}})?")
_AMOUNT_SCHEMA = (
    rf"^([1-9][0-9]{{0,{WHOLE_DIGITS - 1}}}(\.[0-9]{{1,4}})?"
    r"|0\.([1-9][0-9]{0,3}|0[1-9][0-9]{0,2}|00[1-9][0-9]?|000[1-9]))$"
)
_SHA256 = "^[0-9a-f]{64}$"
_DAY = (
    "20([0-9]{2}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)"
    "|02-(0[1-9]|1[0-9]|2[0-8]))|([02468][048]|[13579][26])-02-29)"
)
_TIME = f"^{_DAY}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{{1,6}})?Z$"
_TIME_PATTERN = re.compile(_TIME)


def _amount(value: Any) -> Decimal:
    """An exact amount from a JSON string or number (parsed as int or Decimal, never as float).

    How many decimal places it may have depends on its currency: see ``MoneyData``.
    """
    number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    if not number and not (isinstance(value, str) and _AMOUNT.fullmatch(value)):
        raise _bad_amount()
    amount = Decimal(value)
    if not amount.is_finite() or amount <= 0 or amount.adjusted() >= WHOLE_DIGITS:
        raise _bad_amount()
    return amount


def _bad_amount() -> PydanticCustomError:
    return PydanticCustomError("amount", "must be a positive amount", {"digits": WHOLE_DIGITS})


def _currency(value: Any) -> str:
    text = _text(value)
    if text not in PLACES:
        if text.isascii() and text.upper() in PLACES:
            raise PydanticCustomError("currency_case", "must be in capital letters", {"currency": text.upper()})
        raise PydanticCustomError("currency", "must be a currency of ISO 4217 that is in use")
    return text


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise PydanticCustomError("string_type", "must be a string")
    if characters.is_blank(value):
        raise PydanticCustomError("blank", "must not be blank")
    return value


def _typed_name(value: Any) -> str:
    return characters.normal(_text(value))


def _name(value: Any) -> str:
    name = _typed_name(value)
    refused = characters.refused_in(name)
    if refused:
        raise PydanticCustomError("character", "must not hold the character {character}", {"character": refused})
    if characters.is_spaced(name):
        raise PydanticCustomError("spacing", "must not begin or end with a space, or hold two in a row")
    return name


def _within(length: int) -> AfterValidator:
    """At most as many bytes as so many characters need in UTF-8."""
    most = length * BYTES_A_CHARACTER

    def check(value: str) -> str:
        in_json = json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
        if len(in_json) - len('""') > most:
            raise PydanticCustomError("too_many_bytes", "is too large", {"max_bytes": most})
        return value

    return AfterValidator(check)


def _text_field(length: int, pattern: str = characters.VISIBLE) -> Any:
    """The bounds of a text, for the documents too."""
    return Field(
        min_length=1,
        max_length=length,
        description=f"At most {length * BYTES_A_CHARACTER:,} bytes as JSON in UTF-8.",
        json_schema_extra={"pattern": pattern},
    )


def _level(value: int, info: ValidationInfo) -> int:
    """A level that is to be given: at most the largest one, where the context of the validation states it."""
    largest = (info.context or {}).get("largest_level", value)
    if value > largest:
        raise PydanticKnownError("less_than_equal", {"le": largest})
    return value


def _item_type(value: Any) -> ItemType:
    if isinstance(value, str) and value in set(ItemType):
        return ItemType(value)
    raise PydanticCustomError("item_type", "must be document, transfer or inquiry")


def _role(value: Any) -> Role:
    if isinstance(value, str) and value in set(Role):
        return Role(value)
    raise PydanticCustomError("role", "must be Admin, Compliance or Service")


def _token_hash(value: Any) -> str:
    digest = _text(value)
    if digest in WELL_KNOWN_HASHES:
        raise PydanticCustomError("guessable", "is the hash of a token that is easily guessed")
    return digest


def _time(value: Any) -> datetime:
    if isinstance(value, str) and _TIME_PATTERN.fullmatch(value) and value.isascii():
        return datetime.fromisoformat(value)
    raise PydanticCustomError("time", "must be a time such as 2026-11-24T14:50:56Z")


Id = Annotated[StrictInt, Field(ge=1, le=LARGEST_INTEGER)]
AnyLevel = Annotated[StrictInt, Field(ge=1, le=LARGEST_INTEGER)]
ENDS_AT_LARGEST_LEVEL = "x-ends-at-largest-level"
"""Marks the schema of a level that ends at the largest one, a setting."""

Level = Annotated[
    AnyLevel,
    AfterValidator(_level),
    Field(
        description="From 1 to the largest level, a setting (LARGEST_LEVEL).",
        json_schema_extra={ENDS_AT_LARGEST_LEVEL: True},
    ),
]
Version = Annotated[StrictInt, Field(ge=1, le=LARGEST_INTEGER)]
Limit = Annotated[StrictInt, Field(ge=1, le=200)]
LongLimit = Annotated[StrictInt, Field(ge=1, le=1_000)]
Flag = StrictBool
Name = Annotated[str, BeforeValidator(_name), _text_field(200, characters.NAME), _within(200)]
TypedName = Annotated[str, BeforeValidator(_typed_name), _text_field(200), _within(200)]
"""The name of somebody who is looked for: it may be one that could not be given any more."""
Text = Annotated[str, BeforeValidator(_text), _text_field(10_000), _within(10_000)]
Reason = Annotated[str, BeforeValidator(_text), _text_field(1_000), _within(1_000)]
Search = Annotated[str, BeforeValidator(_text), _text_field(100), _within(100)]
Words = Annotated[list[Search], Field(min_length=1, max_length=10)]
Levels = Annotated[list[AnyLevel], Field(min_length=1, max_length=20)]
Cursor = Annotated[str, BeforeValidator(_text), _text_field(2_000), _within(2_000)]
Currency = Annotated[
    str,
    BeforeValidator(_currency),
    Field(
        description="Code of three letters of a currency of ISO 4217 that is in use; no funds, metals or test codes",
        json_schema_extra={"pattern": f"^({'|'.join(PLACES)})$"},
    ),
]
Amount = Annotated[
    Decimal,
    BeforeValidator(_amount),
    PlainSerializer("{:f}".format, return_type=str),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": _AMOUNT_SCHEMA},
                {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 10**WHOLE_DIGITS, "multipleOf": 0.0001},
            ],
            "description": "A positive decimal with at most as many places as its currency has in ISO 4217 "
            "(JPY 0, USD 2, KWD 3), kept exactly.",
        },
        mode="validation",
    ),
]
Type = Annotated[ItemType, BeforeValidator(_item_type)]
MemberRole = Annotated[Role, BeforeValidator(_role)]
TokenHash = Annotated[
    str,
    BeforeValidator(_token_hash),
    Field(
        pattern=_SHA256,
        description="SHA-256, in lower-case hex, of a new token; whoever makes the token shows it once and keeps it "
        "nowhere",
        json_schema_extra={"pattern": _SHA256},
    ),
]
Time = Annotated[
    datetime,
    BeforeValidator(_time),
    PlainSerializer(utc_text, return_type=str),
    WithJsonSchema(
        {"type": "string", "pattern": _TIME, "description": "ISO 8601 in UTC, of the years 2000 to 2099"},
        mode="validation",
    ),
]
