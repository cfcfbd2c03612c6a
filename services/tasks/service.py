"""The service ``tasks``: the life of a task from its submission to its outcome."""

import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any

from nameko.containers import ServiceContainer

from services.contracts.events import (
    OPERATIONS_DONE,
    OPERATIONS_REQUESTED,
    OPERATORS_CHANGED,
    READS_REQUESTED,
    TASKS_FINISHED,
    TASKS_SUBMITTED,
    Service,
)
from services.contracts.tasks import Operation, Outcome, Task
from services.runtime.configuration import Config, monitoring_of, settings_of
from services.runtime.messaging.batches import consume
from services.runtime.messaging.broadcasts import connected, listen
from services.runtime.messaging.broker import Delivery, Refused
from services.runtime.messaging.dead_letters import consume_dead_letters
from services.runtime.messaging.events import Events, Speaker
from services.runtime.messaging.resending import Letter, Resender, Resending
from services.runtime.rpc.client import ServiceClient
from services.runtime.rpc.server import RpcProxy, rpc
from services.runtime.settings import Settings
from services.runtime.singleton import Singleton
from services.runtime.telemetry.tracing import Traced, Tracing
from services.runtime.unfinished import Unfinished
from services.tasks import lifecycle, reading
from services.tasks.dead_letters import burial_of, judge, shortened
from services.tasks.messages import read_outcome, read_task
from services.tasks.metrics import Metrics
from services.tasks.operators import EVERYONE, Operators
from services.tasks.submissions import Submissions, wait_seconds
from services.tasks.waiters import Waiters

log = logging.getLogger(__name__)

FIND_SECONDS = 1.0
"""How long ``users`` may take to tell who an operator is: the check is an early one, and the batch waits for it."""


MOST_WAITING = 10
"""Calls of an operator that wait until fewer of their tasks are unfinished; a tenth of the calls that run at a time."""


def _unfinished(container: ServiceContainer) -> Unfinished:
    settings = settings_of(container)
    return Unfinished(settings.unfinished_tasks, settings.unfinished_reads, MOST_WAITING)


class TasksService:
    """Takes what is submitted, requests what is to be done, and tells what has been done."""

    name = Service.TASKS.value

    settings: Settings = Config()
    events: Speaker = Events()
    resending: Resender = Resending()
    users: ServiceClient = RpcProxy(Service.USERS.value)
    info: ServiceClient = RpcProxy(Service.INFO.value)
    operators: Operators = Singleton(lambda container: Operators())
    unfinished: Unfinished = Singleton(_unfinished)
    waiters: Waiters = Singleton(lambda container: Waiters())
    metrics: Metrics = Singleton(lambda container: Metrics(monitoring_of(container).measures))
    traced: Tracing = Traced()

    # The loop

    @consume(TASKS_SUBMITTED)
    def request(self, submitted: Sequence[Mapping[str, Any]]) -> None:
        """Have submitted tasks executed, or stored as refused."""
        plan = lifecycle.plan([read_task(entry) for entry in submitted], self._find_operator, self._is_synchronous)
        self.events.say(OPERATIONS_REQUESTED, plan.operations)
        self.events.say(READS_REQUESTED, plan.reads)
        ids = [operation["task"]["id"] for operation in (*plan.operations, *plan.reads) if operation["task"]]
        if ids:
            log.info("%d requested", len(ids), extra={"task_ids": ids})
        for task in plan.calls:
            self._execute(task)

    @consume(OPERATIONS_DONE)
    def finish(self, done: Sequence[Mapping[str, Any]]) -> None:
        """Tell the outcomes that ``info`` has stored."""
        self._tell([read_outcome(entry) for entry in done])

    @consume_dead_letters
    def set_aside(self, delivery: Delivery) -> None:
        """Have a message that was set aside tried again, or buried."""
        verdict = judge(delivery)
        time.sleep(verdict.pause)
        self._bury([*verdict.burials, *self._try_again(delivery, verdict.again)])

    def _try_again(self, delivery: Delivery, letters: Sequence[Letter]) -> Sequence[Operation]:
        """Send them once more, and answer the burials of those that the broker refuses."""
        refused: list[Letter] = []
        try:
            self.resending.send(letters)
        except Refused as refusal:
            refused = refusal.items
        sent = [letter for letter in letters if letter not in refused]
        self.metrics.tried_again(len(sent))
        for letter in sent:
            log.warning("a message that was set aside goes to %s once more", letter.queue)
        return [burial_of(delivery, letter) for letter in refused]

    def _bury(self, burials: Sequence[Operation]) -> None:
        for burial in burials:
            try:
                self.events.say(OPERATIONS_REQUESTED, [burial])
            except Refused:
                self.events.say(OPERATIONS_REQUESTED, [shortened(burial)])
        self.metrics.buried(len(burials))
        for burial in burials:
            ids = [burial["task"]["id"]] if burial["task"] else []
            log.error("a message is set aside for good: %s", burial["dead_letter"]["reason"], extra={"task_ids": ids})

    def _execute(self, task: Task) -> None:
        """Execute by call. When no outcome comes this raises ``Unavailable``: the same task is called for again."""
        outcome: Outcome = self.info.call("exec_db_task", task)
        self._tell([outcome])

    def _tell(self, outcomes: list[Outcome]) -> None:
        self.events.say(TASKS_FINISHED, outcomes)
        self.metrics.told(outcomes)
        log.info("%d finished", len(outcomes), extra={"task_ids": [outcome["id"] for outcome in outcomes]})

    def _find_operator(self, operator_id: int, *, fresh: bool = False) -> Any:
        return self.operators.find(
            operator_id,
            lambda asked, now: self.users.call("operator", asked, now, timeout=FIND_SECONDS),
            fresh=fresh,
        )

    def _is_synchronous(self, role: str) -> bool:
        return bool(getattr(self.settings, f"db_tasks_{role.lower()}") == "sync")

    # What is remembered

    @listen(OPERATORS_CHANGED)
    def forget(self, changes: Sequence[Mapping[str, Any]]) -> None:
        """What is remembered of these operators is void. A change that names nobody concerns all."""
        named = [change.get("id") for change in changes]
        self.operators.forget({one if isinstance(one, int) else EVERYONE for one in named})

    @listen(TASKS_FINISHED)
    def deliver(self, outcomes: list[Outcome]) -> None:
        """Wake the calls that wait for these."""
        self.unfinished.finished(outcomes)
        self.waiters.deliver(outcomes)

    @connected
    def catch_up(self) -> None:
        """Changes and outcomes may have gone unheard."""
        self.operators.forget({EVERYONE})
        self.unfinished.forget_all()
        self.waiters.read_again(lambda operator_id, task_id: self.info.call("task", operator_id, task_id))

    # For internal systems: by the operator's token

    @rpc
    def submit(self, operator_token: str, action: str, data: Any, idempotency_key: str | None = None) -> Any:
        """Submit a task; it is durable when this answers ``{"id", "action", "status": "accepted", "submitted_at"}``.

        Amounts are strings or whole numbers. Login and logout are answered finished. Raises ``Refusal`` as the
        gateway refuses, with ``unavailable`` telling in ``accepted`` whether the task may have been taken.
        """
        in_place = self._submissions.in_place(operator_token, action, data, idempotency_key)
        if in_place is not None:
            return in_place
        task = self._submissions.check(operator_token, action, data, idempotency_key)
        accepted = self._submissions.submit(task, idempotency_key)
        self.metrics.accepted(action)
        return accepted

    @rpc
    def run(self, operator_token: str, action: str, data: Any, timeout: float = 10) -> Any:
        """Submit a task and answer it finished; or accepted, as ``submit`` does, when ``timeout`` seconds (at most
        60) have passed before. Raises ``Refusal`` as ``submit``."""
        in_place = self._submissions.in_place(operator_token, action, data)
        if in_place is not None:
            return in_place
        seconds = wait_seconds(timeout)
        task = self._submissions.check(operator_token, action, data)
        with self.waiters.expecting(task) as waiter:
            accepted = self._submissions.submit(task)
            self.metrics.accepted(action)
            return waiter.wait(seconds) or accepted

    @rpc
    def get(self, operator_token: str, task_id: str) -> Any:
        """The operator's own task. Raises ``Refusal``, ``not_found`` among others."""
        return self.task_of(self._submissions.caller(operator_token)["id"], task_id)

    @rpc
    def list(self, operator_token: str, limit: int = 50, cursor: str | None = None, status: str | None = None) -> Any:
        """The operator's own tasks, newest first: ``{"tasks": [...], "next_cursor": ...}``. Raises ``Refusal``."""
        identity = self._submissions.caller(operator_token)
        reading.check_page(limit, cursor, status)
        return self.tasks_of(identity["id"], limit, cursor, status)

    # For the gateway: by the operator's id, whom it has authenticated

    @rpc
    def accept(self, task: Task, idempotency_key: str | None, fingerprint: str | None) -> Any:
        """Make a checked task durable: ``{"id", "submitted_at"}``, of the earlier task when the key was used for it.

        Raises ``Refusal``: ``idempotency_conflict``, or ``unavailable``.
        """
        return self._submissions.accept(task, idempotency_key, fingerprint)

    @rpc
    def task_of(self, operator_id: int, task_id: str) -> Any:
        """The operator's own task; one that may still be on its way reads as accepted. Raises ``Refusal``
        (``not_found``)."""
        checked = reading.check_task_id(task_id)
        return reading.shown(checked, self.info.call("task", operator_id, checked))

    @rpc
    def tasks_of(
        self,
        operator_id: int,
        limit: int = 50,
        cursor: str | None = None,
        status: str | None = None,
        reads: bool | None = None,
    ) -> Any:
        """The operator's own tasks, newest first: ``{"tasks": [...], "next_cursor": ...}``. ``reads``: only those that
        change nothing, or only the others."""
        return self.info.call("tasks_of", operator_id, limit, cursor, status, reads)

    @rpc
    def finished_since(self, operator_id: int, task_id: str, cursor: str | None = None) -> Any:
        """The outcomes that the operator may have missed after that of ``task_id``, in order, a page at a time:
        ``{"outcomes": [...], "next_cursor": ...}``; ``cursor`` is empty for the first page.

        Without a cursor, as the release before calls, a list of all the outcomes. Raises ``Unavailable`` when they are
        more than a page.
        """
        return self.info.call("finished_since", operator_id, reading.check_task_id(task_id), cursor)

    @property
    def _submissions(self) -> Submissions:
        return Submissions(self.users, self.info, self.events, self.unfinished, self.settings.embedded_broker)
