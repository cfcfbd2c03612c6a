"""Sessions: a token works from a login until its logout, its revocation, or a long idle time.

Every change locks the operator's row first, so an operator has at most one open session and a repeated call finds what
the first one did. Only tasks count as use; a page that is merely open does not keep a session alive.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypedDict

from services.contracts.action import ACTIONS
from services.contracts.actions import Login, Logout
from services.contracts.characters import normal
from services.contracts.errors import Code, Refusal
from services.contracts.idempotency import fingerprint
from services.contracts.operators import Role
from services.contracts.tasks import Identity, Outcome, Rights, Task
from services.contracts.tokens import unmarked
from services.info import audit, task_store, turns, work
from services.info.demo_mark import is_demo
from services.info.outcomes import COLUMNS, operator_shown, outcome_of
from services.info.requests import Malformed, Request, request_of
from services.info.work import AuditEntry, Row
from services.runtime.postgres.transaction import Transaction


class Opened(TypedDict):
    """A login that worked."""

    outcome: Outcome
    identity: Identity


_OPERATOR = "SELECT id, name, role, level, active FROM operator "

_OPEN = """
SELECT id, last_used_at > statement_timestamp() - %s * interval '1 second' AS live
FROM session WHERE operator_id = %s AND ended_at IS NULL
"""


_END_ALL = """
UPDATE session SET ended_at = statement_timestamp() WHERE operator_id = %s AND ended_at IS NULL RETURNING id
"""


def identify(tx: Transaction, token_hash: str, idle_seconds: float) -> Identity | None:
    """Whose token it is, with the open session if there is one. None: unknown, or the operator is disabled.

    token_hash: as ``presented_hash`` returned it
    """
    operator = tx.one(_OPERATOR + "WHERE token_hash = %s AND active", (_stored(tx, token_hash),))
    return None if operator is None else _identity(tx, operator, idle_seconds)


_RIGHTS = """
SELECT operator.id, role, level, session.id AS session
FROM operator LEFT JOIN session ON session.operator_id = operator.id AND session.ended_at IS NULL
    AND session.last_used_at > statement_timestamp() - %s * interval '1 second'
WHERE operator.id = ANY(%s) AND active
"""


def rights(tx: Transaction, operator_ids: Sequence[int], idle_seconds: float) -> list[Rights]:
    """What these operators may see now; a disabled one is left out."""
    rows = tx.query(_RIGHTS, (idle_seconds, list(operator_ids)))
    return [Rights(id=row["id"], role=row["role"], level=row["level"], session=row["session"]) for row in rows]


def operator(tx: Transaction, operator_id: int) -> dict[str, Any] | None:
    """``id``, ``name``, ``role``, ``level`` and ``active`` of an operator, or None."""
    return tx.one(_OPERATOR + "WHERE id = %s", (operator_id,))


def open_session(
    tx: Transaction,
    token_hash: str,
    name: str,
    task_id: str,
    submitted_at: str,
    idle_seconds: float,
    key: str | None = None,
) -> Opened:
    """Log in: record the task, and open a session or keep the one that is open. Repeated with the same task id, or the
    same idempotency key, it answers what it did.

    Raises ``Refusal``: ``not_authenticated`` or ``idempotency_conflict``.
    """
    digest = _stored(tx, token_hash)
    known = tx.one(_OPERATOR + "WHERE token_hash = %s", (digest,))
    turns.alone(tx, [known["id"]] if known else [])
    operator = tx.one(_OPERATOR + "WHERE token_hash = %s FOR UPDATE", (digest,))
    if operator is None or normal(operator["name"]) != normal(name) or not operator["active"]:
        raise Refusal(Code.NOT_AUTHENTICATED)
    request = _request(Login.name, {"name": name}, operator, "", task_id, submitted_at)
    request = _keyed(tx, request, key)
    outcome = _outcome_stored(tx, request)
    if outcome is None:
        event = _renew_or_open(tx, operator, idle_seconds)
        actions = [action.name for action in ACTIONS.values() if Role(operator["role"]) in action.roles]
        outcome = _record(tx, request, operator, event, {"operator": operator_shown(operator), "actions": actions})
    return {"outcome": outcome, "identity": _identity(tx, operator, idle_seconds)}


def end_session(tx: Transaction, task: Task, idle_seconds: float, key: str | None = None) -> Outcome:
    """Log out: record the task and end its session. Repeated with the same task id, or the same idempotency key, it
    answers what it did.

    Raises ``Refusal``: ``login_required`` when the session is not open, or ``idempotency_conflict``.
    """
    turns.alone(tx, [task["operator_id"]])
    operator = tx.one(_OPERATOR + "WHERE id = %s FOR UPDATE", (task["operator_id"],))
    if operator is None:
        raise Refusal(Code.LOGIN_REQUIRED)
    request = _request(Logout.name, {}, operator, task["session"], task["id"], task["submitted_at"])
    request = _keyed(tx, request, key)
    outcome = _outcome_stored(tx, request)
    if outcome is not None:
        return outcome
    session = tx.one(_OPEN, (idle_seconds, operator["id"]))
    if session is None or not session["live"] or session["id"] != request.session_id or not operator["active"]:
        raise Refusal(Code.LOGIN_REQUIRED)
    end_all(tx, operator["id"])
    return _record(tx, request, operator, "session_ended", {"operator": operator_shown(operator)})


def end_all(tx: work.Transaction, operator_id: int) -> int:
    """End the operator's open session; how many there were. The operator's row has to be locked."""
    return len(tx.query(_END_ALL, (operator_id,)))


def _stored(tx: Transaction, presented: str) -> str:
    """The hash as it is stored. A weak token's keeps its mark, which no row has, unless the database is a demo."""
    digest, weak = unmarked(presented)
    return presented if weak and not is_demo(tx) else digest


def _renew_or_open(tx: Transaction, operator: Row, idle_seconds: float) -> str:
    session = tx.one(_OPEN, (idle_seconds, operator["id"]))
    if session and session["live"]:
        tx.execute("UPDATE session SET last_used_at = statement_timestamp() WHERE id = %s", (session["id"],))
        return "session_renewed"
    if session:
        end_all(tx, operator["id"])
    tx.execute("INSERT INTO session (operator_id) VALUES (%s)", (operator["id"],))
    return "session_opened"


def _identity(tx: Transaction, operator: Row, idle_seconds: float) -> Identity:
    session = tx.one(_OPEN, (idle_seconds, operator["id"]))
    return {
        "id": operator["id"],
        "name": operator["name"],
        "role": operator["role"],
        "level": operator["level"],
        "session": session["id"] if session and session["live"] else None,
    }


def _request(
    action: str, data: dict[str, Any], operator: Row, session: str, task_id: str, submitted_at: str
) -> Request:
    return request_of(
        {
            "id": task_id,
            "action": action,
            "data": data,
            "operator_id": operator["id"],
            "session": session,
            "submitted_at": submitted_at,
        }
    )


def _keyed(tx: Transaction, request: Request, key: str | None) -> Request:
    """The request under the id of the task that the key was used for before, if it was."""
    if key is None:
        return request
    asked = fingerprint(request.action, request.data)
    earlier = task_store.task_of_key(tx, request.operator_id, key, asked, request.id)
    return replace(request, id=earlier["id"]) if earlier else request


def _outcome_stored(tx: Transaction, request: Request) -> Outcome | None:
    row = tx.one(f"SELECT {COLUMNS} FROM task WHERE id = %s", (request.id,))  # noqa: S608 - no values
    if row is None:
        return None
    if (row["operator_id"], row["action"]) != (request.operator_id, request.action) or not row["finished_at"]:
        raise Malformed("another task has this id")
    return outcome_of(row)


_RECORD = f"""
INSERT INTO task (id, action, data, operator_id, session_id, submitted_at, status,
    operator_name, operator_role, result, finished_at)
VALUES (%s, %s, %s, %s, %s, %s, 'succeeded', %s, %s, %s, statement_timestamp())
RETURNING {COLUMNS}
"""  # noqa: S608 - no values


def _record(tx: Transaction, request: Request, operator: Row, event: str, result: dict[str, Any]) -> Outcome:
    entry = AuditEntry("operator", operator["id"], event, None, operator_shown(operator))
    audit.write(tx, [(audit.Author(operator["id"], request.id), entry)])
    (row,) = tx.query(
        _RECORD,
        (
            request.id,
            request.action,
            json.dumps(request.data),
            operator["id"],
            request.session_id,
            request.submitted_at,
            operator["name"],
            operator["role"],
            json.dumps(result),
        ),
    )
    return outcome_of(row)
