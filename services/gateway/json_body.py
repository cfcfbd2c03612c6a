"""Reading a request's JSON strictly: what two parsers could understand differently is refused."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal, DecimalException
from typing import Any

from flask import Request

from services.contracts.errors import Code, Refusal
from services.contracts.sizes import LARGEST_BODY

DEEPEST = 32
"""Objects and arrays inside one another, the outermost counted."""

_BEYOND_64_BITS = 10**20
_MOST_DIGITS = 20
_UTF_8 = frozenset({"utf-8", "utf8"})
# A string that is not closed ends with the text, and nothing is tried twice: so no text takes more than linear time.
_STRINGS_AND_BRACKETS = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?+|[\[{]|[\]}]', re.DOTALL)


def read_object(request: Request) -> dict[str, Any]:
    """The request's JSON object, its fractions as ``Decimal``.

    Raises ``Refusal``: ``payload_too_large``, then ``unsupported_media_type``, then ``malformed_json``; and
    ``request_timeout`` or ``malformed_request`` when the body does not arrive.
    """
    body = _read(request)
    if request.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
        raise Refusal(Code.UNSUPPORTED_MEDIA_TYPE)
    if request.mimetype != "application/json" or request.mimetype_params.get("charset", "utf-8").lower() not in _UTF_8:
        raise Refusal(Code.UNSUPPORTED_MEDIA_TYPE)
    return parse_object(body)


def _read(request: Request) -> bytes:
    if (request.content_length or 0) > LARGEST_BODY:
        raise Refusal(Code.PAYLOAD_TOO_LARGE, {"limit": LARGEST_BODY})
    try:
        body: bytes = request.environ["wsgi.input"].read(LARGEST_BODY + 1)
    except TimeoutError:
        raise Refusal(Code.REQUEST_TIMEOUT) from None
    except (OSError, ValueError):
        raise Refusal(Code.MALFORMED_REQUEST) from None
    if len(body) > LARGEST_BODY:
        raise Refusal(Code.PAYLOAD_TOO_LARGE, {"limit": LARGEST_BODY})
    return body


def parse_object(body: bytes) -> dict[str, Any]:
    """``body`` as a JSON object. Raises ``Refusal`` (``malformed_json``)."""
    try:
        text = body.decode("utf-8")
        _check_depth(text)
        value = _DECODER.decode(text)
    except (ValueError, RecursionError):
        raise Refusal(Code.MALFORMED_JSON) from None
    if not isinstance(value, dict):
        raise Refusal(Code.MALFORMED_JSON)
    return value


def _check_depth(text: str) -> None:
    if text.count("{") + text.count("[") <= DEEPEST:
        return
    depth = 0
    for match in _STRINGS_AND_BRACKETS.finditer(text):
        if match[0] in "[{":
            depth += 1
            if depth > DEEPEST:
                raise ValueError("nested too deep")
        elif match[0] in "]}":
            depth -= 1


def _members(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a key is there twice")
    return members


def _integer(digits: str) -> int:
    """Beyond 64 bits the value no longer matters: it is refused as too large, not parsed at length."""
    if len(digits) <= _MOST_DIGITS:
        return int(digits)
    return -_BEYOND_64_BITS if digits[0] == "-" else _BEYOND_64_BITS


def _number(text: str) -> Decimal | int:
    """A number with a fraction or an exponent. JSON Schema, and so our OpenAPI document, calls ``1.0`` an integer."""
    try:
        number = Decimal(text)
    except DecimalException:
        return Decimal("NaN")
    whole = number.adjusted() < _MOST_DIGITS and number == number.to_integral_value()
    return int(number) if whole else number


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_members, parse_float=_number, parse_int=_integer, parse_constant=_constant
)
