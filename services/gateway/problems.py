"""Every answer that is not 2xx: a problem of RFC 9457, made from the error catalogue."""

import logging
import math
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from flask import Request, Response

from services.contracts.errors import CATALOGUE, Code, Refusal
from services.contracts.languages import ENGLISH, error_message, translate
from services.contracts.task_ids import new_task_id
from services.contracts.validation import LONGEST_PATH
from services.gateway.answers import json_answer
from services.runtime.http.head import HEADER_BYTES, MOST_HEADERS, TARGET_BYTES
from services.runtime.messaging.envelopes import to_json

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"

RETRY_SECONDS = 2
"""When to repeat what was ``unavailable``."""

_SURROGATES = re.compile("[\ud800-\udfff]")


def title(code: Code) -> str:
    """The code in words, the same in every language: ``Not permitted``."""
    return code.value.replace("_", " ").capitalize()


def fault_entries(params: Mapping[str, Any], language: str) -> list[dict[str, str]]:
    """The faults that an ``invalid_request`` carries (``Invalid``), in the reader's language."""
    faults = params.get("faults")
    return [_fault_entry(fault, language) for fault in faults] if isinstance(faults, Sequence) else []


def _fault_entry(fault: Mapping[str, Any], language: str) -> dict[str, str]:
    path = _SURROGATES.sub("?", fault["path"])[:LONGEST_PATH]
    return {"path": path, "message": translate(fault["message"], fault.get("params", {}), language)}


def problem(refusal: Refusal, language: str) -> dict[str, Any]:
    """The body."""
    entry = CATALOGUE[refusal.code]
    return {
        "type": f"/errors/{refusal.code}",
        "title": title(refusal.code),
        "status": entry.status,
        "code": refusal.code.value,
        "number": entry.number,
        "detail": error_message(refusal.code, refusal.params, language),
        "params": {name: value for name, value in refusal.params.items() if name != "faults"},
        "errors": fault_entries(refusal.params, language),
    }


def problem_answer(refusal: Refusal, language: str, headers: Mapping[str, str] | None = None) -> Response:
    """The whole answer with the headers that its code calls for."""
    body = problem(refusal, language)
    wanted = {"Content-Language": language, "Vary": "Accept-Language", **_headers_of(refusal), **(headers or {})}
    return json_answer(body, body["status"], wanted, MEDIA_TYPE)


def _headers_of(refusal: Refusal) -> dict[str, str]:
    if refusal.code in {Code.NOT_AUTHENTICATED, Code.LOGIN_REQUIRED}:
        return {"WWW-Authenticate": "Bearer"}
    if refusal.code is Code.TOO_MANY_REQUESTS:
        return {"Retry-After": str(refusal.params["retry_after"])}
    if refusal.code is Code.UPGRADE_REQUIRED:
        version = str(refusal.params["version"])
        return {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": version}
    if refusal.code is Code.UNAVAILABLE:
        return {"Retry-After": str(RETRY_SECONDS)}
    return {}


def too_many_requests(seconds: float) -> Refusal:
    """To be repeated in ``seconds``, told in whole ones."""
    return Refusal(Code.TOO_MANY_REQUESTS, {"retry_after": max(1, math.ceil(seconds))})


_OF_SERVER: Mapping[HTTPStatus, Refusal] = {
    HTTPStatus.BAD_REQUEST: Refusal(Code.MALFORMED_REQUEST),
    HTTPStatus.REQUEST_URI_TOO_LONG: Refusal(Code.URI_TOO_LONG, {"limit": TARGET_BYTES}),
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: Refusal(
        Code.HEADERS_TOO_LARGE, {"limit": HEADER_BYTES, "most": MOST_HEADERS}
    ),
    HTTPStatus.NOT_IMPLEMENTED: Refusal(Code.TRANSFER_CODING_UNKNOWN),
    HTTPStatus.HTTP_VERSION_NOT_SUPPORTED: Refusal(Code.HTTP_VERSION_UNKNOWN),
}


def server_problem(status: HTTPStatus) -> bytes:
    """The body of an answer that the HTTP server gives to a request that it cannot read, and for which the
    application fails."""
    refusal = _OF_SERVER.get(status)
    if refusal is None:
        refusal = Refusal(Code.INTERNAL_ERROR, {"task_id": new_task_id()})
        log.error("a request failed; its reader was given the reference %s", refusal.params["task_id"])
    return to_json(problem(refusal, ENGLISH))


def unexpected(request: Request) -> Refusal:
    """For an exception that nobody foresaw, logged here under an id that the client is given to quote."""
    reference = new_task_id()
    log.exception("%s %s failed; its reader was given the reference %s", request.method, request.path, reference)
    return Refusal(Code.INTERNAL_ERROR, {"task_id": reference})
