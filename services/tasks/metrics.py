"""What ``tasks`` counts for Prometheus."""

from collections.abc import Iterable

from services.contracts.action import ACTIONS
from services.contracts.metrics import DEAD_LETTERS, TASK_SECONDS, TASKS_ACCEPTED
from services.contracts.task_ids import age
from services.contracts.tasks import Outcome
from services.runtime.telemetry.measures import Measures


class Metrics:
    """The part of ``tasks`` in the process's metrics."""

    def __init__(self, measures: Measures) -> None:
        self._accepted = measures.counter(TASKS_ACCEPTED)
        self._seconds = measures.histogram(TASK_SECONDS)
        self._tried_again = measures.counter(DEAD_LETTERS).labels("again")
        self._buried = measures.counter(DEAD_LETTERS).labels("kept")

    def accepted(self, action: str) -> None:
        """A submission by RPC was answered."""
        self._accepted.labels(action).inc()

    def told(self, outcomes: Iterable[Outcome]) -> None:
        """Outcomes were told to the gateways; the id of a task says when it was submitted."""
        for outcome in outcomes:
            action = outcome.get("action")
            label = action if action in ACTIONS else "unknown"
            self._seconds.labels(label).observe(max(0.0, age(outcome["id"])))

    def tried_again(self, messages: int) -> None:
        """Messages that were set aside were sent to their queues once more."""
        self._tried_again.inc(messages)

    def buried(self, messages: int) -> None:
        """Messages were set aside for good."""
        self._buried.inc(messages)
