"""The error catalogue: each failure has one code, one number, one HTTP status and one English sentence.

The sentence is the message id of its translations (``locales/``). Words in braces are the error's parameters.
A number is the HTTP status and one more digit; for errors that only a task can have, the status is what
the request would have been answered with.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Code(StrEnum):
    """Every error code there is."""

    MALFORMED_JSON = "malformed_json"
    MALFORMED_REQUEST = "malformed_request"
    NOT_AUTHENTICATED = "not_authenticated"
    LOGIN_REQUIRED = "login_required"
    NOT_PERMITTED = "not_permitted"
    LEVEL_TOO_LOW = "level_too_low"
    OPERATOR_DISABLED = "operator_disabled"
    OWN_ITEM = "own_item"
    NOT_FOUND = "not_found"
    CUSTOMER_NOT_FOUND = "customer_not_found"
    DOCUMENT_NOT_FOUND = "document_not_found"
    TRANSFER_NOT_FOUND = "transfer_not_found"
    INQUIRY_NOT_FOUND = "inquiry_not_found"
    OPERATOR_NOT_FOUND = "operator_not_found"
    NOTHING_TO_DO = "nothing_to_do"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    REQUEST_TIMEOUT = "request_timeout"
    IDEMPOTENCY_CONFLICT = "idempotency_conflict"
    ALREADY_DECIDED = "already_decided"
    CLAIMED_BY_OTHER = "claimed_by_other"
    NOT_CLAIMED_BY_YOU = "not_claimed_by_you"
    TOO_MANY_CLAIMS = "too_many_claims"
    LEVEL_NOT_HIGHER = "level_not_higher"
    VERSION_CONFLICT = "version_conflict"
    OPERATOR_EXISTS = "operator_exists"
    LAST_ADMIN = "last_admin"
    PAYLOAD_TOO_LARGE = "payload_too_large"
    RESULT_TOO_LARGE = "result_too_large"
    URI_TOO_LONG = "uri_too_long"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    UNKNOWN_ACTION = "unknown_action"
    INVALID_REQUEST = "invalid_request"
    NOBODY_HAS_LEVEL = "nobody_has_level"
    UPGRADE_REQUIRED = "upgrade_required"
    TOO_MANY_REQUESTS = "too_many_requests"
    HEADERS_TOO_LARGE = "headers_too_large"
    INTERNAL_ERROR = "internal_error"
    TRANSFER_CODING_UNKNOWN = "transfer_coding_unknown"
    UNAVAILABLE = "unavailable"
    QUERY_TOO_SLOW = "query_too_slow"
    HTTP_VERSION_UNKNOWN = "http_version_unknown"


@dataclass(frozen=True)
class Entry:
    """A line of the catalogue.

    number:   four digits, unique
    message:  English, and the message id of the translations
    of_task:  a task can end with it (``task.error``)
    of_request: a request can be answered with it
    """

    number: int
    message: str
    of_task: bool = False
    of_request: bool = False

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.number // 10


CATALOGUE: Mapping[Code, Entry] = {
    Code.MALFORMED_JSON: Entry(4001, "The request is not a well-formed JSON object.", of_request=True),
    Code.MALFORMED_REQUEST: Entry(4002, "The request is not well-formed HTTP.", of_request=True),
    Code.NOT_AUTHENTICATED: Entry(4011, "The name or the token is wrong.", of_request=True),
    Code.LOGIN_REQUIRED: Entry(4012, "Log in first: this token has no open session.", True, True),
    Code.NOT_PERMITTED: Entry(4031, "Your role may not do this.", True, True),
    Code.LEVEL_TOO_LOW: Entry(4032, "This item requires level {required}; yours is {yours}.", True),
    Code.OPERATOR_DISABLED: Entry(4033, "Your access has been disabled.", True),
    Code.OWN_ITEM: Entry(4034, "You created this item, so somebody else has to decide it.", True),
    Code.NOT_FOUND: Entry(4041, "There is nothing here.", of_request=True),
    Code.CUSTOMER_NOT_FOUND: Entry(4042, "There is no customer {id}.", True),
    Code.DOCUMENT_NOT_FOUND: Entry(4043, "There is no document {id}.", True),
    Code.TRANSFER_NOT_FOUND: Entry(4044, "There is no transfer {id}.", True),
    Code.INQUIRY_NOT_FOUND: Entry(4045, "There is no inquiry {id}.", True),
    Code.NOTHING_TO_DO: Entry(4046, "No item waits for you.", True),
    Code.OPERATOR_NOT_FOUND: Entry(4047, "There is no operator {id}.", True),
    Code.METHOD_NOT_ALLOWED: Entry(4051, "This address does not take that method.", of_request=True),
    Code.REQUEST_TIMEOUT: Entry(4081, "The request did not arrive in time.", of_request=True),
    Code.IDEMPOTENCY_CONFLICT: Entry(4091, "This idempotency key was already used for another task.", of_request=True),
    Code.ALREADY_DECIDED: Entry(4092, "{decided_by} already decided this item at {decided_at}.", True),
    Code.CLAIMED_BY_OTHER: Entry(4093, "{claimed_by} holds this item until {claimed_until}.", True),
    Code.NOT_CLAIMED_BY_YOU: Entry(4094, "You do not hold this item.", True),
    Code.TOO_MANY_CLAIMS: Entry(4095, "You already hold {held} items; the most is {limit}.", True),
    Code.LEVEL_NOT_HIGHER: Entry(4096, "The item already requires level {current}; ask for a higher one.", True),
    Code.VERSION_CONFLICT: Entry(4097, "The item is now at version {current}; you stated {stated}.", True),
    Code.OPERATOR_EXISTS: Entry(4098, "There is already an operator called {name}.", True),
    Code.LAST_ADMIN: Entry(4099, "{name} is the last Admin who is enabled.", True),
    Code.PAYLOAD_TOO_LARGE: Entry(4131, "The request is larger than {limit} bytes.", of_request=True),
    Code.RESULT_TOO_LARGE: Entry(4132, "The result has {size} bytes; the most is {limit}.", True),
    Code.URI_TOO_LONG: Entry(4141, "The address is longer than {limit} bytes.", of_request=True),
    Code.UNSUPPORTED_MEDIA_TYPE: Entry(
        4151, "Send the request as application/json, without a Content-Encoding.", of_request=True
    ),
    Code.UNKNOWN_ACTION: Entry(4221, "There is no action of that name.", of_request=True),
    Code.INVALID_REQUEST: Entry(4222, "The request has faults; see errors.", True, True),
    Code.NOBODY_HAS_LEVEL: Entry(4223, "Nobody who is enabled may decide this item at level {level}.", True),
    Code.UPGRADE_REQUIRED: Entry(4261, "Use version {version} of the WebSocket protocol.", of_request=True),
    Code.TOO_MANY_REQUESTS: Entry(4291, "Too many requests; try again in {retry_after} seconds.", of_request=True),
    Code.HEADERS_TOO_LARGE: Entry(
        4311, "The headers are too large: at most {limit} bytes and {most} fields.", of_request=True
    ),
    Code.INTERNAL_ERROR: Entry(
        5001, "Something went wrong on our side. Please quote {task_id} when you report it.", True, True
    ),
    Code.TRANSFER_CODING_UNKNOWN: Entry(5011, "The only transfer coding that is known is chunked.", of_request=True),
    Code.UNAVAILABLE: Entry(5031, "The system cannot take this now; please repeat it shortly.", of_request=True),
    Code.QUERY_TOO_SLOW: Entry(
        5041, "This takes too long. Narrow it down: a longer text, one type, one customer or a shorter period.", True
    ),
    Code.HTTP_VERSION_UNKNOWN: Entry(5051, "The versions of HTTP that are known are 1.1 and 1.0.", of_request=True),
}


class Refusal(Exception):
    """A rule of the catalogue says no. It ends the task or the request that met it, and nothing else.

    code:   which line of the catalogue
    params: the words for its braces, JSON values only
    """

    def __init__(self, code: Code | str, params: Mapping[str, Any] | None = None) -> None:
        self.code = Code(code)
        self.params = dict(params or {})
        super().__init__(self.code.value, self.params)

    def to_wire(self) -> dict[str, Any]:
        """As a task's error travels between services and is stored: without a sentence, which has a language."""
        return {"code": self.code.value, "number": CATALOGUE[self.code].number, "params": self.params}


def check_catalogue() -> None:
    """Raise ``AssertionError`` naming the code that has no entry, or the number used twice."""
    missing = set(Code) - set(CATALOGUE)
    if missing:
        raise AssertionError(f"no catalogue entry for {sorted(missing)}")
    numbers = [entry.number for entry in CATALOGUE.values()]
    twice = sorted({number for number in numbers if numbers.count(number) > 1})
    if twice:
        raise AssertionError(f"error numbers used twice: {twice}")


check_catalogue()
