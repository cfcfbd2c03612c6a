"""The events of the loop: who says them, who listens on which queue, and what they carry.

Every body is ``{"version": 1, "<member>": [...]}``. A reader that meets a newer version rejects the delivery,
so that it waits for a reader that knows it.
"""

from dataclasses import dataclass
from enum import StrEnum

VERSION = 1

BATCH_TASKS = 64
"""The most tasks that a consumer takes at once, and holds."""


class Service(StrEnum):
    """The four services."""

    GATEWAY = "gateway"
    USERS = "users"
    TASKS = "tasks"
    INFO = "info"

    @property
    def exchange(self) -> str:
        """The topic exchange on which it says its events (Nameko's own naming)."""
        return f"{self}.events"


@dataclass(frozen=True)
class Event:
    """An event of the loop.

    name:        past tense; the routing key
    speakers:    the services that say it, each on its own exchange
    listener:    the service whose replicas share its one durable queue; None: every listener has its own
                 transient queue and hears all of it
    member:      the list in its body
    per_message: the most entries of that list in one message
    subscribers: without a listener: the services whose replicas hear it
    """

    name: str
    speakers: tuple[Service, ...]
    listener: Service | None
    member: str
    per_message: int
    subscribers: tuple[Service, ...] = ()

    @property
    def queue(self) -> str:
        """The durable queue of its listener."""
        if self.listener is None:
            raise ValueError(f"{self.name} has no shared queue")
        return f"{self.listener}.{self.name}"

    @property
    def prefetch(self) -> int:
        """Messages that hold at most one batch of tasks."""
        return max(1, BATCH_TASKS // self.per_message)


TASKS_SUBMITTED = Event("tasks_submitted", (Service.GATEWAY, Service.TASKS, Service.INFO), Service.TASKS, "tasks", 1)
OPERATIONS_REQUESTED = Event("operations_requested", (Service.TASKS,), Service.INFO, "operations", 4)
READS_REQUESTED = Event("reads_requested", (Service.TASKS,), Service.INFO, "operations", 1)
OPERATIONS_DONE = Event("operations_done", (Service.INFO,), Service.TASKS, "outcomes", 16)
TASKS_FINISHED = Event("tasks_finished", (Service.TASKS,), None, "tasks", 64, (Service.GATEWAY, Service.TASKS))
ITEMS_CHANGED = Event("items_changed", (Service.INFO,), None, "changes", 64, (Service.GATEWAY, Service.INFO))
OPERATORS_CHANGED = Event(
    "operators_changed", (Service.INFO,), None, "operators", 64, (Service.GATEWAY, Service.USERS, Service.TASKS)
)

EVENTS = (
    TASKS_SUBMITTED,
    OPERATIONS_REQUESTED,
    READS_REQUESTED,
    OPERATIONS_DONE,
    TASKS_FINISHED,
    ITEMS_CHANGED,
    OPERATORS_CHANGED,
)

DEAD_LETTER_QUEUE = "tasks.dead_letters"
"""Where the delivery limit sets messages aside; ``tasks`` listens."""
