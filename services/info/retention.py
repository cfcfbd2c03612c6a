"""Deleting finished tasks whose retention has ended. Their audit rows stay."""

import time

from services.runtime.postgres.database import Pool

AT_ONCE = 500
PAUSE_SECONDS = 0.05
"""Between two batches, so that the work of the day comes first."""

MOST_BATCHES = 200
"""In one go; what is left has time until the next."""


def delete_old_tasks(pool: Pool, retention_days: int) -> int:
    """Delete them, oldest first and some at a time, and answer how many; replicas that do so at once share the work.

    Raises ``DatabaseUnavailable``, or ``Conflict``.
    """
    deleted = 0
    for _ in range(MOST_BATCHES):
        with pool.transaction() as tx:
            (row,) = tx.query("SELECT delete_finished_tasks(%s, %s) AS count", (retention_days, AT_ONCE))
        deleted += row["count"]
        if row["count"] < AT_ONCE:
            break
        time.sleep(PAUSE_SECONDS)
    return deleted
