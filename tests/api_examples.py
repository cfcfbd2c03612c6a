"""Requests of the HTTP contract and the promised answers, for a demo on which Alice, Bob and Dave have logged in.

Of a body that is JSON, exactly the members stated here have to be there; ``...`` stands for any value, and a pattern
for any text that it matches.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

TASK_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
ALICE = {"id": 1, "name": "Alice", "role": "Admin"}
DAVE = {"id": 4, "name": "Dave", "role": "Service"}
LOCATION = re.compile(r"/api/v1/tasks/" + TASK_ID.pattern)


@dataclass(frozen=True)
class Example:
    """A request and its answer.

    path:    ``{created}`` stands for the id of a task of Alice that has finished
    body:    sent as JSON, bytes as they are; None: a GET
    answer:  the JSON of the answer; None: it is no JSON
    """

    what: str
    status: int
    answer: Any
    body: Any = None
    path: str = "/api/v1"
    method: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    answer_headers: Mapping[str, Any] = field(default_factory=dict)


def submission(token: str, action: str, **data: Any) -> dict[str, Any]:
    """The body of a submission."""
    return {"token": token, "task": {"action": action, **({"data": data} if data else {})}}


def accepted(action: str) -> dict[str, Any]:
    """The answer to a task that is durable."""
    return {"task": {"id": TASK_ID, "action": action, "status": "accepted", "submitted_at": TIME}}


def finished(action: str, operator: Mapping[str, Any], data: Mapping[str, Any], result: Any, error: Any = None) -> Any:
    """The answer with a finished task."""
    task = {"id": TASK_ID, "action": action, "status": "failed" if error else "succeeded", "operator": operator}
    times = {"submitted_at": TIME, "finished_at": TIME}
    return {"task": {**task, "data": data, **times, "result": result, "error": error}}


def problem(status: int, code: str, errors: Sequence[str] = (), **params: Any) -> dict[str, Any]:
    """A problem; ``errors`` are the paths of its faults."""
    return {
        "type": f"/errors/{code}",
        "title": ...,
        "status": status,
        "code": code,
        "number": ...,
        "detail": ...,
        "params": params,
        "errors": [{"path": path, "message": ...} for path in errors],
    }


NEW_TRANSFER = {"cid": 1, "amount": "250.00", "level": 2}
TRANSFER = {
    "id": ...,
    "cid": 1,
    "amount": "250.00",
    "currency": "USD",
    "level": 2,
    "status": "pending",
    "version": 1,
    "created_at": TIME,
    "created_by": "Alice",
    "created_by_id": 1,
    "claimed_by": None,
    "claimed_by_id": None,
    "claimed_until": None,
    "decided_by": None,
    "decided_by_id": None,
    "decided_at": None,
    "reason": None,
}
ADMIN_ACTIONS = [
    *("login", "logout", "get_customer", "get_document", "get_transfer", "get_inquiry"),
    *("create_customer", "create_document", "create_transfer", "create_inquiry", "reply_inquiry", "release_task"),
    *("list_queue", "search_customers", "search_items", "get_history", "list_activity", "get_statistics"),
    *("list_operators", "add_operator", "change_operator", "disable_operator", "enable_operator", "rotate_operator"),
]
LOGGED_IN = finished("login", ALICE, {"name": "Alice"}, {"operator": {**ALICE, "level": 1}, "actions": ADMIN_ACTIONS})
INQUIRY = {
    **{name: value for name, value in TRANSFER.items() if name not in {"amount", "currency", "reason"}},
    **{"id": 1, "level": 1, "problem": "Where is my transfer?", "answer": " OK", "closed": True},
    **{"status": "closed", "version": 2, "decided_by": "Dave", "decided_by_id": 4, "decided_at": TIME},
    **{"waiting": False, "waiting_until": None},
}
UNAUTHENTICATED = {"WWW-Authenticate": "Bearer"}
BEARER = {"Authorization": "Bearer 12qw"}
WAIT = {"Prefer": "wait=10"}

SUBMISSIONS = (
    Example(
        "a login, its name beside the action",
        200,
        LOGGED_IN,
        {"token": "12qw", "task": {"action": "login", "name": "Alice"}},
    ),
    Example("a login, its name in the data", 200, LOGGED_IN, submission("12qw", "login", name="Alice")),
    Example(
        "a task",
        202,
        accepted("create_transfer"),
        submission("12qw", "create_transfer", **NEW_TRANSFER),
        answer_headers={"Location": LOCATION},
    ),
    Example(
        "a task, the token as a header",
        202,
        accepted("create_transfer"),
        {"task": {"action": "create_transfer", "data": NEW_TRANSFER}},
        headers=BEARER,
        answer_headers={"Location": LOCATION},
    ),
    Example(
        "a task that is waited for",
        200,
        finished("create_transfer", ALICE, NEW_TRANSFER, {"transfer": TRANSFER}),
        submission("12qw", "create_transfer", **NEW_TRANSFER),
        headers=WAIT,
        answer_headers={"Preference-Applied": "wait=10"},
    ),
    Example(
        "an amount as a JSON number, kept exactly",
        200,
        finished("create_transfer", ALICE, {"cid": 1, "amount": "0.10"}, {"transfer": ...}),
        b'{"token": "12qw", "task": {"action": "create_transfer", "data": {"cid": 1, "amount": 0.1}}}',
        headers=WAIT,
    ),
    Example(
        "an answer to an inquiry",
        200,
        finished("respond_inquiry", DAVE, {"id": 1, "answer": " OK", "closed": True}, {"inquiry": INQUIRY}),
        b'{"token":"78ui","task":{"action":"respond_inquiry","data":{"id":1,"answer":" OK","closed":true}}}',
        headers=WAIT,
    ),
    Example(
        "a task that fails",
        200,
        finished(
            "review_transfer",
            {"id": 2, "name": "Bob", "role": "Compliance"},
            {"id": 2, "approved": True},
            None,
            {
                "code": "level_too_low",
                "number": 4032,
                "message": "Este elemento requiere el nivel 2; el suyo es 1.",
                "params": {"required": 2, "yours": 1},
            },
        ),
        submission("34er", "review_transfer", id=2, approved=True),
        headers={**WAIT, "Accept-Language": "es"},
    ),
)

REFUSALS = (
    Example("no JSON", 400, problem(400, "malformed_json"), b'{"token": '),
    Example("a key twice", 400, problem(400, "malformed_json"), b'{"token": "12qw", "token": "12qw"}'),
    Example(
        "a wrong name",
        401,
        problem(401, "not_authenticated"),
        submission("12qw", "login", name="Bob"),
        answer_headers=UNAUTHENTICATED,
    ),
    Example(
        "an unknown token",
        401,
        problem(401, "not_authenticated"),
        submission("nobody", "get_customer", id=1),
        answer_headers=UNAUTHENTICATED,
    ),
    Example(
        "a token that has not logged in",
        401,
        problem(401, "login_required"),
        submission("90op", "get_customer", id=1),
        answer_headers=UNAUTHENTICATED,
    ),
    Example(
        "an action of another role", 403, problem(403, "not_permitted"), submission("12qw", "get_task", type="transfer")
    ),
    Example(
        "another method",
        405,
        problem(405, "method_not_allowed"),
        {},
        method="PUT",
        answer_headers={"Allow": re.compile(".*POST.*")},
    ),
    Example("an address that is none", 404, problem(404, "not_found"), path="/api/v2"),
    Example(
        "too large", 413, problem(413, "payload_too_large", limit=65_536), json.dumps({"token": "x" * 66_000}).encode()
    ),
    Example(
        "no application/json",
        415,
        problem(415, "unsupported_media_type"),
        b"token=12qw",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    ),
    Example("an unknown action", 422, problem(422, "unknown_action"), submission("12qw", "delete_customer", id=1)),
    Example(
        "every fault at once",
        422,
        problem(422, "invalid_request", ["task.data.cid", "task.data.amount", "task.data.colour"]),
        submission("12qw", "create_transfer", cid=0, amount="-1", colour="red"),
    ),
    Example(
        "two tokens that differ",
        422,
        problem(422, "invalid_request", ["token"]),
        submission("34er", "get_customer", id=1),
        headers=BEARER,
    ),
)

READINGS = (
    Example(
        "a task by its id",
        200,
        finished("create_transfer", ALICE, NEW_TRANSFER, {"transfer": TRANSFER}),
        path="/api/v1/tasks/{created}",
        headers={**BEARER, **WAIT},
        answer_headers={"Preference-Applied": "wait=10"},
    ),
    Example(
        "a task of somebody else",
        404,
        problem(404, "not_found"),
        path="/api/v1/tasks/{created}",
        headers={"Authorization": "Bearer 34er"},
    ),
    Example(
        "the newest task that succeeded",
        200,
        {"tasks": [...], "next_cursor": re.compile(".+")},
        path="/api/v1/tasks?limit=1&status=succeeded",
        headers=BEARER,
    ),
    Example(
        "tasks of a status that is none",
        422,
        problem(422, "invalid_request", ["query.status"]),
        path="/api/v1/tasks?status=lost",
        headers=BEARER,
    ),
    Example("tasks without a token", 401, problem(401, "not_authenticated"), path="/api/v1/tasks"),
)

BESIDE = (
    Example("the process is alive", 200, {"status": "alive"}, path="/healthz"),
    Example("it can do its work", 200, {"status": "ready"}, path="/readyz"),
    Example("metrics", 200, None, path="/metrics", answer_headers={"Content-Type": re.compile("text/plain.*")}),
    Example("the error catalogue", 200, {"errors": ...}, path="/api/v1/errors"),
    Example(
        "the documents of the API",
        200,
        None,
        path="/api/v1/docs",
        answer_headers={"Content-Type": re.compile("text/html.*")},
    ),
    Example("the first page", 200, None, path="/", answer_headers={"Content-Type": re.compile("text/html.*")}),
)

EXAMPLES = (*SUBMISSIONS, *REFUSALS, *READINGS, *BESIDE)


def difference(expected: Any, found: Any, path: str = "answer") -> str | None:
    """Where an answer is not what was promised, or None."""
    if expected is ...:
        return None
    if isinstance(expected, re.Pattern):
        matches = isinstance(found, str) and expected.fullmatch(found)
        return None if matches else f"{path}: {found!r} does not match {expected.pattern}"
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        if expected.keys() != found.keys():
            return f"{path}: members {sorted(found)} instead of {sorted(expected)}"
        faults = (difference(value, found[name], f"{path}.{name}") for name, value in expected.items())
        return next((fault for fault in faults if fault), None)
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        pairs = enumerate(zip(expected, found, strict=True))
        faults = (difference(one, other, f"{path}[{number}]") for number, (one, other) in pairs)
        return next((fault for fault in faults if fault), None)
    same = type(expected) is type(found) and expected == found
    return None if same else f"{path}: {found!r} instead of {expected!r}"
