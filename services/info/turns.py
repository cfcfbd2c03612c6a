"""Whose turn it is at an operator's row: that of the batches which read it, together, or of who changes it, alone.

A row's own lock has no queue for this: PostgreSQL lets further readers in while somebody waits to change the row, so
the batches of replicas that overlap would put off a revocation for as long as its operator submits tasks. Advisory
locks are given in the order in which they were asked for. They come before the row's, and end with the transaction.
"""

from collections.abc import Collection

from services.info.work import Transaction

# Other advisory locks have positive numbers.
_TOGETHER = "SELECT pg_advisory_xact_lock_shared(-id) FROM unnest(%s::bigint[]) AS id"
_ALONE = "SELECT pg_advisory_xact_lock(-id) FROM unnest(%s::bigint[]) AS id"


def together(tx: Transaction, operator_ids: Collection[int]) -> None:
    """Wait for the turn to read these operators."""
    if operator_ids:
        tx.query(_TOGETHER, (sorted(operator_ids),))


def alone(tx: Transaction, operator_ids: Collection[int]) -> None:
    """Wait for the turn to change these operators, or their sessions."""
    if operator_ids:
        tx.query(_ALONE, (sorted(operator_ids),))
