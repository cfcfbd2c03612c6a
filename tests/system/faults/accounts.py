"""Closing the books of a run: what the clients were told against what stands in the database."""

from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

import eventlet

from tests.ledger import unfinished, violations
from tests.replay import differences
from tests.system.faults.ear import Ear
from tests.system.faults.person import Person
from tests.system.faults.record import Record
from tests.system.faults.site import Site
from tests.waiting import eventually

HEAR_SECONDS = 60.0
SHOWN = 5
READ = 2_000
"""Accepted tasks that are read again at the end; all have to be in the database."""

_MARKED = """
SELECT marker, count(*) FROM (
    SELECT name AS marker FROM customer UNION ALL SELECT content FROM document
    UNION ALL SELECT amount::text FROM transfer UNION ALL SELECT problem FROM inquiry
    UNION ALL SELECT name FROM operator) AS made
WHERE marker = ANY(%s) GROUP BY marker
"""


_BURIED = """
SELECT id::text, queue, reason FROM dead_letter
UNION ALL SELECT id::text, action, 'internal_error' FROM task WHERE error->>'code' = 'internal_error'
"""

Buried = set[tuple[str, str, str]]


def found_violations(
    site: Site, record: Record, people: Sequence[Person], ears: Sequence[Ear], buried_before: Buried | None
) -> list[str]:
    """Every broken promise, in words. ``buried_before``: what was set aside before; None when more may have been."""
    found = [f"{promise}: {rows}" for promise, rows in violations(site.database).items()]
    found += differences(site.database)
    found += [
        f"{task_id} was accepted and has no outcome"
        for task_id in unfinished(site.database, [*record.accepted, *site.flooded])
    ]
    found += _unheard(record, ears)
    found += _unreadable(record, people)
    found += _markers(site, record)
    found += record.contradictions
    found += site.complaints
    if buried_before is not None:
        # Nobody's data was wrong, so no task may have failed for that reason, and no message been set aside.
        found += [f"set aside or failed without a reason: {row}" for row in buried(site) - buried_before]
    return found


def _unheard(record: Record, ears: Sequence[Ear]) -> Iterator[str]:
    """Everybody's WebSocket has been told of every outcome, however often it was cut off."""
    for ear in ears:
        mine = {task_id for task_id, who in record.accepted.items() if who == ear.name}
        mine -= {task_id for task_id, (action, _) in record.outcomes.items() if action in ("login", "logout")}
        try:
            eventually(lambda: mine <= ear.heard, HEAR_SECONDS, 0.2)  # noqa: B023
        except AssertionError:
            missed = sorted(mine - ear.heard)
            yield f"{ear.name} was not told of {len(missed)} outcomes: {missed[:SHOWN]}"


def _unreadable(record: Record, people: Sequence[Person]) -> Iterator[str]:
    """Every accepted task can be read by its operator, and reads as it was told."""
    by_name = {person.name: person for person in people}
    for task_id in Random(record.early).sample(sorted(record.accepted), min(READ, len(record.accepted))):
        who = record.accepted[task_id]
        shown = _read(by_name[who], task_id)
        if shown.get("status") not in ("succeeded", "failed"):
            yield f"{task_id} of {who} cannot be read: {shown}"
        else:
            record.tell({name: value for name, value in shown.items() if name != "http"})


def _read(person: Person, task_id: str) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for _ in range(20):
        shown = person.read(task_id)
        if shown.get("http") == 401:
            person.log_in()
        elif shown.get("status") in ("succeeded", "failed"):
            break
        else:
            eventlet.sleep(0.5)
    return shown


def _markers(site: Site, record: Record) -> Iterator[str]:
    """What was surely not taken has no effect; what nobody knows of has at most one."""
    markers = [*record.refused, *record.unsure]
    with site.connection() as connection, connection.cursor() as cursor:
        cursor.execute(_MARKED, (markers,))
        for marker, count in cursor.fetchall():
            if count > 1 or marker in record.refused:
                yield f"{marker} was made {count} times, though it was {'refused' if count == 1 else 'submitted once'}"


def buried(site: Site) -> Buried:
    """The messages that were set aside for good, and the tasks that ended as internal errors."""
    with site.connection() as connection, connection.cursor() as cursor:
        cursor.execute(_BURIED)
        return set(cursor.fetchall())
