"""Every metric of the system: what Prometheus may know, under which name, with which labels.

Labels are bounded: actions, error codes, queues, types, levels; never an operator, a customer or an id. Each metric
says how its replicas go together: counters and histograms are summed, gauges as their ``across`` says.
"""

from dataclasses import dataclass
from typing import Literal

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)
TASKS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)

HIGHEST_LEVEL = 9
"""Items of higher levels are counted together, under ``10+``: a level may be any number."""


@dataclass(frozen=True)
class Metric:
    """A metric.

    name:    as it is scraped, without the endings of histograms; that of a counter ends in ``_total``
    help:    one sentence
    across:  how the replicas' numbers make the system's
    buckets: of a histogram
    """

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...] = ()
    across: Literal["sum", "max"] = "sum"
    buckets: tuple[float, ...] = ()

    @property
    def samples(self) -> tuple[str, ...]:
        """The names of its time series."""
        if self.kind == "histogram":
            return tuple(f"{self.name}_{ending}" for ending in ("bucket", "count", "sum"))
        return (self.name,)


# The life of a task: gateway (and tasks, for what comes by RPC) accepts, info stores, tasks tells.
TASKS_ACCEPTED = Metric("backoffice_tasks_accepted_total", "counter", "Submissions that were accepted.", ("action",))
REQUESTS_REFUSED = Metric(
    "backoffice_requests_refused_total", "counter", "Requests that were answered with a problem.", ("code",)
)
TASKS_FINISHED = Metric(
    "backoffice_tasks_finished_total",
    "counter",
    "Outcomes that were stored, each once, whoever delivers its task again; code is empty for those that succeeded.",
    ("action", "status", "code"),
)
TASK_SECONDS = Metric(
    "backoffice_task_seconds",
    "histogram",
    "Seconds from the submission of a task until its outcome was told to the gateways.",
    ("action",),
    buckets=SECONDS,
)

# What waits for people.
ITEMS_PENDING = Metric(
    "backoffice_items_pending", "gauge", "Items that wait for a decision.", ("type", "level"), across="max"
)
ITEMS_OLDEST = Metric(
    "backoffice_items_oldest_seconds",
    "gauge",
    "Age of the oldest item that waits for a decision.",
    ("type", "level"),
    across="max",
)

ITEMS_NOBODY_DECIDES = Metric(
    "backoffice_items_nobody_decides",
    "gauge",
    "Items that wait at a level that no enabled operator who decides such items has.",
    ("type",),
    across="max",
)

# The gateway's clients.
CONNECTIONS = Metric("backoffice_websocket_connections", "gauge", "WebSocket connections that are open.")
WEBSOCKETS_REFUSED = Metric(
    "backoffice_websockets_refused_total",
    "counter",
    "WebSockets that the gateway closed before they were ready.",
    ("reason",),
)
OUTCOMES_PUSHED = Metric("backoffice_outcomes_pushed_total", "counter", "Outcomes that were pushed to a connection.")
REQUESTS_WAITING = Metric("backoffice_requests_waiting", "gauge", "Requests that wait for the outcome of a task.")

# The broker.
BROKER_CONNECTED = Metric(
    "backoffice_broker_connected", "gauge", "1 while a service can publish and consume, else 0.", ("service",)
)
QUEUE_MESSAGES = Metric(
    "backoffice_queue_messages",
    "gauge",
    "Messages that wait on a shared queue, as its listeners read it every few seconds.",
    ("queue",),
    across="max",
)
BATCH_TASKS = Metric(
    "backoffice_batch_tasks", "histogram", "Tasks in a batch that was worked on.", ("queue",), buckets=TASKS
)
BATCH_SECONDS = Metric(
    "backoffice_batch_seconds", "histogram", "Seconds that a try of a batch took.", ("queue",), buckets=SECONDS
)
RETRIES = Metric(
    "backoffice_batch_retries_total",
    "counter",
    "Batches that have to be tried again: held while something is unavailable, or returned to the queue as failed.",
    ("queue", "reason"),
)
RETRYING_SECONDS = Metric(
    "backoffice_retrying_seconds",
    "gauge",
    "Seconds for which something has failed at each try, 0 when it no longer does.",
    ("work",),
    across="max",
)
REDELIVERED = Metric(
    "backoffice_messages_redelivered_total",
    "counter",
    "Messages that were delivered not for the first time.",
    ("queue",),
)
DEAD_LETTERS = Metric(
    "backoffice_dead_letters_total",
    "counter",
    "Messages that were set aside, by what became of them: tried again, or kept for an operator.",
    ("fate",),
)

# The database.
DEAD_LETTERS_KEPT = Metric(
    "backoffice_dead_letters_kept", "gauge", "Dead letters that nobody has replayed.", across="max"
)
TASKS_UNFINISHED = Metric(
    "backoffice_recorded_tasks_unfinished",
    "gauge",
    "Tasks recorded before they were published, without an outcome.",
    across="max",
)
UNFINISHED_OLDEST = Metric(
    "backoffice_recorded_tasks_oldest_seconds",
    "gauge",
    "Age of the oldest of those, 0 when there is none.",
    across="max",
)
REPUBLISHED = Metric("backoffice_tasks_republished_total", "counter", "Recorded tasks that were published again.")
TASKS_DELETED = Metric("backoffice_tasks_deleted_total", "counter", "Finished tasks deleted after their retention.")
POOL_SIZE = Metric("backoffice_database_connections_max", "gauge", "Database connections that a process may have.")
POOL_IN_USE = Metric("backoffice_database_connections_in_use", "gauge", "Database connections in use.")
POOL_WAITING = Metric("backoffice_database_waiting", "gauge", "Who waits for a database connection.")

METRICS = tuple(value for value in list(globals().values()) if isinstance(value, Metric))
"""All of them, in order."""
