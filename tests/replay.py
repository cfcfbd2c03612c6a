"""The audit trail replayed: every customer, item and operator is rebuilt from its audit rows and compared."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import psycopg2

ITEMS = {
    "document": ("content", "reason"),
    "transfer": ("amount::text", "currency", "reason"),
    "inquiry": ("problem", "answer", "closed"),
}
"""Each item type with the columns that it has of its own."""

_TIME = """to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS {}"""
_NAME = "(SELECT name FROM operator WHERE operator.id = thing.{0}) AS {0}"

_CLAIM = ("claimed_by", "claimed_by_id", "claimed_until")
"""A claim that has lapsed is shown as none, without a change of the row."""

_WAITING = ("waiting", "waiting_until")
"""The end of waiting for a customer, when its time has come, is no change of the row either."""

_AUDIT = """
SELECT entity, entity_id, event, before, after, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
FROM audit WHERE entity = ANY(%s) ORDER BY id
"""

_ANSWERS = """
SELECT inquiry_id, array_agg(answer ORDER BY id) FROM inquiry_answer WHERE NOT from_customer GROUP BY inquiry_id
"""

_SESSIONS = """
SELECT operator.name FROM operator
WHERE (SELECT count(*) FROM session WHERE operator_id = operator.id)
   <> (SELECT count(*) FROM audit WHERE entity = 'operator' AND entity_id = operator.id AND event = 'session_opened')
"""

Row = dict[str, Any]
Trails = Mapping[tuple[str, int], list[tuple[str, Row | None, Row, str]]]


def differences(database_url: str) -> list[str]:
    """Where the audit trail and the tables contradict each other, in words. Empty when all is well."""
    connection = psycopg2.connect(database_url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            trails = _trails(cursor)
            found = [*_broken_chains(trails)]
            for entity, rows in _tables(cursor).items():
                found += _compared(entity, rows, trails)
            found += _answers(cursor, trails)
            cursor.execute(_SESSIONS)
            found += [f"the sessions of {name} are not those that were audited" for (name,) in cursor.fetchall()]
            return found
    finally:
        connection.close()


def _trails(cursor: Any) -> Trails:
    cursor.execute(_AUDIT, ([*ITEMS, "customer", "operator"],))
    trails = defaultdict(list)
    for entity, entity_id, event, before, after, at in cursor.fetchall():
        trails[entity, entity_id].append((event, before, after, at))
    return trails


def _broken_chains(trails: Trails) -> Iterator[str]:
    """Each state follows from the one before, and each change counts the version up."""
    for (entity, entity_id), trail in trails.items():
        if entity == "operator":
            continue
        last: Row | None = None
        for event, before, after, _ in trail:
            if (event == "created") != (last is None) or (before is None) != (last is None):
                yield f"{entity} {entity_id}: {event} out of place"
            elif last is not None and before is not None:
                if any(before[name] != last[name] and not _passes(name, before[name], last[name]) for name in before):
                    yield f"{entity} {entity_id}: before {event} it was {before}, and the change before left {last}"
                if after["version"] - before["version"] != 1:
                    yield f"{entity} {entity_id}: {event} from version {before['version']} to {after['version']}"
            last = after


def _passes(name: str, value: Any, last: Any) -> bool:
    """What time or a renewed claim changes, which is not audited."""
    if name == "claimed_until" and value and last:
        return bool(value > last)
    return (name in _CLAIM and value is None) or (name in _WAITING and not value)


def _tables(cursor: Any) -> dict[str, list[Row]]:
    created = f"{_TIME.format('created_at', 'created_at')}, {_NAME.format('created_by')}, created_by AS created_by_id"
    queries = {
        entity: f"SELECT id, cid, level, status, version, {', '.join(own)}, {created}, {_NAME.format('decided_by')}, "
        f"decided_by AS decided_by_id, claimed_by AS claimed_by_id, "
        f"{_NAME.format('claimed_by')}, {_TIME.format('decided_at', 'decided_at')}, "
        f"{_TIME.format('claimed_until', 'claimed_until')} FROM {entity} AS thing"
        for entity, own in ITEMS.items()
    }
    queries["customer"] = f"SELECT id, name, {created} FROM customer AS thing"
    queries["operator"] = "SELECT id, name, role, level, active FROM operator"
    return {entity: _rows(cursor, query) for entity, query in queries.items()}


def _rows(cursor: Any, query: str) -> list[Row]:
    cursor.execute(query)
    names = [column.name for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _compared(entity: str, rows: list[Row], trails: Trails) -> Iterator[str]:
    ids = {row["id"] for row in rows}
    for kind, entity_id in trails:
        if kind == entity and entity_id not in ids:
            yield f"{entity} {entity_id} has audit rows and does not exist"
    for row in rows:
        trail = trails.get((entity, row["id"]), [])
        rebuilt: Row = {}
        for _, _, after, _ in trail:
            rebuilt |= after
        # A claim that had lapsed when the item was last changed still stands in its row.
        if row.get("claimed_until") and rebuilt.get("claimed_until") is None and row["claimed_until"] <= trail[-1][3]:
            row |= {"claimed_by": None, "claimed_by_id": None, "claimed_until": None}
        wrong = {
            name: (rebuilt.get(name), value)
            for name, value in row.items()
            if rebuilt.get(name) != value and not (name == "claimed_until" and _passes(name, value, rebuilt.get(name)))
        }
        if wrong:
            yield f"{entity} {row['id']} is not what its audit rows make of it (audit, table): {wrong}"


def _answers(cursor: Any, trails: Trails) -> Iterator[str]:
    cursor.execute(_ANSWERS)
    stored = dict(cursor.fetchall())
    for (entity, entity_id), trail in trails.items():
        if entity == "inquiry":
            told = [after["answer"] for event, _, after, _ in trail if event in ("answered", "decided")]
            if told != stored.get(entity_id, []):
                yield f"inquiry {entity_id} has the answers {stored.get(entity_id)}, and the audit knows {told}"
