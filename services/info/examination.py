"""Examining a seal that does not fit: which of its rows are gone or changed, or else that it was changed itself."""

from itertools import chain

from services.info import findings
from services.info.findings import Finding
from services.info.seals import MARK_BYTES, ROW_DIGEST
from services.runtime.postgres.transaction import Transaction


def rows_of(numbers: str) -> str:
    """The audit rows whose numbers are in a multirange, in SQL; ``OFFSET 0`` has them found by the index."""
    return (
        f"(SELECT audit.* FROM unnest({numbers}) AS part CROSS JOIN LATERAL (SELECT * FROM audit "  # noqa: S608
        "WHERE id >= coalesce(lower(part), -9223372036854775808) "
        "AND id <= coalesce(upper(part) - 1, 9223372036854775807) OFFSET 0) AS audit)"
    )


_EXAMINED = f"""
SELECT audit.id, substr({ROW_DIGEST}, 1, {MARK_BYTES}) AS mark
FROM audit_seal AS seal CROSS JOIN LATERAL (SELECT * FROM {rows_of("seal.ids")} AS audit) AS audit
WHERE seal.id = %s ORDER BY audit.id
"""  # noqa: S608 - no values

_LISTED = """
SELECT coalesce(ids::text, '') AS ids, rows, coalesce(marks, '') AS marks FROM audit_seal WHERE id = %s
"""


def examine(tx: Transaction, number: int) -> list[Finding]:
    """Why a seal does not fit: which of its rows are gone or changed, or else the seal itself."""
    listed = tx.one(_LISTED, (number,)) or {"ids": "{}", "rows": 0, "marks": b""}
    actual = {row["id"]: bytes(row["mark"]) for row in tx.query(_EXAMINED, (number,))}
    marks = bytes(listed["marks"])
    try:
        spans = findings.spans_in(listed["ids"])
    except ValueError:
        return [findings.seal_changed(number, "its list of rows has no end")]
    if not sum(map(len, spans)) == listed["rows"] == len(marks) / MARK_BYTES:
        return [findings.seal_changed(number, "its list of rows and their count differ")]
    sealed = {
        row: marks[position * MARK_BYTES : (position + 1) * MARK_BYTES]
        for position, row in enumerate(chain.from_iterable(spans))
    }
    gone = [row for row in sealed if row not in actual]
    changed = [row for row, mark in sealed.items() if actual.get(row, mark) != mark]
    found = [findings.rows_gone(number, gone)] if gone else []
    found += [findings.rows_changed(number, changed)] if changed else []
    return found or [findings.seal_changed(number, "its rows are those of its list, and its digest differs")]
