"""Publishing again what was recorded and has no outcome: its message may never have been sent, or was lost."""

from collections.abc import Callable

from services.contracts.events import TASKS_SUBMITTED
from services.contracts.tasks import Operation, Task
from services.info.outcomes import COLUMNS, recorded_task
from services.info.requests import internal_error
from services.runtime.postgres.database import Pool
from services.runtime.postgres.transaction import Transaction, uuid_array

AT_ONCE = 100
LONGEST_SECONDS = 3_600

FIRST = "00000000-0000-0000-0000-000000000000"

_LOCK = 0x72657075626C69
"""One replica at a time does this."""

_DUE = f"""
SELECT {COLUMNS} FROM task
WHERE publish_again_at <= statement_timestamp() + %s * interval '1 second' AND status = 'accepted' AND id > %s::uuid
ORDER BY id LIMIT %s
"""  # noqa: S608 - no values

# Each time the pause doubles, up to an hour.
_POSTPONE = """
UPDATE task SET published_again = published_again + 1,
    publish_again_at = statement_timestamp()
        + least(%s * 2.0 ^ least(published_again + 1, 20), %s) * interval '1 second'
WHERE id = ANY(%s::uuid[]) AND status = 'accepted'
"""


def republish(
    pool: Pool, republish_seconds: float, publish: Callable[[list[Task]], None], *, early: bool = False
) -> int:
    """Publish what is due, once, in the order of submission, and answer how much; 0 also while another replica does it.

    early: everything that has not finished, however recent (the broker has just been made anew)

    What ``publish`` raises passes through, and its tasks stay due.
    """
    published = 0
    ahead = LONGEST_SECONDS if early else 0
    last = FIRST
    while True:
        with pool.transaction() as tx:
            tasks = _due(tx, ahead, last)
            if not tasks:
                return published
            # The rows are not locked meanwhile: these tasks may be executed before all is confirmed.
            publish(tasks)
            tx.execute(_POSTPONE, (republish_seconds, LONGEST_SECONDS, uuid_array(task["id"] for task in tasks)))
        published += len(tasks)
        last = tasks[-1]["id"]
        if len(tasks) < AT_ONCE:
            return published


def ended_as_refused(task: Task) -> Operation:
    """What ends a recorded task that the broker will never take, and keeps it for an operator."""
    reason = "refused by the broker; the task is as it was recorded"
    return {
        "task": task,
        "refusal": internal_error(task["id"]),
        "dead_letter": {"queue": TASKS_SUBMITTED.queue, "reason": reason, "body": "", "encoding": "utf-8"},
    }


def _due(tx: Transaction, ahead: float, last: str) -> list[Task]:
    locked = tx.one("SELECT pg_try_advisory_xact_lock(%s) AS mine", (_LOCK,))
    if not locked or not locked["mine"]:
        return []
    return [recorded_task(row) for row in tx.query(_DUE, (ahead, last, AT_ONCE))]
