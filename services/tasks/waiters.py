"""Calls that wait for the outcome of a task (``run``)."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from services.contracts.tasks import Outcome, Task

MOST = 50
"""Calls that wait at a time. Further ones do not wait, so that others still find a worker."""


class Waiter:
    """One call's wait."""

    def __init__(self, operator_id: int) -> None:
        self.operator_id = operator_id
        self._outcome: Outcome | None = None
        self._woken = threading.Event()

    def wake(self, outcome: Outcome) -> None:
        """It has ended."""
        self._outcome = outcome
        self._woken.set()

    def wait(self, seconds: float) -> Outcome | None:
        """The outcome, or None when it did not come in time."""
        self._woken.wait(seconds)
        return self._outcome


class Full(Waiter):
    """There are too many waits already."""

    def wait(self, seconds: float) -> Outcome | None:
        """None at once."""
        return None


class Waiters:
    """All waits of this process by task. A wait begins before its task is published: an outcome can be quicker than
    the confirmation."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._waiting: dict[str, Waiter] = {}

    @contextmanager
    def expecting(self, task: Task) -> Iterator[Waiter]:
        """A wait for this task."""
        if len(self._waiting) >= self._most:
            yield Full(task["operator_id"])
            return
        waiter = self._waiting[task["id"]] = Waiter(task["operator_id"])
        try:
            yield waiter
        finally:
            del self._waiting[task["id"]]

    def deliver(self, outcomes: Sequence[Outcome]) -> None:
        """Wake those who wait for these."""
        for outcome in outcomes:
            waiter = self._waiting.get(outcome["id"])
            if waiter is not None:
                waiter.wake(outcome)

    def read_again(self, read: Callable[[int, str], Mapping[str, Any] | None]) -> None:
        """Outcomes may have gone unheard: ``read`` the task of every wait (operator id, task id)."""
        for task_id, waiter in list(self._waiting.items()):
            task: Any = read(waiter.operator_id, task_id)
            if task is not None and task["status"] != "accepted":
                waiter.wake(task)
