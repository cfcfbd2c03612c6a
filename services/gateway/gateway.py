"""The gateway put together: everything it remembers, and what it does when something is heard."""

import logging
from collections.abc import Callable
from typing import Any

from services.contracts.errors import Refusal
from services.contracts.tasks import ItemChange, OperatorChange, Outcome
from services.gateway.acceptance import Acceptance
from services.gateway.guesses import Guesses
from services.gateway.health import Readiness
from services.gateway.identities import Identities
from services.gateway.item_feed import ItemFeed
from services.gateway.limits import FailedLogins, SlidingWindow
from services.gateway.live import Live
from services.gateway.live_endpoint import LiveEndpoint
from services.gateway.metrics import Metrics
from services.gateway.ports import RemoteService, Speaker
from services.gateway.sessions import Sessions
from services.gateway.submission import Submissions
from services.gateway.tasks_api import TaskReader, TasksApi
from services.gateway.waiters import Waiters
from services.runtime.settings import Settings
from services.runtime.telemetry.monitoring import Monitoring
from services.runtime.telemetry.tracing import OFF, Tracing
from services.runtime.unfinished import Unfinished

log = logging.getLogger(__name__)


MOST_WAITING = 50
"""Submissions of an operator that wait until fewer tasks of theirs are unfinished."""


class Gateway:
    """One gateway's memory and resources; all state lives here and none is shared with another gateway."""

    def __init__(
        self,
        settings: Settings,
        events: Speaker,
        users: RemoteService,
        tasks: RemoteService,
        monitoring: Monitoring,
        broker_connected: Callable[[], bool],
        tracing: Tracing = OFF,
    ) -> None:
        self._tasks = tasks
        self.identities = Identities(users)
        self.waiters = Waiters()
        self.unfinished = Unfinished(settings.unfinished_tasks, settings.unfinished_reads, MOST_WAITING)
        self.guesses = Guesses(settings.failed_tokens_per_minute, settings.trusted_proxies)
        self.tracing = tracing
        self.metrics = Metrics(monitoring.measures)
        self.live = Live(self.identities, tasks, self._pushed)
        self.items = ItemFeed(self.live, users)
        self.metrics.watch(lambda: len(self.live), lambda: len(self.waiters))
        self.readiness = Readiness(broker_connected, users, tasks, lambda: monitoring.draining)
        reader = TaskReader(tasks, self.waiters)
        self.tasks_api = TasksApi(self.identities, reader)
        self.live_endpoint = LiveEndpoint(
            self.identities, self.live, self.guesses, self.metrics.websocket_refused, settings
        )
        self.submissions = Submissions(
            self.identities,
            Sessions(users, self.identities, FailedLogins(settings.logins_per_minute)),
            Acceptance(events, tasks, self.unfinished, record_all=settings.embedded_broker),
            self.waiters,
            reader,
            SlidingWindow(settings.submissions_per_second, 1.0),
            self.metrics,
            settings.trusted_proxies,
            settings.largest_level,
        )

    def tasks_finished(self, outcomes: list[Outcome]) -> None:
        """Outcomes were heard."""
        self.unfinished.finished(outcomes)
        self.waiters.deliver(outcomes)
        self.live.outcomes(outcomes)

    def items_changed(self, changes: list[ItemChange]) -> None:
        """Changes of items were heard."""
        self.items.put(changes)

    def operators_changed(self, changes: list[OperatorChange]) -> None:
        """Changes of operators and sessions were heard."""
        self.identities.forget({change["id"] for change in changes})
        self.live.operators_changed(changes)

    def connected(self) -> None:
        """The broker is there again: whatever was said meanwhile went unheard.

        Raises ``Unavailable`` when it cannot be read yet: to be repeated.
        """
        self.identities.forget_all()
        self.unfinished.forget_all()
        self.waiters.read_again(self._outcome_of)
        self.live.replay_all()
        self.live.check_all()

    def _pushed(self, task_id: str, connections: int) -> None:
        self.metrics.pushed(connections)
        self.tracing.pushed(task_id, connections)

    def close(self) -> None:
        """About to stop: no more connections, and who waits for an outcome goes on waiting, but nobody else."""
        self.readiness.drain()
        self.live.drain()
        self.waiters.close()

    def drain(self) -> None:
        """Stopping: no more waiting either."""
        self.close()
        self.waiters.drain()

    def _outcome_of(self, operator_id: int, task_id: str) -> Outcome | None:
        try:
            task: Any = self._tasks.call("task_of", operator_id, task_id)
        except Refusal as refusal:
            log.warning("a task that is waited for cannot be read: %s", refusal)
            return None
        return None if task["status"] == "accepted" else task
