"""Making a task durable, which is when a submission may be answered."""

import logging
import time

from services.contracts.errors import Code, Refusal
from services.contracts.events import TASKS_SUBMITTED
from services.contracts.idempotency import fingerprint
from services.contracts.tasks import Task
from services.gateway.ports import RemoteService, Speaker
from services.runtime import crash_points
from services.runtime.failures import Unavailable
from services.runtime.messaging.broker import NotAccepted, Refused
from services.runtime.unfinished import WAIT_SECONDS, Unfinished

log = logging.getLogger(__name__)

ANSWER_SECONDS = 4.8
"""A submission is answered within five seconds of its arrival, whatever the broker does."""

PUBLISH_SECONDS = 3.0
"""What publishing may take of that."""


class Deadline:
    """The time left to answer a submission."""

    def __init__(self, seconds: float = ANSWER_SECONDS) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds, never less than a tenth."""
        return max(0.1, self._end - time.monotonic())


class Acceptance:
    """How tasks are accepted: said as an event; with an idempotency key, or where the broker lives in this process and
    forgets, recorded in the database first (by ``tasks``, which then says the event)."""

    def __init__(self, events: Speaker, tasks: RemoteService, unfinished: Unfinished, *, record_all: bool) -> None:
        self._events = events
        self._tasks = tasks
        self._unfinished = unfinished
        self._record_all = record_all

    def accept(self, task: Task, key: str | None, deadline: Deadline) -> tuple[str, str]:
        """Id and time of submission; those of the earlier task when the key was used for it before.

        Raises ``Refusal``: ``too_many_requests`` when the operator has too many unfinished tasks,
        ``idempotency_conflict``, or ``unavailable`` which tells whether it may have been taken.
        """
        seconds = min(WAIT_SECONDS, deadline.left() - PUBLISH_SECONDS)
        return self._unfinished.accept(task, lambda: self._publish(task, key, deadline), seconds)

    def _publish(self, task: Task, key: str | None, deadline: Deadline) -> tuple[str, str]:
        crash_points.reached("gateway.checked")
        try:
            if key is None and not self._record_all:
                self._events.say(TASKS_SUBMITTED, [task])
                crash_points.reached("gateway.published")
                return task["id"], task["submitted_at"]
            asked = None if key is None else fingerprint(task["action"], task["data"])
            answer = self._tasks.call("accept", task, key, asked, timeout=deadline.left())
            return answer["id"], answer["submitted_at"]
        except Refused:
            log.exception("the broker refuses a submission")
            raise not_taken() from None
        except NotAccepted:
            raise not_taken() from None
        except Unavailable:
            raise maybe_taken(task["id"]) from None


def not_taken() -> Refusal:
    """``unavailable``: there surely is no task."""
    return Refusal(Code.UNAVAILABLE, {"accepted": "no"})


def maybe_taken(task_id: str) -> Refusal:
    """``unavailable``: nobody answered in time, so there may be a task."""
    return Refusal(Code.UNAVAILABLE, {"accepted": "unknown", "task_id": task_id})
