"""What a process tells of itself to whoever supervises it: whether it is ready, and its metrics."""

import threading
import time
from collections.abc import Callable

from services.runtime.telemetry.measures import Measures
from services.runtime.telemetry.retries import Retries

REMEMBER_SECONDS = 1.0

Check = Callable[[], str | None]
"""Why it is not ready, in a sentence; None when it is. It answers within a second or two."""


class Monitoring:
    """The state of one process, which its services share.

    measures: its metrics
    retries:  what it tries again and again
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.measures = Measures()
        self.retries = Retries(self.measures, clock)
        self.draining = False
        self._started = False
        self._checks: list[Check] = []
        self._clock = clock
        self._asking = threading.Lock()
        self._known_until = float("-inf")
        self._reasons: list[str] = []

    def check(self, check: Check) -> None:
        """Have readiness depend on this too; asked at most once a second."""
        self._checks.append(check)

    def started(self) -> None:
        """Every service of the process has started."""
        self._started = True

    def drain(self) -> None:
        """Not ready any more, for good: the process is about to stop."""
        self.draining = True

    def reasons(self) -> list[str]:
        """Why the process is not ready, a sentence each; none when it is."""
        if self.draining:
            return ["The process is stopping."]
        if not self._started:
            return ["The process is starting."]
        with self._asking:
            if self._clock() >= self._known_until:
                self._reasons = [reason for check in self._checks if (reason := check()) is not None]
                self._reasons += self.retries.reasons()
                self._known_until = self._clock() + REMEMBER_SECONDS
            return self._reasons
