"""Figures for the board: what waits, what was decided, and how long that took. They decide nothing."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from services.contracts.actions import GetStatistics
from services.contracts.operators import Role
from services.contracts.tasks import utc_text
from services.info.deciders import highest_levels
from services.info.figures import Counted
from services.info.items import json_value, statement
from services.info.kinds import KINDS, Kind
from services.info.operations.registry import operation
from services.info.work import Row, Work


class Period(NamedTuple):
    """Over how many buckets of how many seconds is counted; the last is the one that runs."""

    buckets: int
    seconds: int


PERIODS: Mapping[str, Period] = {"hour": Period(12, 300), "day": Period(24, 3_600), "week": Period(28, 21_600)}

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)

_RUNNING = "SELECT date_bin(%(seconds)s * interval '1 second', statement_timestamp(), %(epoch)s) AS bucket"

_PENDING = """
SELECT level, count(*) AS count, count(*) FILTER (WHERE claimed_until > statement_timestamp()) AS claimed,
    count(*) FILTER (WHERE {waiting}) AS waiting, min(created_at) FILTER (WHERE NOT {waiting}) AS oldest_at
FROM {table} AS item WHERE status = '{undecided}' GROUP BY level ORDER BY level
"""

_CREATED = """
SELECT date_bin(%(seconds)s * interval '1 second', created_at, %(epoch)s) AS bucket, count(*) AS created
FROM {table} WHERE created_at >= %(since)s GROUP BY bucket
"""

# Each decision three times: in its bucket, in all, and with its reviewer.
_DECIDED = """
SELECT bucket, decided_by, count(*) FILTER (WHERE status = 'approved') AS approved,
    count(*) FILTER (WHERE status = 'rejected') AS rejected, count(*) FILTER (WHERE status = 'closed') AS closed,
    percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY took) AS took
FROM (
    SELECT date_bin(%(seconds)s * interval '1 second', decided_at, %(epoch)s) AS bucket, decided_by, status,
        extract(epoch FROM decided_at - created_at)::float8 AS took
    FROM {table} WHERE decided_at >= %(since)s
) AS decision
GROUP BY GROUPING SETS ((bucket), (), (decided_by))
"""

_COUNTS = ("approved", "rejected", "closed")


@operation(GetStatistics)
def get_statistics(work: Work, data: GetStatistics.Data) -> dict[str, Any]:
    """Figures of the item types that the caller decides, an Admin's of all; only an Admin's tell of other reviewers."""
    period = PERIODS[data.period]
    params = {"seconds": period.seconds, "epoch": _EPOCH}
    (running,) = work.query(_RUNNING, params)
    since = running["bucket"] - timedelta(seconds=period.seconds * (period.buckets - 1))
    params["since"] = since
    figures: dict[str, list[dict[str, Any]]] = {"pending": [], "buckets": [], "totals": [], "reviewers": []}
    highest = highest_levels(work)
    for kind in KINDS.values():
        if work.operator.role is Role.ADMIN or kind.type in work.operator.role.decides:
            figures["pending"] += _pending(work, kind, highest[kind.type])
            _count(work, kind, params, figures)
    return {
        "statistics": {
            "period": data.period,
            "from": utc_text(since),
            "until": utc_text(running["bucket"] + timedelta(seconds=period.seconds)),
            "bucket_seconds": period.seconds,
            **figures,
        }
    }


def _pending(work: Work, kind: Kind, highest: int) -> list[dict[str, Any]]:
    return [
        {
            "type": kind.type.value,
            **{key: json_value(value) for key, value in row.items()},
            "nobody_has_level": row["level"] > highest,
        }
        for row in work.query(statement(kind, _PENDING, **kind.waiting))
    ]


def _count(work: Work, kind: Kind, params: Mapping[str, Any], figures: dict[str, list[dict[str, Any]]]) -> None:
    name = kind.type.value
    counted = work.figures.get(params["seconds"], kind.type, params["since"], lambda: _counted(work, kind, params))
    created = {row["bucket"]: row["created"] for row in counted.created}
    decided = counted.decided
    buckets = {row["bucket"]: row for row in decided if row["bucket"]}
    for bucket in sorted(created.keys() | buckets.keys()):
        figures["buckets"].append(
            {"at": utc_text(bucket), "type": name, "created": created.get(bucket, 0), **_decisions(buckets.get(bucket))}
        )
    (total,) = (row for row in decided if not row["bucket"] and not row["decided_by"])
    figures["totals"].append({"type": name, "created": sum(created.values()), **_decisions(total)})
    figures["reviewers"] += _reviewers(work, name, {row["decided_by"]: row for row in decided if row["decided_by"]})


def _counted(work: Work, kind: Kind, params: Mapping[str, Any]) -> Counted:
    return Counted(
        work.query(statement(kind, _CREATED), params, prepare=False),
        work.query(statement(kind, _DECIDED), params, prepare=False),
    )


def _reviewers(work: Work, item_type: str, rows: Mapping[int, Row]) -> list[dict[str, Any]]:
    shown = list(rows) if work.operator.role is Role.ADMIN else [work.operator.id]
    names = work.query("SELECT id, name FROM operator WHERE id = ANY(%s) ORDER BY name", (shown,))
    return [
        {"id": row["id"], "name": row["name"], "type": item_type, **_decisions(rows[row["id"]])}
        for row in names
        if row["id"] in rows
    ]


def _decisions(row: Row | None) -> dict[str, Any]:
    if row is None:
        return {**dict.fromkeys(_COUNTS, 0), "median_seconds": None, "p95_seconds": None}
    median, p95 = (round(seconds, 3) for seconds in row["took"]) if row["took"] else (None, None)
    return {**{name: row[name] for name in _COUNTS}, "median_seconds": median, "p95_seconds": p95}
