"""Tasks as they are recorded before they execute, and as they are read."""

import base64
import json
from datetime import UTC, datetime
from typing import Any, TypedDict
from uuid import UUID

from services.contracts.action import ACTIONS
from services.contracts.errors import Code, Refusal
from services.contracts.task_ids import is_task_id
from services.contracts.tasks import Outcome, Task, utc_text
from services.contracts.validation import Invalid, fault
from services.info.outcomes import COLUMNS, outcome_of, shown
from services.info.requests import Request, request_of
from services.info.work import Row
from services.runtime.postgres.transaction import Conflict, Transaction

MOST_MISSED = 5_000
"""The most outcomes that a reconnecting client is told; the newest count."""

MOST_LISTED = 200


class Recorded(TypedDict):
    """A task that stands in the database."""

    id: str
    submitted_at: str


_RECORD = """
INSERT INTO task (id, action, data, operator_id, session_id, submitted_at, replay_of, publish_again_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, statement_timestamp() + %s * interval '1 second')
ON CONFLICT (id) DO NOTHING
"""

_KEY = """
INSERT INTO idempotency_key (operator_id, key, task_id, fingerprint) VALUES (%s, %s, %s, %s)
ON CONFLICT (operator_id, key) DO NOTHING
"""

_KEYED = """
SELECT keyed.fingerprint, task.id, task.submitted_at
FROM idempotency_key AS keyed JOIN task ON task.id = keyed.task_id
WHERE keyed.operator_id = %s AND keyed.key = %s
"""


def record(tx: Transaction, task: Task, key: str | None, fingerprint: str | None, republish_seconds: float) -> Recorded:
    """Record a task, and answer it. With a key that the operator used before it is the task recorded then.

    fingerprint: what has to be equal for it to be the same task
    republish_seconds: after this long without an outcome it is published again

    Keys are kept as long as their tasks. Raises ``Refusal``: ``idempotency_conflict``, or ``invalid_request`` for
    data that cannot be stored.
    """
    request = request_of(task)
    if request.refusal:
        raise Refusal(request.refusal["code"], request.refusal["params"])
    earlier = None if key is None else task_of_key(tx, request.operator_id, key, fingerprint or "", request.id)
    if earlier is not None:
        return earlier
    tx.execute(_RECORD, _values(request, republish_seconds))
    return {"id": request.id, "submitted_at": request.submitted_at}


def task_of_key(tx: Transaction, operator_id: int, key: str, fingerprint: str, task_id: str) -> Recorded | None:
    """The task that the operator used the key for before; None when it is new: it stands for ``task_id`` from now on.

    Raises ``Refusal`` (``idempotency_conflict``) when that was another task.
    """
    if tx.execute(_KEY, (operator_id, key, task_id, fingerprint)):
        return None
    # The key was taken by a transaction that has committed: the insert waited for it.
    row = tx.one(_KEYED, (operator_id, key))
    if row is None:
        # Its retention has ended in this moment.
        raise Conflict
    if row["fingerprint"] != fingerprint:
        raise Refusal(Code.IDEMPOTENCY_CONFLICT)
    return {"id": row["id"], "submitted_at": utc_text(row["submitted_at"])}


def _values(request: Request, republish_seconds: float) -> tuple[Any, ...]:
    return (
        request.id,
        request.action,
        json.dumps(request.data),
        request.operator_id,
        request.session_id,
        request.submitted_at,
        request.replay_of,
        republish_seconds,
    )


# An unfinished task shows its operator as he is now; a finished one as he was then.
_READ = f"""
SELECT {COLUMNS}, operator.name AS name_now, operator.role AS role_now
FROM task LEFT JOIN operator ON operator.id = task.operator_id
"""  # noqa: S608 - no values


def task(tx: Transaction, operator_id: int, task_id: str) -> dict[str, Any] | None:
    """The operator's own task as it reads now; None when it is not recorded. Raises ``Refusal`` (``not_found``)
    when it is another operator's, or no task's id."""
    if not is_task_id(task_id):
        raise Refusal(Code.NOT_FOUND)
    row = tx.one(_READ + "WHERE task.id = %s", (task_id,))
    if row is not None and row["operator_id"] != operator_id:
        raise Refusal(Code.NOT_FOUND)
    return None if row is None else _shown(row)


def _shown(row: Row) -> dict[str, Any]:
    if row["finished_at"] is None:
        row = {**row, "operator_name": row["name_now"], "operator_role": row["role_now"]}
    return shown(row)


def tasks_of(
    tx: Transaction,
    operator_id: int,
    limit: int = 50,
    cursor: str | None = None,
    status: str | None = None,
    reads: bool | None = None,
) -> dict[str, Any]:
    """The operator's own tasks, newest first: ``{"tasks": [...], "next_cursor": ...}``.

    limit:  1 to 200
    cursor: a ``next_cursor`` of this function
    reads:  only those that change nothing, or only the others

    Raises ``Refusal`` (``invalid_request``) for anything else.
    """
    _check_page(limit, status)
    rows = tx.query(
        _READ + "WHERE task.operator_id = %(operator)s AND (%(before)s IS NULL OR task.id < %(before)s::uuid) "
        "AND (%(status)s IS NULL OR task.status = %(status)s) "
        "AND (%(reads)s::bool IS NULL OR (task.action = ANY(%(reading)s)) = %(reads)s::bool) "
        "ORDER BY task.id DESC LIMIT %(limit)s",
        {
            "operator": operator_id,
            "before": _before(cursor),
            "status": status,
            "reads": reads,
            "reading": [action.name for action in ACTIONS.values() if action.reads],
            "limit": limit + 1,
        },
    )
    page = rows[:limit]
    more = len(rows) > limit
    return {"tasks": [_shown(row) for row in page], "next_cursor": _cursor(page[-1]["id"]) if more else None}


def _check_page(limit: int, status: str | None) -> None:
    faults = []
    if not 1 <= limit <= MOST_LISTED:
        faults.append(fault("less_than_equal" if limit > 0 else "greater_than_equal", "limit", le=MOST_LISTED, ge=1))
    if status not in (None, "accepted", "succeeded", "failed"):
        faults.append(fault("invalid", "status"))
    if faults:
        raise Invalid(faults)


def _cursor(task_id: str) -> str:
    return base64.urlsafe_b64encode(UUID(task_id).bytes).decode().rstrip("=")


def _before(cursor: str | None) -> str | None:
    if cursor is None:
        return None
    try:
        before = str(UUID(bytes=base64.b64decode(cursor + "==", altchars=b"-_", validate=True)))
    except ValueError:
        raise Invalid([fault("invalid", "cursor")]) from None
    return before


_FINISHED_SINCE = f"""
SELECT {COLUMNS} FROM task
WHERE operator_id = %s AND action <> ALL(%s)
    AND finished_at >= least(%s::timestamptz, statement_timestamp()) - interval '5 minutes'
ORDER BY finished_at DESC, id DESC LIMIT %s
"""  # noqa: S608 - no values


def finished_since(tx: Transaction, operator_id: int, task_id: str) -> list[Outcome]:
    """The outcomes that the operator may have missed after that of ``task_id``, in the order in which they ended.

    They begin 5 minutes before it, since one that ended earlier may have committed later; a task whose outcome is
    unknown counts from its submission, or from now where the clock that made its id is fast. Logins and logouts
    are not pushed, so they are not among them.
    Raises ``Refusal`` (``not_found``) when it is no task's id.
    """
    if not is_task_id(task_id):
        raise Refusal(Code.NOT_FOUND)
    row = tx.one("SELECT finished_at FROM task WHERE id = %s AND operator_id = %s", (task_id, operator_id))
    since = (row["finished_at"] if row else None) or _made_at(task_id)
    sessions = [action.name for action in ACTIONS.values() if action.session]
    rows = tx.query(_FINISHED_SINCE, (operator_id, sessions, since, MOST_MISSED))
    return [outcome_of(row) for row in reversed(rows)]


def _made_at(task_id: str) -> datetime:
    # A made-up id may claim a time that the calendar does not have.
    return datetime.fromtimestamp(min(UUID(task_id).int >> 80, 4_102_444_800_000) / 1000, UTC)
