"""A task's row as the services and clients read it."""

from typing import Any

from services.contracts.operators import Role
from services.contracts.sizes import LARGEST_RESULT
from services.contracts.tasks import Outcome, Task, utc_text
from services.info.requests import Request
from services.info.work import Row

_SIZE = "octet_length(task.result::text)"

COLUMNS = f"""
    task.id, task.action, task.data, task.operator_id, task.session_id, task.submitted_at, task.replay_of, task.status,
    task.operator_name, task.operator_role, CASE WHEN {_SIZE} <= {LARGEST_RESULT} THEN task.result END AS result,
    CASE WHEN {_SIZE} > {LARGEST_RESULT} THEN {_SIZE} END AS result_bytes, task.error, task.changes, task.finished_at
"""
"""Without a result that is larger than results may be: releases before this limit have stored some."""


def outcome_of(row: Row) -> Outcome:
    """The stored outcome of a finished task.

    Without the hash of a token: every gateway is told all outcomes, and can log in whose hash it knows.
    """
    outcome: Outcome = {
        "id": row["id"],
        "action": row["action"],
        "status": row["status"],
        "operator": {"id": row["operator_id"], "name": row["operator_name"] or "", "role": row["operator_role"] or ""},
        "data": {name: value for name, value in row["data"].items() if name != "token_hash"},
        "submitted_at": utc_text(row["submitted_at"]),
        "finished_at": utc_text(row["finished_at"]),
        "result": row["result"],
        "error": row["error"],
    }
    if row.get("result_bytes"):
        outcome["result_bytes"] = row["result_bytes"]
    return outcome


def without_result(outcome: Outcome) -> Outcome:
    """The outcome as it can be told when its result cannot."""
    return {**outcome, "data": {}, "result": None}


def shown(row: Row) -> dict[str, Any]:
    """A task as it reads, finished or not."""
    if row["finished_at"] is not None:
        return dict(outcome_of(row))
    return {**outcome_of({**row, "finished_at": row["submitted_at"]}), "finished_at": None}


def recorded_task(row: Row) -> Task:
    """A recorded task as the message that asks for it."""
    task: Task = {
        "id": row["id"],
        "action": row["action"],
        "data": row["data"],
        "operator_id": row["operator_id"],
        "session": row["session_id"] or "",
        "submitted_at": utc_text(row["submitted_at"]),
        "recorded": True,
    }
    if row["replay_of"]:
        task["replay_of"] = row["replay_of"]
    return task


def recorded_request(row: Row) -> Request:
    """A recorded task as it is executed: what was recorded counts, not what a later message says."""
    return Request(
        id=row["id"],
        action=row["action"],
        data=row["data"],
        operator_id=row["operator_id"],
        session_id=row["session_id"],
        submitted_at=utc_text(row["submitted_at"]),
        replay_of=row["replay_of"],
    )


def operator_shown(row: Row) -> dict[str, Any]:
    """An operator as answered to clients."""
    return {"id": row["id"], "name": row["name"], "role": Role(row["role"]).value, "level": row["level"]}
