"""A desk for tests of the rules: staff of any role and level on a real database, whose tasks run as in info."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import psycopg2
from psycopg2.extras import RealDictCursor

from services.contracts.operators import Role
from services.contracts.task_ids import new_task_id
from services.contracts.tasks import ItemChange, Operation, Outcome, now_text
from services.contracts.tokens import new_token, token_hash
from services.info.batch import Rules
from services.info.execution import Executor
from services.info.operations.registry import OPERATIONS
from services.info.work import Limits
from services.runtime.postgres.database import Pool

CLAIM_SECONDS = 900


@dataclass(frozen=True)
class Staff:
    """An operator as hired, with an open session."""

    id: int
    name: str
    session: str


class Desk:
    """Runs tasks through the executor, and looks at or arranges the database as its owner.

    changes: every change of an item that was to be said, in order
    """

    def __init__(self, url: str, max_claims: int = 5, connections: int = 2, limits: Limits | None = None) -> None:
        limits = limits or Limits(CLAIM_SECONDS, max_claims)
        self.rules = Rules(OPERATIONS, limits, idle_seconds=43_200, retention_days=30)
        # What a test writes need not outlive a crash of the machine.
        url += "?options=-csynchronous_commit%3Doff"
        self._owner = psycopg2.connect(url)
        self._owner.autocommit = True
        self.pool = Pool(url, connections, "backoffice_app", "backoffice test")
        self.executor = Executor(self.pool, self.rules)
        self.changes: list[ItemChange] = []

    def close(self) -> None:
        """Let go of the database."""
        self._owner.close()
        self.pool.close()

    def sql(self, statement: str, *params: Any) -> list[dict[str, Any]]:
        """Run a statement as the database's owner; its rows."""
        with self._owner.cursor(cursor_factory=RealDictCursor) as cursor:
            cursor.execute(statement, params or None)
            return [dict(row) for row in cursor.fetchall()] if cursor.description else []

    def hire(self, name: str, role: Role, level: int = 1) -> Staff:
        """A new operator who has logged in."""
        (operator,) = self.sql(
            "INSERT INTO operator (name, role, level, token_hash) VALUES (%s, %s, %s, %s) RETURNING id",
            name,
            role.value,
            level,
            token_hash(new_token()),
        )
        (session,) = self.sql("INSERT INTO session (operator_id) VALUES (%s) RETURNING id::text", operator["id"])
        return Staff(operator["id"], name, session["id"])

    def request(self, staff: Staff, action: str, data: Mapping[str, Any]) -> Operation:
        """The task as ``tasks`` asks for it."""
        return {
            "task": {
                "id": new_task_id(),
                "action": action,
                "data": dict(data),
                "operator_id": staff.id,
                "session": staff.session,
                "submitted_at": now_text(),
            }
        }

    def run(self, staff: Staff, action: str, /, **data: Any) -> Outcome:
        """Execute one task."""
        (done,) = self.executor.run([self.request(staff, action, data)])
        (outcome,) = done.outcomes
        self.changes += done.changes
        return outcome

    def done(self, staff: Staff, action: str, /, **data: Any) -> dict[str, Any]:
        """Execute one task, which has to succeed; its result."""
        outcome = self.run(staff, action, **data)
        assert outcome["error"] is None, outcome["error"]
        assert outcome["result"] is not None
        return outcome["result"]

    def refused(self, staff: Staff, action: str, /, **data: Any) -> tuple[str, dict[str, Any]]:
        """Execute one task, which has to fail; the code and the parameters of its error."""
        outcome = self.run(staff, action, **data)
        assert outcome["error"] is not None, outcome["result"]
        return outcome["error"]["code"], outcome["error"]["params"]
