"""One batch of tasks in one transaction: each takes effect once and ends in one outcome."""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from psycopg2.errors import QueryCanceled

from services.contracts.action import Action
from services.contracts.errors import Code, Refusal
from services.contracts.sizes import LARGEST_RESULT, parts, size_of, to_json
from services.contracts.task_ids import age
from services.contracts.tasks import ItemChange, Outcome, TaskError
from services.contracts.validation import parse_data
from services.info import audit, dead_letters
from services.info.admission import Admission
from services.info.figures import Figures
from services.info.operations.registry import Operation
from services.info.outcomes import COLUMNS, outcome_of, recorded_request
from services.info.requests import Asked, Malformed, Request, as_error, internal_error
from services.info.work import Limits, Operator, Row, Work
from services.runtime.postgres.transaction import STATEMENT_SECONDS, Transaction, uuid_array

log = logging.getLogger(__name__)

STORED_AT_ONCE = 2 * 1024 * 1024
"""Bytes of outcomes that one statement stores: drivers copy a statement some times."""


@dataclass(frozen=True)
class Rules:
    """What a batch is executed by.

    idle_seconds:   a session unused for longer is no longer open
    retention_days: a task submitted longer ago never executes
    query_seconds:  how long a statement of a task that only reads may take
    figures:        what was counted a moment ago
    """

    operations: Mapping[str, Operation]
    limits: Limits
    idle_seconds: float
    retention_days: float
    query_seconds: float = STATEMENT_SECONDS
    figures: Figures = field(default_factory=Figures)


@dataclass
class Round:
    """What has committed, to be said.

    stored:   the outcomes that were not there before
    sessions: those whose last use has not been noted for a while
    """

    outcomes: list[Outcome] = field(default_factory=list)
    changes: list[ItemChange] = field(default_factory=list)
    stored: list[Outcome] = field(default_factory=list)
    sessions: set[str] = field(default_factory=set)


@dataclass
class End:
    """How a task ended, not yet stored."""

    request: Request
    operator: Operator | None
    result: dict[str, object] | None = None
    error: TaskError | None = None
    work: Work | None = None


def execute(tx: Transaction, asked: Sequence[Asked], rules: Rules) -> Round:
    """Execute what was asked, no task twice in it, in order, and store what came of it.

    A task that has an outcome already is answered with that, and nothing is done. Raises whatever is neither a
    task's success nor a ``Refusal``; then the transaction must not be committed.
    """
    dead_letters.keep(tx, [(entry.dead_letter, entry.request) for entry in asked if entry.dead_letter])
    requests = [entry.request for entry in asked if entry.request]
    if not requests:
        return Round()
    finished, to_do = take(tx, requests)
    admission = Admission(tx, to_do, rules.operations, rules.idle_seconds)
    ends = [attempt(tx, request, admission, rules) for request in to_do]
    return conclude(tx, requests, finished, ends, admission.stale_sessions)


def conclude(
    tx: Transaction, requests: Sequence[Request], finished: dict[str, Row], ends: Sequence[End], sessions: set[str]
) -> Round:
    """Store how tasks ended, and return what is to be published of all ``requests`` once that has committed."""
    stored = _store(tx, ends)
    finished |= stored
    rows = [finished[request.id] for request in requests]
    outcomes = [outcome_of(row) for row in rows]
    return Round(
        outcomes=outcomes,
        stored=[outcome for outcome in outcomes if outcome["id"] in stored],
        changes=[change for row in rows for change in row["changes"] or ()],
        sessions=sessions,
    )


_INSERT = """
INSERT INTO task (id, action, data, operator_id, session_id, submitted_at, replay_of)
SELECT id, action, data, operator_id, session_id, submitted_at, replay_of
FROM json_to_recordset(%s) AS request (
    id uuid, action text, data json, operator_id bigint, session_id uuid, submitted_at timestamptz, replay_of uuid)
ORDER BY id
ON CONFLICT (id) DO NOTHING
RETURNING id
"""


def take(tx: Transaction, requests: Sequence[Request]) -> tuple[dict[str, Row], list[Request]]:
    """Make these tasks this transaction's own: a duplicate that is being executed elsewhere is waited for.

    Answers the rows of those that have finished, and the others in order, as they were first recorded.
    """
    rows = [{name: getattr(request, name) for name in _TASK_COLUMNS} for request in requests]
    new = {row["id"] for row in tx.query(_INSERT, (json.dumps(rows),))}
    known = [request.id for request in requests if request.id not in new]
    if not known:
        return {}, list(requests)
    locked = tx.query(
        f"SELECT {COLUMNS} FROM task WHERE id = ANY(%s::uuid[]) ORDER BY id FOR UPDATE",  # noqa: S608 - no values
        (uuid_array(known),),
    )
    finished = {row["id"]: row for row in locked if row["finished_at"]}
    recorded = {row["id"]: recorded_request(row) for row in locked if not row["finished_at"]}
    to_do = [_as_recorded(request, recorded) for request in requests if request.id not in finished]
    return finished, to_do


_TASK_COLUMNS = ("id", "action", "data", "operator_id", "session_id", "submitted_at", "replay_of")


def _as_recorded(request: Request, recorded: Mapping[str, Request]) -> Request:
    if request.id not in recorded:
        return request
    return replace(recorded[request.id], refusal=request.refusal)


def attempt(tx: Transaction, request: Request, admission: Admission, rules: Rules) -> End:
    """Execute one task, unless it may not be. What it did is undone when it fails."""
    operator = admission.operators.get(request.operator_id)
    if request.refusal:
        return End(request, operator, error=request.refusal)
    if age(request.id) > rules.retention_days * 86_400:
        log.error("task %s is older than the retention, so it does not execute", request.id)
        return End(request, operator, error=internal_error(request.id))
    operation = rules.operations.get(request.action)
    if operation is None:
        raise Malformed(f"task {request.id} asks for an action without an operation")
    try:
        work = Work(tx, request.id, admission.admit(request, operation.action), rules.limits, rules.figures)
        data = parse_data(operation.action, request.data, largest_level=rules.limits.largest_level)
        with tx.savepoint(_statement_seconds(operation.action, request, rules)):
            result = operation.function(work, data)
            _check_size(result)
    except Refusal as refusal:
        return End(request, operator, error=as_error(refusal))
    except QueryCanceled:
        if not (operation.action.reads or operation.action.searches(request.data)):
            raise
        return End(request, operator, error=as_error(Refusal(Code.QUERY_TOO_SLOW)))
    if work.operators_changed:
        admission.read_again(tx, work.operators_changed)
    return End(request, operator, result=result, work=work)


def _statement_seconds(action: type[Action], request: Request, rules: Rules) -> float:
    if action.reads:
        return rules.query_seconds
    # Commands wait for it. Still longer than a lock is waited for, which is a conflict and is repeated.
    return rules.query_seconds / 2 if action.searches(request.data) else STATEMENT_SECONDS


def _check_size(result: Mapping[str, object]) -> None:
    """Raises ``Refusal`` (``result_too_large``)."""
    size = size_of(result)
    if size > LARGEST_RESULT:
        raise Refusal(Code.RESULT_TOO_LARGE, {"size": size, "limit": LARGEST_RESULT})


_STORE = """
UPDATE task SET status = outcome.status, operator_name = outcome.operator_name, operator_role = outcome.operator_role,
    result = outcome.result, error = outcome.error, changes = outcome.changes,
    finished_at = statement_timestamp(), publish_again_at = NULL
FROM json_to_recordset(%s) AS outcome (
    id uuid, status text, operator_name text, operator_role text, result json, error json, changes json)
WHERE task.id = outcome.id AND task.status = 'accepted'
RETURNING task.id, task.submitted_at, task.finished_at
"""


def _store(tx: Transaction, ends: Sequence[End]) -> dict[str, Row]:
    """Write audit and outcomes; the rows of the tasks, now finished."""
    if not ends:
        return {}
    audit.write(
        tx,
        [
            (audit.Author(end.work.operator.id, end.work.task_id), entry)
            for end in ends
            if end.work
            for entry in end.work.entries
        ],
    )
    outcomes = {end.request.id: _row(end) for end in ends}
    in_json = [to_json(outcome) for outcome in outcomes.values()]
    stored: dict[str, Row] = {}
    for part in parts(map(len, in_json), STORED_AT_ONCE, len(in_json)):
        stored |= {row["id"]: row for row in tx.query(_STORE, (f"[{b','.join(in_json[part]).decode()}]",))}
    return {end.request.id: {**vars(end.request), **outcomes[end.request.id], **stored[end.request.id]} for end in ends}


def _row(end: End) -> Row:
    return {
        "id": end.request.id,
        "status": "failed" if end.error else "succeeded",
        "operator_name": end.operator.name if end.operator else None,
        "operator_role": end.operator.role.value if end.operator else None,
        "result": end.result,
        "error": end.error,
        "changes": end.work.changes if end.work and end.work.changes else None,
    }
