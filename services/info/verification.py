"""Verifying the audit: every row against its seal, every seal against the one before, and what is in no seal.

The database computes, a bounded number of rows a statement; no transaction lasts long, so writers and sealing go on.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from services.info import findings
from services.info.checkpoints import Checkpoint, compare
from services.info.examination import examine, rows_of
from services.info.findings import Kind, Report
from services.info.seals import MARK_BYTES, ROW_DIGEST, SEAL_DIGEST
from services.runtime.postgres.database import Pool
from services.runtime.postgres.transaction import Row, Transaction

CHUNK_ROWS = 30_000
CHUNK_SEALS = 1_000
MOST_EXAMINED = 100
"""Broken seals whose rows are named; further ones are counted."""
_LOWEST = -(2**63)

Progress = Callable[[int, int], None]
"""Told how many rows have been checked, and how many there are."""

# Whatever somebody has set or put elsewhere, the tables that are meant are read, by their indexes.
_SETTINGS = """
SET LOCAL jit = off; SET LOCAL enable_seqscan = off;
SET LOCAL statement_timeout = '10min'; SET LOCAL search_path = pg_catalog, public
"""

# Numbers are unique and never null, unless somebody took the constraints away.
_BEGIN = """
SELECT (SELECT coalesce(sum(rows), 0)::bigint FROM audit_seal) AS total,
    (SELECT count(*) FROM audit WHERE id IS NULL) AS rows, (SELECT count(*) FROM audit_seal WHERE id IS NULL) AS seals,
    ARRAY(SELECT id FROM audit_seal GROUP BY id HAVING count(*) > 1 ORDER BY id LIMIT 20) AS twice
"""

_CHECK = f"""
WITH near AS (
    SELECT * FROM audit_seal WHERE id >= %(after)s ORDER BY id LIMIT %(seals)s
), following AS (
    SELECT *, lag(id) OVER in_order AS before, lag(digest) OVER in_order AS before_digest,
        lag(cluster) OVER in_order AS before_cluster, lag(horizon) OVER in_order AS before_horizon,
        lag(next) OVER in_order AS before_next, lag(drawn) OVER in_order AS before_drawn,
        lag(awaited) OVER in_order AS before_awaited,
        sum(rows) FILTER (WHERE id > %(after)s) OVER in_order - rows AS so_far
    FROM near WINDOW in_order AS (ORDER BY id)
), seal AS (
    SELECT *, coalesce(cluster = before_cluster AND before_horizon > '0'::xid8, false) AS comparable,
        coalesce(before_awaited, '{{}}') + CASE WHEN drawn > coalesce(before_drawn, 0)
            THEN int8multirange(int8range(coalesce(before_drawn, 0), drawn, '(]')) ELSE '{{}}' END AS left_open
    FROM following WHERE id > %(after)s AND coalesce(so_far, 0) < %(rows)s
)
SELECT seal.id, coalesce(seal.rows, 0) AS rows, seal.digest, seal.previous, seal.before, seal.before_digest, forged,
    ids <@ left_open AND awaited <@ left_open AND drawn <= (SELECT last_value FROM audit_id_seq) AS continues,
    coalesce(found.rows = seal.rows AND found.marks = seal.marks AND seal.digest = found.digest, false) AS fits
FROM seal CROSS JOIN LATERAL (
    SELECT count(*) AS rows, string_agg(substr(digest, 1, {MARK_BYTES}), '' ORDER BY id) AS marks,
        {SEAL_DIGEST.format(digests="coalesce(string_agg(digest, '' ORDER BY id), '')")} AS digest,
        range_agg(int8range(id, id, '[]')) FILTER (WHERE seal.comparable AND (
            transaction < seal.before_horizon OR transaction >= seal.next
            OR id <= seal.before_drawn AND transaction >= seal.before_next))::text AS forged
    FROM (
        SELECT audit.id, audit.transaction, {ROW_DIGEST} AS digest FROM {rows_of("seal.ids")} AS audit OFFSET 0
    ) AS row
) AS found
ORDER BY seal.id
"""  # noqa: S608 - no values

# One statement, so one moment: a row that is sealed meanwhile is seen in its seal or as waiting, never as neither.
_NOT_SEALED = "'{(,)}'::int8multirange - sealed.ids"
_UNSEALED = f"""
WITH sealed AS (
    SELECT coalesce(range_agg(ids), '{{}}') AS ids FROM audit_seal
), last AS (
    SELECT * FROM audit_seal ORDER BY id DESC LIMIT 1
), apart AS (
    SELECT audit.id, audit.at, audit.transaction FROM sealed
    CROSS JOIN LATERAL {rows_of(_NOT_SEALED)} AS audit
), judged AS (
    SELECT apart.id, apart.at, CASE
        WHEN apart.id > (SELECT last_value FROM audit_id_seq) THEN 'undrawn'
        WHEN apart.id <= last.drawn AND NOT apart.id <@ last.awaited THEN 'late'
        WHEN last.cluster = (SELECT system_identifier::text FROM pg_control_system())
            AND last.horizon > '0'::xid8 AND (
                apart.transaction < last.horizon OR apart.transaction >= pg_snapshot_xmax(pg_current_snapshot())
                OR apart.id <= last.drawn AND apart.transaction >= last.next) THEN 'forged'
        ELSE 'waiting' END AS state
    FROM apart LEFT JOIN last ON true
)
SELECT state, count(*) AS rows, min(at) AS since, range_agg(int8range(id, id, '[]'))::text AS ids
FROM judged GROUP BY state ORDER BY state
"""  # noqa: S608 - no values

_REASONS = {
    "undrawn": "such a number was never given out",
    "late": "by the time of the last seal, no transaction was left that could have written them",
    "forged": "the transaction that they name cannot have written them",
}


def verify(pool: Pool, checkpoints: Sequence[Checkpoint], progress: Progress = lambda done, total: None) -> Report:
    """What is wrong with the audit. Raises ``DatabaseUnavailable``."""
    report = Report()
    with _transaction(pool) as tx:
        (begin,) = tx.query(_BEGIN)
    report.findings += [
        findings.seal_changed(number, "there is another one of that number") for number in begin["twice"]
    ]
    if begin["rows"] or begin["seals"]:
        report.findings.append(findings.without_number(begin["rows"], begin["seals"]))
    last = _LOWEST
    while rows := _chunk(pool, last):
        for row in rows:
            _judge(pool, report, row)
            last = row["id"]
            report.seals += 1
            report.rows += row["rows"]
        progress(report.rows, max(begin["total"], report.rows))
    with _transaction(pool) as tx:
        for checkpoint in checkpoints:
            report.findings += compare(tx, checkpoint)
        _judge_unsealed(report, tx.query(_UNSEALED))
    return report


@contextmanager
def _transaction(pool: Pool) -> Iterator[Transaction]:
    with pool.transaction() as tx:
        tx.execute(_SETTINGS)
        yield tx


def _chunk(pool: Pool, after: int) -> list[Row]:
    with _transaction(pool) as tx:
        return tx.query(_CHECK, {"after": after, "seals": CHUNK_SEALS, "rows": CHUNK_ROWS})


def _judge(pool: Pool, report: Report, row: Row) -> None:
    """One seal."""
    number, before = row["id"], row["before"] or 0
    if number < 1:
        report.findings.append(findings.seal_changed(number, "the first seal is number 1"))
    elif before < number - 1:
        report.findings.append(findings.seals_gone(before + 1, number - 1))
    elif before < number:
        if row["previous"] != (row["before_digest"] or ""):
            report.findings.append(
                findings.seal_remade(before) if before else findings.seal_changed(1, "it is not the first")
            )
        if not row["continues"]:
            report.findings.append(findings.seal_changed(number, "it claims numbers that were not left to it"))
        elif row["forged"] and row["fits"]:
            spans = findings.spans_in(row["forged"])
            report.findings.append(findings.rows_inserted(spans, _REASONS["forged"], number))
    if not row["fits"]:
        if len(report.findings) >= MOST_EXAMINED:
            report.unexplained += 1
        else:
            with _transaction(pool) as tx:
                report.findings += examine(tx, number)


def _judge_unsealed(report: Report, groups: list[Row]) -> None:
    gaps = any(finding.kind == Kind.SEALS_GONE for finding in report.findings)
    for group in groups:
        if group["state"] == "waiting":
            report.waiting, report.waiting_since = group["rows"], group["since"]
        else:
            reason = _REASONS[group["state"]] + (", unless a seal that is gone listed them" if gaps else "")
            report.findings.append(findings.rows_inserted(findings.spans_in(group["ids"]), reason))
