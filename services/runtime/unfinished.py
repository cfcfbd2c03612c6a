"""How much work of each operator this process has accepted that has not finished, so that further tasks wait."""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import services.contracts.actions  # noqa: F401 - declares them
from services.contracts.action import find_action
from services.contracts.errors import Code, Refusal
from services.contracts.tasks import Outcome, Task

COUNTED_SECONDS = 600.0
"""A task counts until its outcome is consumed, and no longer than this: an outcome may be lost, or never come."""

WAIT_SECONDS = 1.5
"""The longest wait for room."""

CHARACTERS_PER_TASK = 500
"""A task counts once more for so many characters of its texts: storing and indexing them takes about as long."""

RETRY_SECONDS = 1
"""When an operator for whose task there was no room is told to try again."""

Key = tuple[int, bool]
"""An operator, and whether the tasks read or search."""


@dataclass(eq=False)
class _Waiter:
    task_id: str
    weight: int
    admitted: threading.Event = field(default_factory=threading.Event)


@dataclass
class _Lane:
    """``tasks``: when each began to count, and for how many, by id. ``weight``: for how many all of them count.
    ``waiting``: submissions without room, in order."""

    tasks: OrderedDict[str, tuple[float, int]] = field(default_factory=OrderedDict)
    weight: int = 0
    waiting: deque[_Waiter] = field(default_factory=deque)

    def add(self, waiter: _Waiter, now: float) -> None:
        """Count a task."""
        self.tasks[waiter.task_id] = now, waiter.weight
        self.weight += waiter.weight

    def remove(self, task_id: str) -> bool:
        """Count a task no longer; whether it counted."""
        _, weight = self.tasks.pop(task_id, (0.0, 0))
        self.weight -= weight
        return weight > 0


class Unfinished:
    """The unfinished tasks that this process has accepted, by operator; those that read or search are counted apart.

    A task with long texts counts for several, and is accepted all the same when nothing else of its operator is.
    A submission for which there is no room waits for a moment, so that a client that sends many is slowed down to the
    speed at which they finish.

    commands: the most tasks of an operator that change something
    reads:    the most that only read, or search for what they change
    waiting:  the most submissions of an operator that wait
    """

    def __init__(self, commands: int, reads: int, waiting: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = {False: commands, True: reads}
        self._most_waiting = waiting
        self._clock = clock
        self._lanes: dict[Key, _Lane] = {}

    def accept(
        self, task: Task, publish: Callable[[], tuple[str, str]], seconds: float = WAIT_SECONDS
    ) -> tuple[str, str]:
        """Count a task and have it published, once there is room.

        Returns what ``publish`` returns: the id of the accepted task, which is that of an earlier one when a key was
        used before, and its time of submission. Raises ``Refusal``: ``too_many_requests`` when there was no room
        within ``seconds``, and then it was not published; or what ``publish`` raises.
        """
        action = find_action(task["action"])
        key = (task["operator_id"], action.reads or action.searches(task["data"]))
        if not self._take(key, _Waiter(task["id"], weight_of(task)), seconds):
            raise Refusal(Code.TOO_MANY_REQUESTS, {"retry_after": RETRY_SECONDS})
        counts = False
        try:
            accepted = publish()
            counts = accepted[0] == task["id"]
        except Refusal as refusal:
            counts = refusal.params.get("accepted") == "unknown"
            raise
        finally:
            if not counts:
                self._remove(key, task["id"])
        return accepted

    def finished(self, outcomes: Iterable[Outcome]) -> None:
        """Outcomes have been consumed, of tasks that any process accepted."""
        for outcome in outcomes:
            for reads in (False, True):
                self._remove((outcome["operator"]["id"], reads), outcome["id"])

    def forget_all(self) -> None:
        """Outcomes may have been missed."""
        for key, lane in list(self._lanes.items()):
            for task_id in list(lane.tasks):
                lane.remove(task_id)
            self._admit(key, lane)

    def _take(self, key: Key, waiter: _Waiter, seconds: float) -> bool:
        lane = self._lanes.setdefault(key, _Lane())
        while lane.tasks and next(iter(lane.tasks.values()))[0] <= self._clock() - COUNTED_SECONDS:
            lane.remove(next(iter(lane.tasks)))
        if (lane.waiting or not self._fits(key, lane, waiter)) and len(lane.waiting) >= self._most_waiting:
            return False
        lane.waiting.append(waiter)
        self._admit(key, lane)
        if not waiter.admitted.is_set():
            waiter.admitted.wait(max(0.0, seconds))
        # It may have been admitted between the end of the wait and now.
        if not waiter.admitted.is_set():
            lane.waiting.remove(waiter)
            # Those behind it may be smaller.
            self._admit(key, lane)
        return waiter.admitted.is_set()

    def _remove(self, key: Key, task_id: str) -> None:
        lane = self._lanes.get(key)
        if lane is not None and lane.remove(task_id):
            self._admit(key, lane)

    def _admit(self, key: Key, lane: _Lane) -> None:
        while lane.waiting and self._fits(key, lane, lane.waiting[0]):
            waiter = lane.waiting.popleft()
            lane.add(waiter, self._clock())
            waiter.admitted.set()
        if not lane.tasks:
            self._lanes.pop(key, None)

    def _fits(self, key: Key, lane: _Lane, waiter: _Waiter) -> bool:
        return not lane.tasks or lane.weight + waiter.weight <= self._most[key[1]]


def weight_of(task: Task) -> int:
    """For how many tasks it counts."""
    characters = sum(len(value) for value in task["data"].values() if isinstance(value, str))
    return 1 + characters // CHARACTERS_PER_TASK
