"""The service that has the database: it executes tasks, keeps what is true, and tells what changed."""

import json
import logging
from collections.abc import Mapping
from typing import Any

from nameko.containers import ServiceContainer

from services.contracts.errors import Code, Refusal
from services.contracts.events import (
    ITEMS_CHANGED,
    OPERATIONS_DONE,
    OPERATIONS_REQUESTED,
    OPERATORS_CHANGED,
    READS_REQUESTED,
    TASKS_SUBMITTED,
    Service,
)
from services.contracts.operators import Role
from services.contracts.tasks import Identity, ItemChange, Operation, OperatorChange, Outcome, Rights, Task
from services.info import look_alikes, releases, seals, sessions, task_store, unfolded
from services.info.batch import Rules
from services.info.board import Waiting
from services.info.desk import Desk
from services.info.execution import Executor
from services.info.metrics import Metrics, show_board
from services.info.operations.registry import OPERATIONS
from services.info.outcomes import without_result
from services.info.republish import ended_as_refused, republish
from services.info.retention import delete_old_tasks
from services.info.work import Limits
from services.runtime import crash_points
from services.runtime.configuration import Config, monitoring_of
from services.runtime.failures import Unavailable
from services.runtime.messaging.batches import consume
from services.runtime.messaging.broadcasts import connected, listen
from services.runtime.messaging.broker import Refused
from services.runtime.messaging.events import Events, Speaker
from services.runtime.messaging.fair import consume_fairly
from services.runtime.postgres.database import Database, Pool
from services.runtime.postgres.notifications import notified
from services.runtime.rpc.server import Caller, rpc
from services.runtime.settings import Settings
from services.runtime.singleton import Singleton
from services.runtime.telemetry.tracing import Traced, Tracing
from services.runtime.timer import every

log = logging.getLogger(__name__)

EVERYONE: OperatorChange = {"id": 0, "ended": False}
"""Said when changes may have been missed: whatever is remembered of any operator is void."""


READS_AT_ONCE = 2
"""Tasks that only read, executed side by side in one process."""


def _operator_of(entry: Mapping[str, Any]) -> int | None:
    """Whose task an operation is for; None when that cannot be read."""
    task = entry.get("task")
    operator_id = task.get("operator_id") if isinstance(task, Mapping) else None
    return operator_id if isinstance(operator_id, int) else None


def _desk(container: ServiceContainer) -> Desk:
    """A desk whose board is shown among the metrics."""
    desk = Desk()
    show_board(monitoring_of(container).measures, desk.shelves)
    return desk


class InfoService:
    """``info``: see README.md in this folder."""

    name = Service.INFO.value

    database: Pool = Database()
    events: Speaker = Events()
    settings: Settings = Config()
    desk: Desk = Singleton(_desk)
    reported: set[look_alikes.LookAlike] = Singleton(lambda container: set())
    metrics: Metrics = Singleton(lambda container: Metrics(monitoring_of(container).measures))
    traced: Tracing = Traced()

    # --- the loop

    @consume(OPERATIONS_REQUESTED)
    def execute(self, entries: list[Operation]) -> None:
        """Execute a batch and publish its outcomes, as far as it has committed."""
        self._execute(entries)

    @consume_fairly(READS_REQUESTED, _operator_of, at_once=READS_AT_ONCE)
    def read(self, entries: list[Operation]) -> None:
        """Execute a task that only reads, and publish its outcome."""
        self._execute(entries)

    def _execute(self, entries: list[Operation]) -> None:
        for done in self._executor().run(entries):
            self.metrics.stored(done.stored)
            self._tell(done.outcomes)
            crash_points.reached("info.told")
            self._tell_changes(done.changes)

    @rpc(with_caller=True)
    def exec_db_task(self, task: Task, *, caller: Caller) -> Outcome:
        """Execute one task and answer its outcome. Raises ``Refusal`` (``not_permitted``) unless ``tasks`` calls."""
        user = self.settings.tasks_broker_user
        if caller.user_id != user if user else caller.service != Service.TASKS:
            log.warning("exec_db_task was called by %s as %s", caller.service, caller.user_id)
            raise Refusal(Code.NOT_PERMITTED)
        outcomes = []
        for done in self._executor().run([{"task": task}]):
            self.metrics.stored(done.stored)
            outcomes += done.outcomes
            self._tell_changes(done.changes)
        return outcomes[0]

    def _tell(self, outcomes: list[Outcome]) -> None:
        """Say outcomes; those that the broker refuses without their results, which stay where they are stored."""
        try:
            self.events.say(OPERATIONS_DONE, outcomes)
        except Refused as refused:
            log.error("the broker refuses %d outcomes; they are told without their results", len(refused.items))  # noqa: TRY400
            self.events.say(OPERATIONS_DONE, [without_result(outcome) for outcome in refused.items])

    def _tell_changes(self, changes: list[ItemChange]) -> None:
        """Say what changed. A service that misses a change reads it within a minute."""
        try:
            self.events.say(ITEMS_CHANGED, changes)
        except Refused as refused:
            log.error("the broker refuses %d changes of items", len(refused.items))  # noqa: TRY400

    def _executor(self) -> Executor:
        limits = Limits(
            self.settings.claim_seconds,
            self.settings.max_claims,
            self.settings.longest_claim_seconds,
            self.settings.largest_level,
        )
        idle, retention = self.settings.session_idle_seconds, self.settings.retention_days
        rules = Rules(OPERATIONS, limits, idle, retention, self.settings.query_seconds, self.desk.figures)
        return Executor(self.database, rules)

    # --- who

    @rpc
    def identify(self, token_hash: str) -> Identity | None:
        """Whose token it is (``sessions.identify``)."""
        with self.database.transaction() as tx:
            return sessions.identify(tx, token_hash, self.settings.session_idle_seconds)

    @rpc
    def operator(self, operator_id: int) -> dict[str, Any] | None:
        """An operator (``sessions.operator``)."""
        with self.database.transaction() as tx:
            return sessions.operator(tx, operator_id)

    @rpc
    def rights(self, operator_ids: list[int]) -> list[Rights]:
        """What operators may see now (``sessions.rights``)."""
        with self.database.transaction() as tx:
            return sessions.rights(tx, operator_ids, self.settings.session_idle_seconds)

    @rpc
    def open_session(
        self, token_hash: str, name: str, task_id: str, submitted_at: str, idempotency_key: str | None = None
    ) -> sessions.Opened:
        """Log in (``sessions.open_session``)."""
        idle = self.settings.session_idle_seconds
        opened = self.database.run(
            lambda tx: sessions.open_session(tx, token_hash, name, task_id, submitted_at, idle, idempotency_key)
        )
        crash_points.reached("info.session_changed")
        self._count_in_place(opened["outcome"], task_id)
        return opened

    @rpc
    def end_session(self, task: Task, idempotency_key: str | None = None) -> Outcome:
        """Log out (``sessions.end_session``)."""
        idle = self.settings.session_idle_seconds
        ended = self.database.run(lambda tx: sessions.end_session(tx, task, idle, idempotency_key))
        crash_points.reached("info.session_changed")
        self._count_in_place(ended, task["id"])
        return ended

    def _count_in_place(self, outcome: Outcome, task_id: str) -> None:
        """A login or a logout; with a key that was used before it is the earlier one, which was counted then."""
        if outcome["id"] == task_id:
            self.metrics.stored([outcome])

    @notified("operators_changed")
    def tell_operators_changed(self, payloads: list[str]) -> None:
        """Say which operators changed, whoever changed them."""
        changes = [json.loads(payload) for payload in payloads] or [EVERYONE]
        self.events.say(OPERATORS_CHANGED, changes)

    @notified(releases.CHANNEL)
    def tell_items_changed(self, payloads: list[str]) -> None:
        """Publish changes of items that no task has made. Those that were missed show at the next reading."""
        self.events.say(ITEMS_CHANGED, [json.loads(payload) for payload in payloads])

    # --- tasks as recorded

    @rpc
    def record(self, task: Task, idempotency_key: str | None, fingerprint: str | None) -> task_store.Recorded:
        """Record a task before it is accepted (``task_store.record``)."""
        seconds = self.settings.republish_seconds
        recorded = self.database.run(lambda tx: task_store.record(tx, task, idempotency_key, fingerprint, seconds))
        crash_points.reached("info.recorded")
        return recorded

    @rpc
    def task(self, operator_id: int, task_id: str) -> dict[str, Any] | None:
        """An operator's task (``task_store.task``)."""
        with self.database.transaction() as tx:
            return task_store.task(tx, operator_id, task_id)

    @rpc
    def tasks_of(
        self,
        operator_id: int,
        limit: int = 50,
        cursor: str | None = None,
        status: str | None = None,
        reads: bool | None = None,
    ) -> dict[str, Any]:
        """An operator's tasks (``task_store.tasks_of``)."""
        with self.database.transaction() as tx:
            return task_store.tasks_of(tx, operator_id, limit, cursor, status, reads)

    @rpc
    def finished_since(
        self, operator_id: int, task_id: str, cursor: str | None = None
    ) -> task_store.Missed | list[Outcome]:
        """What an operator may have missed (``task_store.missed``). The release before states no cursor and expects a
        list of all. Where that is more than a page, it has its client come again, to a newer gateway in the end."""
        with self.database.transaction() as tx:
            missed = task_store.missed(tx, operator_id, task_id, cursor or "")
        if cursor is not None:
            return missed
        if missed["next_cursor"]:
            raise Unavailable("an operator missed more than the release before reads at once")
        return missed["outcomes"]

    @every("republish_seconds")
    def republish_due(self) -> None:
        """Publish again what was recorded long ago and has no outcome."""
        self._republish(early=False)

    @connected
    def republish_all(self) -> None:
        """The in-process broker begins empty: what it held when the process ended is in the database alone."""
        if self.settings.embedded_broker:
            self._republish(early=True)

    def _republish(self, *, early: bool) -> None:
        refused: list[Task] = []

        def publish(tasks: list[Task]) -> None:
            try:
                self.events.say(TASKS_SUBMITTED, tasks)
            except Refused as refusal:
                refused.extend(refusal.items)

        count = republish(self.database, self.settings.republish_seconds, publish, early=early)
        if refused:
            log.error("the broker refuses %d recorded tasks, so they end", len(refused))
            self.execute([ended_as_refused(task) for task in refused])
        self.metrics.republished(count - len(refused))
        if count:
            log.info("%d recorded tasks were published again", count)

    @every(15.0, at_start=True)
    def read_overdue(self) -> None:
        """Read for the metrics what waits for somebody in the database."""
        with self.database.transaction() as tx:
            self.metrics.read_overdue(tx)
            self.metrics.read_levels(tx, self.desk.shelves())

    @every(15.0, at_start=True)
    def complete_rows(self) -> None:
        """Complete what a service of the release before has added."""
        alike = set(self.database.run(look_alikes.key_new))
        for one in alike - self.reported:
            log.warning("%s", one)
        self.reported |= alike
        count = unfolded.fold_all(self.database)
        if count:
            log.info("%d rows of the release before are folded for searches", count)

    @every(60.0)
    def delete_old_tasks(self) -> None:
        """Delete finished tasks whose retention has ended."""
        count = delete_old_tasks(self.database, self.settings.retention_days)
        self.metrics.deleted(count)
        if count:
            log.info("%d tasks were deleted, whose retention has ended", count)

    # --- the board and the seals

    @rpc
    def pending(self, role: str, level: int) -> dict[str, Waiting]:
        """What waits for operators of that role and level. Raises ``Refusal`` (``invalid_request``) for no role."""
        if role not in set(Role):
            raise Refusal(Code.INVALID_REQUEST)
        return self.desk.pending(self.database, Role(role), level)

    @listen(ITEMS_CHANGED)
    def follow_items(self, entries: list[ItemChange]) -> None:
        """Keep the board: what this replica and its peers changed."""
        self.desk.apply(entries)

    @connected
    def reload_board(self) -> None:
        """Events may have been missed while the link was down."""
        self.desk.reconcile(self.database)

    @every(60.0)
    def reconcile_board(self) -> None:
        """Mend what events left wrong."""
        self.desk.reconcile(self.database)

    @every("seal_seconds")
    def seal_audit(self) -> None:
        """Seal the audit rows that have committed."""
        seals.seal_all(self.database)
