"""What the pending board is loaded from and reconciled with."""

from services.contracts.operators import ItemType
from services.info.board import PendingItem
from services.info.items import statement
from services.info.kinds import INQUIRY
from services.info.work import Transaction

_PENDING = """
SELECT 'document' AS type, id, level, version, created_at, claimed_until FROM document WHERE status = 'pending'
UNION ALL
SELECT 'transfer', id, level, version, created_at, claimed_until FROM transfer WHERE status = 'pending'
UNION ALL
SELECT 'inquiry', id, level, version, created_at, claimed_until
FROM inquiry AS item WHERE status = 'open' AND NOT {waiting}
"""


def pending_items(transaction: Transaction) -> list[PendingItem]:
    """Every undecided item that does not wait for its customer, in no order."""
    return [
        PendingItem(**{**row, "type": ItemType(row["type"])})
        for row in transaction.query(statement(INQUIRY, _PENDING, **INQUIRY.waiting))
    ]
