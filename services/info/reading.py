"""One task that only reads: it reads one snapshot of the database, without a lock, and then its outcome is stored.

So nothing waits for it, however long it takes: no command of its operator, and no change of the operator's rights. A
task that is delivered twice reads twice; the outcome that is stored first is the task's.
"""

from dataclasses import replace

from services.info.admission import Admission
from services.info.batch import End, Round, Rules, attempt, conclude, take
from services.info.outcomes import COLUMNS, outcome_of, recorded_request
from services.info.requests import Request
from services.runtime import crash_points
from services.runtime.postgres.database import Pool

_RECORDED = f"SELECT {COLUMNS} FROM task WHERE id = %s"  # noqa: S608 - no values


def execute_read(pool: Pool, request: Request, rules: Rules) -> Round:
    """Execute the task unless it has an outcome. Raises whatever is neither its success nor a ``Refusal``."""
    with pool.snapshot() as tx:
        row = tx.one(_RECORDED, (request.id,))
        if row and row["finished_at"]:
            return Round(outcomes=[outcome_of(row)])
        if row:
            request = replace(recorded_request(row), refusal=request.refusal)
        admission = Admission(tx, [request], rules.operations, rules.idle_seconds, locks=False)
        end = attempt(tx, request, admission, rules)
    return _store(pool, end, admission.stale_sessions)


def _store(pool: Pool, end: End, sessions: set[str]) -> Round:
    with pool.transaction() as tx:
        finished, unfinished = take(tx, [end.request])
        done = conclude(tx, [end.request], finished, [end] if unfinished else [], sessions)
        crash_points.reached("info.executed")
    return done
