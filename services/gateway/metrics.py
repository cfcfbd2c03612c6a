"""What the gateway counts. What becomes of tasks is counted where it is known once: by ``info`` and ``tasks``."""

from collections.abc import Callable

from services.contracts.errors import Code
from services.contracts.metrics import (
    CONNECTIONS,
    OUTCOMES_PUSHED,
    REQUESTS_REFUSED,
    REQUESTS_WAITING,
    TASKS_ACCEPTED,
    WEBSOCKETS_REFUSED,
)
from services.runtime.telemetry.measures import Measures


class Metrics:
    """The gateway's part of the process's metrics."""

    def __init__(self, measures: Measures) -> None:
        self._measures = measures
        self._accepted = measures.counter(TASKS_ACCEPTED)
        self._refused = measures.counter(REQUESTS_REFUSED)
        self._websockets_refused = measures.counter(WEBSOCKETS_REFUSED)
        self._pushed = measures.counter(OUTCOMES_PUSHED)

    def watch(self, connections: Callable[[], int], waiting: Callable[[], int]) -> None:
        """Read these numbers at each scrape."""
        self._measures.gauge(CONNECTIONS).set_function(connections)
        self._measures.gauge(REQUESTS_WAITING).set_function(waiting)

    def accepted(self, action: str) -> None:
        """A submission was answered."""
        self._accepted.labels(action).inc()

    def refused(self, code: Code) -> None:
        """A request was answered with a problem."""
        self._refused.labels(code.value).inc()

    def websocket_refused(self, reason: str) -> None:
        """A WebSocket was closed before it was ready."""
        self._websockets_refused.labels(reason).inc()

    def pushed(self, outcomes: int) -> None:
        """Outcomes were handed to connections."""
        self._pushed.inc(outcomes)

    def exposition(self) -> bytes:
        """All metrics of the process in Prometheus's text format."""
        return self._measures.exposition()
