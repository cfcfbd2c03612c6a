"""What ``info`` counts and reads for Prometheus: outcomes as they are stored, what waits, and what is overdue."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from services.contracts.action import ACTIONS
from services.contracts.metrics import (
    DEAD_LETTERS_KEPT,
    HIGHEST_LEVEL,
    ITEMS_NOBODY_DECIDES,
    ITEMS_OLDEST,
    ITEMS_PENDING,
    REPUBLISHED,
    TASKS_DELETED,
    TASKS_FINISHED,
    TASKS_UNFINISHED,
    UNFINISHED_OLDEST,
)
from services.contracts.operators import ItemType
from services.contracts.tasks import Outcome
from services.info.board import Shelf, Waiting
from services.info.deciders import highest_levels
from services.info.work import Transaction
from services.runtime.telemetry.measures import Measures

Shelves = Callable[[], Mapping[Shelf, Waiting]]

_OVERDUE = """
SELECT (SELECT count(*) FROM dead_letter WHERE replayed_at IS NULL) AS dead_letters, count(*) AS unfinished,
    coalesce(extract(epoch FROM statement_timestamp() - min(submitted_at)), 0)::float AS oldest
FROM task WHERE publish_again_at IS NOT NULL
"""


class Metrics:
    """What is counted, and what is read from the database."""

    def __init__(self, measures: Measures) -> None:
        self._finished = measures.counter(TASKS_FINISHED)
        self._republished = measures.counter(REPUBLISHED)
        self._deleted = measures.counter(TASKS_DELETED)
        self._dead_letters = measures.gauge(DEAD_LETTERS_KEPT)
        self._unfinished = measures.gauge(TASKS_UNFINISHED)
        self._oldest = measures.gauge(UNFINISHED_OLDEST)
        self._nobody_decides = measures.gauge(ITEMS_NOBODY_DECIDES)

    def stored(self, outcomes: Iterable[Outcome]) -> None:
        """Outcomes have committed that were not there before."""
        for outcome in outcomes:
            action = outcome["action"] if outcome["action"] in ACTIONS else "unknown"
            code = outcome["error"]["code"] if outcome["error"] else ""
            self._finished.labels(action, outcome["status"], code).inc()

    def republished(self, tasks: int) -> None:
        """Recorded tasks were published again."""
        self._republished.inc(tasks)

    def deleted(self, tasks: int) -> None:
        """Tasks were deleted whose retention has ended."""
        self._deleted.inc(tasks)

    def read_overdue(self, tx: Transaction) -> None:
        """Read what waits for somebody in the database."""
        (row,) = tx.query(_OVERDUE)
        self._dead_letters.set(row["dead_letters"])
        self._unfinished.set(row["unfinished"])
        self._oldest.set(row["oldest"])

    def read_levels(self, tx: Transaction, shelves: Mapping[Shelf, Waiting]) -> None:
        """Compare the levels of what waits with those that enabled operators have."""
        for item_type, highest in highest_levels(tx).items():
            above = [shelf for shelf in shelves if shelf[0] is item_type and shelf[1] > highest]
            self._nobody_decides.labels(item_type.value).set(sum(shelves[shelf]["count"] for shelf in above))


def show_board(measures: Measures, shelves: Shelves) -> None:
    """Have what waits for a decision read at each scrape."""
    measures.read(ITEMS_PENDING, lambda: _by_level(shelves(), lambda one: one["count"], sum))
    measures.read(ITEMS_OLDEST, lambda: _by_level(shelves(), lambda one: one["oldest_seconds"] or 0.0, max))


def _by_level(
    shelves: Mapping[Shelf, Waiting], number: Callable[[Waiting], float], join: Callable[[Iterable[float]], float]
) -> Iterator[tuple[Sequence[str], float]]:
    """A number of each type and level, the highest levels joined; 0 for a type of which nothing waits at level 1."""
    found: dict[tuple[str, str], list[float]] = {(item_type.value, "1"): [0.0] for item_type in ItemType}
    for (item_type, level), waiting in shelves.items():
        name = str(level) if level <= HIGHEST_LEVEL else f"{HIGHEST_LEVEL + 1}+"
        found.setdefault((item_type.value, name), []).append(number(waiting))
    yield from ((labels, join(numbers)) for labels, numbers in found.items())
