"""The audit: rows that are written with the change they tell of, and never changed."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from services.info.work import AuditEntry
from services.runtime.postgres.transaction import Transaction


@dataclass(frozen=True)
class Author:
    """Who made a change: an operator by a task, or an administrator at the command line (``actor``)."""

    operator_id: int | None = None
    task_id: str | None = None
    actor: str | None = None


_WRITE = """
INSERT INTO audit (operator_id, task_id, actor, entity, entity_id, event, before, after)
SELECT operator_id, task_id, actor, entity, entity_id, event, before, after
FROM json_to_recordset(%s) AS entry (
    operator_id bigint, task_id uuid, actor text, entity text, entity_id bigint, event text, before jsonb, after jsonb,
    position bigint)
ORDER BY position
"""


def write(tx: Transaction, entries: Sequence[tuple[Author, AuditEntry]]) -> None:
    """Add rows, in order, with one statement."""
    if entries:
        rows = [
            {**vars(author), **vars(entry), "position": position} for position, (author, entry) in enumerate(entries)
        ]
        tx.execute(_WRITE, (json.dumps(rows),))
