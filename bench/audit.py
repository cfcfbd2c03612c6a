"""``python -m bench.audit``: how long it takes to seal and to verify an audit of a million rows."""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg2

from bench.report import Row, machine
from services.info import checkpoints, seals, verification
from services.info.findings import Report
from services.info.migrate import migrate
from services.runtime.postgres.database import Pool
from tests import parts

VERIFY_SECONDS = 60.0

# What the review of a transfer writes.
_ROWS = """
INSERT INTO audit (operator_id, task_id, entity, entity_id, event, before, after)
SELECT 1 + n %% 20, gen_random_uuid(), 'transfer', n, 'decided',
    item || changing || '{"status": "pending", "version": 1}',
    item || changing || '{"status": "approved", "version": 2, "decided_by": "Bob", "reason": "seen"}'
FROM generate_series(%s, %s) AS n,
    jsonb_build_object('id', n, 'cid', n %% 1000, 'amount', '250.00', 'currency', 'USD', 'level', 1 + n %% 2,
        'created_at', '2026-11-24T14:50:58.554124Z', 'created_by', 'Alice') AS item,
    jsonb_build_object('claimed_by', NULL, 'claimed_until', NULL, 'decided_by', NULL, 'decided_at', NULL,
        'reason', NULL) AS changing
"""
_A_TRANSACTION = 50_000


def main() -> int:
    """Exit code 1 when an audit that nobody touched did not verify, or a touched one did."""
    options = _options()
    began = time.monotonic()

    def say(what: str) -> None:
        print(f"[{time.monotonic() - began:5.0f} s] {what}", file=sys.stderr, flush=True)

    with parts.temporary_database(parts.DATABASE) as url:
        migrate(url)
        say(f"writing {options.rows:,} rows")
        writing = _timed(lambda: _write(url, options.rows))
        with _pool(url) as pool:
            say("sealing")
            sealing = _timed(lambda: seals.seal_all(pool))
            with pool.transaction() as tx:
                known = checkpoints.make(tx)
            say("verifying")
            verifying, report = _timed_report(pool, known)
            _touch(url, options.rows // 2)
            say("verifying again, after one row was changed")
            again, touched = _timed_report(pool, known)
        rows = [
            Row("rows", options.rows, "rows"),
            Row("size of the audit", _megabytes(url, "audit"), "MB"),
            Row("size of the seals", _megabytes(url, "audit_seal"), "MB", note=f"{report.seals} seals"),
            Row("to write the rows, by SQL", writing, "s"),
            Row("to seal them", sealing, "s"),
            Row("to verify them", verifying, "s", VERIFY_SECONDS),
            Row("to verify them, one having been changed", again, "s", VERIFY_SECONDS),
        ]
    right = not report.findings and report.rows == options.rows and len(touched.findings) == 1
    print(json.dumps([row.as_json() for row in rows]) if options.json else "\n".join([machine(), *map(str, rows)]))
    for finding in touched.findings:
        say(finding.sentence)
    return 0 if right else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.audit", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="default %(default)s")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    return parser.parse_args()


def _write(url: str, rows: int) -> None:
    connection = psycopg2.connect(url)
    try:
        for first in range(1, rows + 1, _A_TRANSACTION):
            with connection, connection.cursor() as cursor:
                cursor.execute(_ROWS, (first, min(first + _A_TRANSACTION - 1, rows)))
    finally:
        connection.close()


def _touch(url: str, row: int) -> None:
    connection = psycopg2.connect(url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("ALTER TABLE audit DISABLE TRIGGER audit_rows_stay")
            cursor.execute("UPDATE audit SET event = 'released' WHERE id = %s", (row,))
    finally:
        connection.close()


def _megabytes(url: str, table: str) -> float:
    connection = psycopg2.connect(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_total_relation_size(%s::regclass) / 1e6", (table,))
            ((size,),) = cursor.fetchall()
            return float(size)
    finally:
        connection.close()


@contextmanager
def _pool(url: str) -> Iterator[Pool]:
    pool = Pool(url, 2, "backoffice_app", "backoffice bench")
    try:
        yield pool
    finally:
        pool.close()


def _timed(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def _timed_report(pool: Pool, known: checkpoints.Checkpoint) -> tuple[float, Report]:
    began = time.monotonic()
    report = verification.verify(pool, (known,))
    return time.monotonic() - began, report


if __name__ == "__main__":
    sys.exit(main())
