"""Tasks as they are recorded before they execute, and as they are read."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypedDict
from uuid import UUID

from services.contracts.action import ACTIONS
from services.contracts.errors import Code, Refusal
from services.contracts.task_ids import is_task_id
from services.contracts.tasks import Outcome, Task, utc_text
from services.contracts.validation import Invalid, fault
from services.info.outcomes import COLUMNS, outcome_of, shown
from services.info.paging import a_time, cursor_of, page, values_of
from services.info.requests import Request, request_of, uuid_or_none
from services.info.work import Row
from services.runtime.postgres.transaction import Conflict, Transaction

MOST_MISSED = 5_000
"""The most outcomes that a reconnecting client is told; the newest count."""

MOST_LISTED = 200

PORTION = 10
"""Outcomes that are read at a time."""


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


_TASKS_OF = (
    _READ + "WHERE task.operator_id = %(operator)s AND (%(before)s IS NULL OR task.id < %(before)s::uuid) "
    "AND (%(status)s IS NULL OR task.status = %(status)s) "
    "AND (%(reads)s::bool IS NULL OR (task.action = ANY(%(reading)s)) = %(reads)s::bool) "
    "ORDER BY task.id DESC LIMIT %(limit)s"
)


def tasks_of(
    tx: Transaction,
    operator_id: int,
    limit: int = 50,
    cursor: str | None = None,
    status: str | None = None,
    reads: bool | None = None,
) -> dict[str, Any]:
    """The operator's own tasks, newest first: ``{"tasks": [...], "next_cursor": ...}``.

    limit:  1 to 200; large tasks are fewer (``services.info.paging``)
    cursor: a ``next_cursor`` of this function
    reads:  only those that change nothing, or only the others

    Raises ``Refusal`` (``invalid_request``) for anything else.
    """
    _check_page(limit, status)
    params = {
        "operator": operator_id,
        "status": status,
        "reads": reads,
        "reading": [action.name for action in ACTIONS.values() if action.reads],
    }

    def read(before: str | None, count: int) -> list[Row]:
        return tx.query(_TASKS_OF, params | {"before": before, "limit": count})

    tasks, last = page(read, lambda row: str(row["id"]), _shown, limit, _before(cursor), PORTION)
    return {"tasks": tasks, "next_cursor": None if last is None else _cursor(last)}


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


class Missed(TypedDict):
    """Outcomes that may have been missed, in the order in which they ended; ``next_cursor`` leads to those after."""

    outcomes: list[Outcome]
    next_cursor: str | None


_MISSED = f"""
SELECT {COLUMNS} FROM task
WHERE operator_id = %(operator)s AND action <> ALL(%(sessions)s) AND finished_at IS NOT NULL
    AND (finished_at, id) > (%(finished_at)s, %(id)s::uuid)
ORDER BY finished_at, id LIMIT %(limit)s
"""  # noqa: S608 - no values

_Place = tuple[datetime, str]
"""When an outcome's task ended, and its id."""


def missed(tx: Transaction, operator_id: int, task_id: str, cursor: str = "") -> Missed:
    """The outcomes that the operator may have missed after that of ``task_id``, a page at a time; the newest
    ``MOST_MISSED`` of them.

    They begin 5 minutes before it, since one that ended earlier may have committed later; a task whose outcome is
    unknown counts from its submission, or from now where the clock that made its id is fast. Logins and logouts
    are not pushed, so they are not among them.

    cursor: a ``next_cursor`` of this function; empty for the first page

    Raises ``Refusal``: ``not_found`` when it is no task's id, ``invalid_request`` for another cursor.
    """
    if not is_task_id(task_id):
        raise Refusal(Code.NOT_FOUND)
    asked = {
        "operator": operator_id,
        "sessions": [action.name for action in ACTIONS.values() if action.session],
    }

    def read(after: _Place | None, count: int) -> list[Row]:
        assert after is not None
        return tx.query(_MISSED, asked | {"finished_at": after[0], "id": after[1], "limit": count})

    after = _place(cursor) if cursor else (_beginning(tx, asked, task_id), _FIRST)
    outcomes, last = page(read, _place_of, outcome_of, MOST_MISSED, after, PORTION)
    return {"outcomes": outcomes, "next_cursor": cursor_of(utc_text(last[0]), last[1]) if last else None}


def _place(cursor: str) -> _Place:
    finished_at, last = values_of(cursor, a_time, _an_uuid)
    return finished_at, last


def _place_of(row: Row) -> _Place:
    return row["finished_at"], row["id"]


def _an_uuid(value: Any) -> str:
    """Reads a task's id out of a cursor."""
    if not uuid_or_none(value):
        raise ValueError
    return str(value)


_FIRST = "00000000-0000-0000-0000-000000000000"
"""Before every id."""

_BEGINNING = """
WITH reach AS (SELECT least(%(since)s::timestamptz, statement_timestamp()) - interval '5 minutes' AS since)
SELECT since, (
    SELECT finished_at FROM task
    WHERE operator_id = %(operator)s AND action <> ALL(%(sessions)s) AND finished_at >= since
    ORDER BY finished_at DESC, id DESC OFFSET %(most)s LIMIT 1) AS oldest
FROM reach
"""


def _beginning(tx: Transaction, asked: Mapping[str, Any], task_id: str) -> datetime:
    """When the first of the outcomes ended that count, or before."""
    row = tx.one("SELECT finished_at FROM task WHERE id = %s AND operator_id = %s", (task_id, asked["operator"]))
    since = (row["finished_at"] if row else None) or _made_at(task_id)
    (found,) = tx.query(_BEGINNING, {**asked, "since": since, "most": MOST_MISSED - 1})
    beginning: datetime = found["oldest"] or found["since"]
    return beginning


def _made_at(task_id: str) -> datetime:
    # A made-up id may claim a time that the calendar does not have.
    return datetime.fromtimestamp(min(UUID(task_id).int >> 80, 4_102_444_800_000) / 1000, UTC)
