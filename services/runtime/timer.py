"""The entrypoint of what has to be done again and again."""

from typing import Any

from eventlet.event import Event as Signal
from nameko.extensions import Entrypoint

from services.runtime.configuration import monitoring_of, settings_of
from services.runtime.failures import Unavailable
from services.runtime.work import run_worker


class Timer(Entrypoint):
    """Runs the method every ``interval`` seconds (a number, or the name of a setting), never twice at a time.

    at_start: also at once. A failure is logged by the container; the next run comes all the same.
    """

    def __init__(self, interval: float | str, *, at_start: bool = False, **options: Any) -> None:
        self.interval = interval
        self.at_start = at_start
        self._stopping = Signal()
        super().__init__(expected_exceptions=(Unavailable,), **options)

    def start(self) -> None:
        """Nameko: begin to count."""
        self._loop = self.container.spawn_managed_thread(self._run, f"every {self.interval}")

    def stop(self) -> None:
        """Nameko: let a run that has begun finish."""
        self._stopping.send()
        self._loop.wait()

    def _seconds(self) -> float:
        if isinstance(self.interval, str):
            return float(getattr(settings_of(self.container), self.interval))
        return self.interval

    def _run(self) -> None:
        if self.at_start:
            self._work()
        while not self._stopping.ready():
            self._stopping.wait(timeout=self._seconds())
            if not self._stopping.ready():
                self._work()

    def _work(self) -> None:
        retries, name = monitoring_of(self.container).retries, f"{self.container.service_name}.{self.method_name}"
        failure = run_worker(self.container, self)
        if failure is None:
            retries.over(name)
        else:
            retries.failed(name, failure)


every: Any = Timer.decorator
