"""What a process tries again and again, so that it is seen when that takes long."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from services.contracts.metrics import RETRYING_SECONDS
from services.runtime.failures import Unavailable
from services.runtime.telemetry.measures import Measures

LONG_SECONDS = 60.0


@dataclass
class _Tries:
    first: float
    last: float
    reason: str
    hinders: bool


class Retries:
    """By what is tried: since when without success. What is over is forgotten, whether it succeeded or was given up."""

    def __init__(self, measures: Measures, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = measures.gauge(RETRYING_SECONDS)
        self._clock = clock
        self._tries: dict[str, _Tries] = {}

    def failed(self, work: str, failure: BaseException, *, hinders: bool = True) -> None:
        """It failed and will be tried again. ``hinders``: a process in which this lasts is not ready."""
        now = self._clock()
        reason = f": {failure}" if isinstance(failure, Unavailable) else ""
        tries = self._tries.setdefault(work, _Tries(now, now, reason, hinders))
        tries.last, tries.reason = now, reason
        self._seconds.labels(work).set(tries.last - tries.first)

    def over(self, work: str) -> None:
        """It is not tried again, or has not been tried yet."""
        self._tries.pop(work, None)
        self._seconds.labels(work).set(0)

    def reasons(self) -> list[str]:
        """What has failed for long, and keeps the process from being ready, in a sentence each."""
        return [
            f"{work[0].upper()}{work[1:]} has failed for {tries.last - tries.first:.0f} seconds{tries.reason}."
            for work, tries in self._tries.items()
            if tries.hinders and tries.last - tries.first >= LONG_SECONDS
        ]
