"""Requests that wait for the outcome of a task (``Prefer: wait``)."""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from services.contracts.tasks import Outcome


class Waiter:
    """One request's wait for one task."""

    def __init__(self, operator_id: int) -> None:
        self.operator_id = operator_id
        self.outcome: Outcome | None = None
        self._woken = threading.Event()

    def wake(self, outcome: Outcome | None) -> None:
        """The outcome is there, or (None) it is no use to wait longer."""
        if self.outcome is None:
            self.outcome = outcome
        self._woken.set()

    def wait(self, seconds: float) -> Outcome | None:
        """The outcome, or None when it did not come in time."""
        self._woken.wait(seconds)
        return self.outcome


class Waiters:
    """All waits of this gateway, by task. A wait begins before its task is published: an outcome can be quicker than
    the answer to the publisher."""

    def __init__(self) -> None:
        self._waiting: defaultdict[str, list[Waiter]] = defaultdict(list)
        self._draining = False

    @contextmanager
    def waiting(self, task_id: str, operator_id: int) -> Iterator[Waiter]:
        """A wait for this operator's task; another operator's outcome is none."""
        waiter = Waiter(operator_id)
        self._waiting[task_id].append(waiter)
        if self._draining:
            waiter.wake(None)
        try:
            yield waiter
        finally:
            self._waiting[task_id].remove(waiter)
            if not self._waiting[task_id]:
                del self._waiting[task_id]

    def deliver(self, outcomes: Iterable[Outcome]) -> None:
        """Wake those who wait for these."""
        if not self._waiting:
            return
        for outcome in outcomes:
            for waiter in self._waiting.get(outcome["id"], ()):
                if waiter.operator_id == outcome["operator"]["id"]:
                    waiter.wake(outcome)

    def read_again(self, read: Callable[[int, str], Outcome | None]) -> None:
        """Outcomes may have gone unheard: ``read`` the task of every wait (operator id, task id)."""
        for task_id, waiters in list(self._waiting.items()):
            for operator_id in {waiter.operator_id for waiter in waiters}:
                outcome = read(operator_id, task_id)
                if outcome is not None:
                    self.deliver([outcome])

    def close(self) -> None:
        """Waits go on; those that begin from now on end at once."""
        self._draining = True

    def drain(self) -> None:
        """End all waits: the tasks go on without them."""
        self.close()
        for waiters in self._waiting.values():
            for waiter in waiters:
                waiter.wake(None)

    def __len__(self) -> int:
        return sum(len(waiters) for waiters in self._waiting.values())
