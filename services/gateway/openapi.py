"""The OpenAPI document, made of the declared actions and the error catalogue."""

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from services.contracts.action import ACTIONS
from services.contracts.actions import Login
from services.contracts.errors import CATALOGUE, Code
from services.contracts.operators import LARGEST_LEVEL
from services.gateway.openapi_schemas import component_schemas, problem_example, problem_schema
from services.gateway.preferences import LONGEST_WAIT
from services.gateway.result_schemas import TASK_ID, Schema, ref
from services.gateway.tasks_api import CURSOR, DEFAULT_LIMIT, MOST_TASKS, STATUSES
from services.gateway.websocket import VERSION

Operation = dict[str, Any]

_DESCRIPTION = """Staff submit tasks; each is answered at once with 202, executed in the background, and its outcome is
pushed over a WebSocket (`/api/v1/ws`), or read by its id. Log in first: a token works for other actions only while its
operator has a session. Errors and messages come in English, Traditional Chinese (`zh-Hant`) or Spanish (`es`), as
`Accept-Language` asks."""

_PREFER: Schema = {
    "name": "Prefer",
    "in": "header",
    "description": f"RFC 7240: `wait=10` waits up to 10 seconds for the outcome, {LONGEST_WAIT} at most.",
    "schema": {"type": "string"},
    "example": "wait=10",
}
_LANGUAGE: Schema = {
    "name": "Accept-Language",
    "in": "header",
    "description": "The language of messages: `en`, `zh-Hant` or `es`.",
    "schema": {"type": "string"},
    "example": "es",
}
_KEY: Schema = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "The same operator, key and task give the same task and outcome, however often it is sent; a login "
    "or logout that is repeated does nothing more.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
_APPLIED: Schema = {"description": "The wait that was applied.", "schema": {"type": "string"}}
_BEARER: list[Schema] = [{"bearer": []}]
_READING = (
    Code.NOT_AUTHENTICATED,
    Code.LOGIN_REQUIRED,
    Code.TOO_MANY_REQUESTS,
    Code.INTERNAL_ERROR,
    Code.UNAVAILABLE,
)
_SERVER = (
    Code.MALFORMED_REQUEST,
    Code.URI_TOO_LONG,
    Code.HEADERS_TOO_LARGE,
    Code.TRANSFER_CODING_UNKNOWN,
    Code.HTTP_VERSION_UNKNOWN,
)
"""What the server itself cannot read, at any address."""

_SUBMITTING = (
    Code.MALFORMED_JSON,
    Code.NOT_AUTHENTICATED,
    Code.LOGIN_REQUIRED,
    Code.NOT_PERMITTED,
    Code.IDEMPOTENCY_CONFLICT,
    Code.REQUEST_TIMEOUT,
    Code.PAYLOAD_TOO_LARGE,
    Code.UNSUPPORTED_MEDIA_TYPE,
    Code.UNKNOWN_ACTION,
    Code.INVALID_REQUEST,
    Code.TOO_MANY_REQUESTS,
    Code.INTERNAL_ERROR,
    Code.UNAVAILABLE,
)


def openapi_document(largest_level: int = LARGEST_LEVEL) -> dict[str, Any]:
    """The whole document, of an installation whose levels end there."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Backoffice", "version": "1", "description": _DESCRIPTION},
        "servers": [{"url": "/"}],
        "tags": [
            {"name": "tasks", "description": "Submit tasks and read them."},
            {"name": "documents", "description": "What the API is."},
            {"name": "operations", "description": "For those who run it."},
        ],
        "paths": {
            "/api/v1": {"post": _submit()},
            "/api/v1/tasks": {"get": _list_tasks()},
            "/api/v1/tasks/{id}": {"get": _get_task()},
            "/api/v1/ws": {"get": _live()},
            **_documents(),
            **_operations(),
        },
        "components": {
            "schemas": component_schemas(largest_level),
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "description": "The access token."}},
        },
    }


def _submit() -> Operation:
    return {
        "tags": ["tasks"],
        "operationId": "submit",
        "summary": "Submit a task",
        "description": "Answered as soon as the task is durable. `login` and `logout` are answered finished. "
        "Checks run in this order: 413, 415, 400, 401, 422 `unknown_action`, 403, 422 `invalid_request`, 429.",
        "security": [*_BEARER, {}],
        "parameters": [_PREFER, _KEY, _LANGUAGE],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": ref("Submission"), "examples": _examples()}},
        },
        "responses": {
            "200": _json(
                "It has finished; `status` says how.", _member("task", "Task"), {"Preference-Applied": _APPLIED}
            ),
            "202": _json(
                "It will be done.",
                _member("task", "AcceptedTask"),
                {
                    "Location": {
                        "description": "Where to read the task.",
                        "required": True,
                        "schema": {"type": "string", "format": "uri-reference"},
                    },
                    "Preference-Applied": _APPLIED,
                },
            ),
            **_problems(_SUBMITTING),
        },
    }


def _examples() -> dict[str, Schema]:
    return {
        action.name: {"summary": action.help(), "value": {"token": "12qw", "task": example_task(action.name)}}
        for action in ACTIONS.values()
    }


def example_task(name: str) -> dict[str, Any]:
    """An action's example as a client sends it."""
    action = ACTIONS[name]
    if action is Login:
        return {"action": name, **action.example}
    return {"action": name, **({"data": dict(action.example)} if action.example else {})}


def _list_tasks() -> Operation:
    cursor = {"type": "string", "pattern": f"^{CURSOR}$"}
    limit = {"type": "integer", "minimum": 1, "maximum": MOST_TASKS, "default": DEFAULT_LIMIT}
    page = {
        "type": "object",
        "properties": {"tasks": {"type": "array", "items": ref("Task")}, "next_cursor": {"type": ["string", "null"]}},
        "required": ["tasks", "next_cursor"],
    }
    return {
        "tags": ["tasks"],
        "operationId": "list_tasks",
        "summary": "Your own tasks, newest first",
        "security": _BEARER,
        "parameters": [
            _query("limit", "The most tasks; fewer when they are large, with a `next_cursor`.", limit),
            _query("cursor", "The `next_cursor` of the page before.", cursor),
            _query("status", "Only tasks of this status.", {"type": "string", "enum": list(STATUSES)}),
            _query("reads", "Only look-ups, which change nothing; or, `false`, only the others.", {"type": "boolean"}),
            _LANGUAGE,
        ],
        "responses": {"200": _json("A page of them.", page), **_problems((*_READING, Code.INVALID_REQUEST))},
    }


def _get_task() -> Operation:
    task_id = {"name": "id", "in": "path", "required": True, "description": "The task's id.", "schema": TASK_ID}
    return {
        "tags": ["tasks"],
        "operationId": "get_task",
        "summary": "A task of yours",
        "description": "A task that is not recorded yet reads as `accepted`, what is not known of it as null.",
        "security": _BEARER,
        "parameters": [task_id, _PREFER, _LANGUAGE],
        "responses": {
            "200": _json("The task.", _member("task", "Task"), {"Preference-Applied": _APPLIED}),
            **_problems((*_READING, Code.NOT_FOUND)),
        },
    }


def _live() -> Operation:
    return {
        "tags": ["tasks"],
        "operationId": "live",
        "summary": "Live results over a WebSocket",
        "description": 'Send `{"token": …, "since": <task id or null>, "language": …}` within 10 seconds; `since` and '
        '`language` are optional. The answer is `{"type": "ready", "operator": …}`, or a close with 4401 (not '
        "authenticated, no session, or no message in time), 4400 (a message that is no such object; the reason is "
        "`malformed_json` or `invalid_request`) or 1013 (repeat it shortly: it cannot be answered now, or 50 "
        "connections of yours are open here). Then come "
        '`{"type": "task", "task": …}` for each task of yours that ends, with `since` the missed ones first, and '
        '`{"type": "item", "event": …, "item": …}` for items that you may decide. The missed ones '
        "begin five minutes before `since` ended, because outcomes may be told in another order than they ended in: "
        "one connection tells an outcome once, a further one may tell it again, identical, so drop repeats by id. "
        'A client may send `{"type": "ping"}` at any time, at most 200 messages in 10 seconds; the reply, in its turn '
        'among the other messages, is `{"type": "pong"}`. No reply within some seconds means that the connection is '
        "dead, so connect again with `since`. Every other message after the first is ignored. "
        "4401 closes a connection whose session has ended, 1012 one whose server restarts. "
        "For a request that is no upgrade there is nothing here (`not_found`); an upgrade of another version than 13 "
        "is `upgrade_required`, one with wrong headers an `invalid_request`, and one of a page of another origin "
        "`not_permitted`.",
        "parameters": [_LANGUAGE],
        "responses": {
            "101": {"description": "The connection is a WebSocket now."},
            **_problems(
                (
                    Code.NOT_PERMITTED,
                    Code.NOT_FOUND,
                    Code.INVALID_REQUEST,
                    Code.UPGRADE_REQUIRED,
                    Code.INTERNAL_ERROR,
                )
            ),
        },
    }


def _documents() -> dict[str, Schema]:
    entries = {
        "type": "object",
        "properties": {"errors": {"type": "array", "items": ref("ErrorEntry")}},
        "required": ["errors"],
    }
    code = {"name": "code", "in": "path", "required": True, "schema": {"type": "string", "enum": [*map(str, Code)]}}
    return {
        "/": {"get": _page("home", "The console, where it is built")},
        "/api/v1/docs": {"get": _page("docs", "This document, to be read by people")},
        "/api/v1/openapi.json": {
            "get": _public("openapi", "documents", "This document", _json("OpenAPI 3.1.", {"type": "object"}))
        },
        "/api/v1/errors": {
            "get": _public("errors", "documents", "The error catalogue", _json("Every error.", entries), _LANGUAGE)
        },
        "/errors/{code}": {
            "get": _public(
                "error", "documents", "What a problem's `type` leads to",
                _json("The error.", ref("ErrorEntry")), code, _LANGUAGE, problems=(Code.NOT_FOUND,),
            )
        },
    }  # fmt: skip


def _operations() -> dict[str, Schema]:
    status = {"type": "object", "properties": {"status": {"type": "string"}}, "required": ["status"]}
    metrics = {"description": "Prometheus's text format.", "content": {"text/plain": {"schema": {"type": "string"}}}}
    return {
        "/healthz": {"get": _public("alive", "operations", "Is the process alive?", _json("Yes.", status))},
        "/readyz": {
            "get": _public(
                "ready", "operations", "Can it work?", _json("Yes.", status), problems=(Code.UNAVAILABLE,)
            )
        },
        "/metrics": {"get": _public("metrics", "operations", "Metrics", metrics)},
    }  # fmt: skip


def _page(name: str, summary: str) -> Operation:
    return _public(
        name, "documents", summary, {"description": "A page.", "content": {"text/html": {"schema": {"type": "string"}}}}
    )


def _public(
    name: str, tag: str, summary: str, answer: Schema, *parameters: Schema, problems: tuple[Code, ...] = ()
) -> Operation:
    return {
        "tags": [tag],
        "operationId": name,
        "summary": summary,
        "security": [],
        "parameters": list(parameters),
        "responses": {"200": answer, **_problems((*problems, Code.INTERNAL_ERROR))},
    }


def _query(name: str, description: str, schema: Schema) -> Schema:
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _member(name: str, schema: str) -> Schema:
    return {"type": "object", "properties": {name: ref(schema)}, "required": [name]}


def _json(description: str, schema: Schema, headers: Mapping[str, Schema] | None = None) -> Schema:
    answer = {"description": description, "content": {"application/json": {"schema": schema}}}
    return {**answer, "headers": dict(headers)} if headers else answer


def _problems(codes: tuple[Code, ...]) -> dict[str, Schema]:
    """A response for each status that these codes have, and for what the server itself cannot read."""
    ordered = sorted({*codes, *_SERVER}, key=lambda code: CATALOGUE[code].number)
    return {
        str(status): _problem(tuple(group)) for status, group in groupby(ordered, lambda code: CATALOGUE[code].status)
    }


def _problem(codes: tuple[Code, ...]) -> Schema:
    examples = {code.value: {"value": problem_example(code)} for code in codes}
    answer: Schema = {
        "description": " ".join(CATALOGUE[code].message for code in codes),
        "content": {"application/problem+json": {"schema": problem_schema(codes), "examples": examples}},
    }
    headers = _problem_headers(CATALOGUE[codes[0]].status)
    return {**answer, "headers": headers} if headers else answer


def _problem_headers(status: int) -> dict[str, Schema]:
    if status == 401:
        return {"WWW-Authenticate": {"required": True, "schema": {"type": "string", "const": "Bearer"}}}
    if status == 426:
        return {"Sec-WebSocket-Version": {"required": True, "schema": {"type": "string", "const": VERSION}}}
    if status in {429, 503}:
        seconds = {"type": "integer", "minimum": 1}
        return {"Retry-After": {"description": "Seconds.", "required": True, "schema": seconds}}
    return {}
