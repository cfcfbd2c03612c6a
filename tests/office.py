"""A back office in a database, for the tests of info: operators, sessions, tasks, and a way to execute them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from services.contracts.operators import Role
from services.contracts.task_ids import new_task_id
from services.contracts.tasks import ItemChange, Operation, Outcome, Task, now_text
from services.contracts.tokens import token_hash
from services.info import operators, sessions
from services.info.batch import Round, Rules
from services.info.execution import Executor
from services.info.operations.registry import OPERATIONS
from services.info.operations.registry import Operation as Declared
from services.info.work import Limits, Row
from services.runtime.postgres.database import Pool
from tests.parts import WAITING

IDLE_SECONDS = 3_600.0
RETENTION_DAYS = 7


class Office:
    """``alice`` is Admin, ``bob`` Compliance of level 1, ``carol`` of level 2, ``dave`` Service of level 1;
    all are logged in."""

    def __init__(self, url: str, connections: int = 6) -> None:
        self.url = url
        self.pool = Pool(url, connections, "backoffice_app", "backoffice test")
        self.ids: dict[str, int] = {}
        self.sessions: dict[str, str] = {}
        for name, role, level in (
            ("alice", Role.ADMIN, 1),
            ("bob", Role.COMPLIANCE, 1),
            ("carol", Role.COMPLIANCE, 2),
            ("dave", Role.SERVICE, 1),
        ):
            with self.pool.transaction() as tx:
                self.ids[name] = operators.add(
                    tx, name, role, level, "the tests", token=f"token-of-{name}-for-the-tests"
                ).id
            self.log_in(name)

    def log_in(self, name: str) -> sessions.Opened:
        """Open a session, or renew it."""
        with self.pool.transaction() as tx:
            opened = sessions.open_session(
                tx, token_hash(f"token-of-{name}-for-the-tests"), name, new_task_id(), now_text(), IDLE_SECONDS
            )
        self.sessions[name] = opened["identity"]["session"] or ""
        return opened

    def task(self, name: str, action: str, data: dict[str, Any] | None = None, **members: Any) -> Task:
        """A task of an operator in the session that is open."""
        task: dict[str, Any] = {
            "id": new_task_id(),
            "action": action,
            "data": data or {},
            "operator_id": self.ids[name],
            "session": self.sessions[name],
            "submitted_at": now_text(),
        }
        return task | members  # type: ignore[return-value]

    def executor(self, operations: Mapping[str, Declared] = OPERATIONS, pool: Pool | None = None) -> Executor:
        """An executor; another ``pool`` makes it another replica."""
        return Executor(pool or self.pool, Rules(operations, Limits(900, 5), IDLE_SECONDS, RETENTION_DAYS))

    def rounds(self, *tasks: Task, **options: Any) -> list[Round]:
        """Execute tasks as one batch."""
        return list(self.executor(**options).run([{"task": task} for task in tasks]))

    def run(self, *tasks: Task, **options: Any) -> list[Outcome]:
        """Execute tasks as one batch; their outcomes."""
        return outcomes_of(self.rounds(*tasks, **options))

    def do(self, name: str, action: str, data: dict[str, Any] | None = None) -> Outcome:
        """Execute one task."""
        (outcome,) = self.run(self.task(name, action, data))
        return outcome

    def ask(self, *operations: Operation) -> list[Outcome]:
        """Execute a batch as ``tasks`` asks for it."""
        return outcomes_of(list(self.executor().run(operations)))

    def add_customer(self) -> int:
        """A new customer's id."""
        result = self.do("alice", "create_customer", {"name": "Ada"})["result"]
        assert result
        return int(result["customer"]["id"])

    def add_transfer(self, level: int = 1) -> int:
        """A new transfer's id."""
        data = {"cid": self.add_customer(), "amount": "10.00", "level": level}
        result = self.do("alice", "create_transfer", data)["result"]
        assert result
        return int(result["transfer"]["id"])

    def query(self, sql: str, *params: Any) -> list[Row]:
        """Rows as info may read them."""
        with self.pool.transaction() as tx:
            return tx.query(sql, params or None)

    def value(self, sql: str, *params: Any) -> Any:
        """The one value that a query answers."""
        (row,) = self.query(sql, *params)
        (value,) = row.values()
        return value

    def somebody_waits(self) -> bool:
        """Whether a transaction waits for another to end."""
        return bool(self.value(WAITING))


def outcomes_of(rounds: list[Round]) -> list[Outcome]:
    """All outcomes of these rounds."""
    return [outcome for done in rounds for outcome in done.outcomes]


def changes_of(rounds: list[Round]) -> list[ItemChange]:
    """All changes of these rounds."""
    return [change for done in rounds for change in done.changes]


def code_of(outcome: Outcome) -> str | None:
    """Why it failed, or None."""
    return outcome["error"]["code"] if outcome["error"] else None


@contextmanager
def office_in(url: str) -> Iterator[Office]:
    """An office whose connections are closed at the end."""
    office = Office(url)
    try:
        yield office
    finally:
        office.pool.close()
