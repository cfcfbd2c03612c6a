"""The decision on a document or a transfer."""

from services.contracts.actions import Review
from services.info import items
from services.info.items import Item
from services.info.kinds import Kind
from services.info.rules import check_may_decide, check_version
from services.info.work import Work

_DECIDED = """
    status = %(status)s, reason = %(reason)s, version = version + 1,
    decided_by = %(me)s, decided_at = statement_timestamp(), claimed_by = NULL, claimed_until = NULL
"""


def review(work: Work, kind: Kind, data: Review) -> Item:
    """Approve or reject it, once and for all; any claim on it ends. Raises ``Refusal``."""
    item = items.lock(work, kind, data.id)
    check_may_decide(work.operator, item)
    check_version(item, data.version)
    status = "approved" if data.approved else "rejected"
    return items.change(
        work, "decided", item, _DECIDED, {"status": status, "reason": data.reason, "me": work.operator.id}
    )
