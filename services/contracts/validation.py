"""Checks on what comes from outside, each fault with its path, for the gateway's requests and the RPC calls alike."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from pydantic import ValidationError

from services.contracts.action import Action, ActionData
from services.contracts.errors import Code, Refusal
from services.contracts.values import LARGEST_INTEGER

LONGEST_PATH = 300
"""Characters. A longer path is cut: a long key above many faults would otherwise be copied into each of them."""

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True)
class Fault:
    """One fault of a request.

    path:    where, ``task.data.amount``; empty for the whole
    message: an English sentence, the message id of its translations, braces for ``params``
    """

    path: str
    message: str
    params: Mapping[str, Any] = field(default_factory=dict)


MOST_FAULTS = 100
"""Told of one request. A small request can have thousands."""


class Invalid(Refusal):
    """``invalid_request`` with its faults, at most ``MOST_FAULTS``. Crosses services in ``params["faults"]``."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = [replace(fault, path=fault.path[:LONGEST_PATH]) for fault in islice(faults, MOST_FAULTS)]
        super().__init__(
            Code.INVALID_REQUEST,
            {"faults": [{"path": f.path, "message": f.message, "params": dict(f.params)} for f in self.faults]},
        )


MESSAGES: Mapping[str, str] = {
    "missing": "is missing",
    "extra_forbidden": "is not known here",
    "amount": "must be a positive decimal with at most {digits} digits before the point",
    "places": "must have at most {places} decimal places in {currency}",
    "currency": "must be a currency of ISO 4217 that is in use",
    "currency_case": "must be written in capital letters: {currency}",
    "currency_missing": "needs a currency",
    "blank": "must not be blank",
    "character": "must not hold the character {character}",
    "spacing": "must not begin or end with a space, or hold two in a row",
    "item_type": "must be document, transfer or inquiry",
    "role": "must be Admin, Compliance or Service",
    "time": "must be a time such as 2026-11-24T14:50:56Z",
    "literal_error": "must be one of {expected}",
    "id_and_filters": "takes an id or filters, not both",
    "list_type": "must be a list",
    "too_short": "must have at least {min_length} entries",
    "too_long": "must have at most {max_length} entries",
    "until_closed": "waits until a time only when it is left open",
    "ahead": "must be in the future, at most {days} days ahead",
    "taken": "is already in use",
    "guessable": "is the hash of a token that is easily guessed",
    "int_type": "must be a whole number",
    "bool_type": "must be true or false",
    "string_type": "must be a string",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "too_many_bytes": "must have at most {max_bytes} bytes as JSON",
    "string_pattern_mismatch": "has the wrong form",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "object": "must be an object",
    "unstorable": "holds a character that cannot be stored",
    "too_large": "is too large a number",
    "conflict": "is stated twice and differs",
    "header": "has the wrong form",
    "invalid": "is not valid",
}
"""The sentence of every kind of fault; pydantic's own kinds are called as pydantic calls them."""


def fault(kind: str, path: str, **params: Any) -> Fault:
    """A fault of a kind of ``MESSAGES``."""
    return Fault(path, MESSAGES[kind], params)


def parse_data(action: type[Action], data: Any, path: str = "task.data", *, largest_level: int | None = None) -> Any:
    """``data`` as the action's model (``Action.parse``). Raises ``Invalid``."""
    if not isinstance(data, Mapping):
        raise Invalid([fault("object", path)])
    try:
        return action.parse(data, largest_level)
    except ValidationError as error:
        raise Invalid(list(_faults_of(error, path))) from None


def _faults_of(error: ValidationError, path: str) -> Iterator[Fault]:
    for entry in error.errors(include_url=False, include_input=False):
        kind = entry["type"] if entry["type"] in MESSAGES else "invalid"
        context = {name: value for name, value in entry.get("ctx", {}).items() if isinstance(value, int | str)}
        where = ".".join([path, *(str(part) for part in entry["loc"])])
        yield Fault(where, MESSAGES[kind], context if "{" in MESSAGES[kind] else {})


def storable_faults(value: Any, path: str = "") -> list[Fault]:
    """A fault for each NUL, lone surrogate or integer beyond 64 bits anywhere in a JSON value, keys included; the first
    ``MOST_FAULTS`` of them."""
    return list(islice(_unstorable(value, path), MOST_FAULTS))


def _unstorable(value: Any, path: str) -> Iterator[Fault]:
    if isinstance(value, str):
        if _UNSTORABLE.search(value):
            yield fault("unstorable", path)
    elif isinstance(value, int):
        if abs(value) > LARGEST_INTEGER:
            yield fault("too_large", path)
    elif isinstance(value, Mapping):
        for key, member in value.items():
            where = _below(path, _UNSTORABLE.sub("?", key[:LONGEST_PATH]))
            if _UNSTORABLE.search(key):
                yield fault("unstorable", where)
            yield from _unstorable(member, where)
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from _unstorable(member, _below(path, str(index)))


def _below(path: str, member: str) -> str:
    return (f"{path}.{member}" if path else member)[:LONGEST_PATH]


__all__ = ["MESSAGES", "ActionData", "Fault", "Invalid", "fault", "parse_data", "storable_faults"]
