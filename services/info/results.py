"""The result of a task by itself, a piece at a time: some of earlier releases are too large to show with their task."""

from collections.abc import Iterator
from itertools import count

from services.contracts.task_ids import is_task_id
from services.runtime.postgres.transaction import Transaction

PIECE = 256 * 1024
"""Characters."""


class NoResultError(Exception):
    """There is none; the message is a sentence for the person who asked."""


def pieces(tx: Transaction, task_id: str) -> Iterator[str]:
    """The JSON text of a task's result, piece by piece. Raises ``NoResultError``."""
    for start in count(1, PIECE):
        piece = _piece(tx, task_id, start)
        if piece is None:
            raise NoResultError(f"There is no task {task_id} with a result.")
        if not piece:
            return
        yield piece


def _piece(tx: Transaction, task_id: str, start: int) -> str | None:
    if not is_task_id(task_id):
        return None
    row = tx.one("SELECT substr(result::text, %s, %s) AS piece FROM task WHERE id = %s", (start, PIECE, task_id))
    return row["piece"] if row else None
