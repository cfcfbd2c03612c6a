"""Inquiries: shown with their threads, created, answered, replied to by their customers."""

from datetime import datetime
from typing import Any

from services.contracts.actions import CreateInquiry, GetInquiry, ReplyInquiry, RespondInquiry
from services.contracts.validation import Invalid, fault
from services.info import items
from services.info.kinds import INQUIRY
from services.info.operations.registry import operation
from services.info.rules import check_may_decide, check_undecided, check_version
from services.info.threads import earlier_messages, keep_message
from services.info.work import Work

MOST_DAYS = 366
"""How far ahead an answered inquiry may wait."""

_POSSIBLE = """
SELECT %(until)s BETWEEN statement_timestamp() AND statement_timestamp() + %(days)s * interval '1 day' AS possible
"""

_LEFT_OPEN = """
    answer = %(answer)s, version = version + 1, waiting_until = coalesce(%(until)s::timestamptz, 'infinity')
"""

_CLOSED = """
    answer = %(answer)s, version = version + 1, closed = true, status = 'closed', waiting_until = NULL,
    decided_by = %(me)s, decided_at = statement_timestamp(), claimed_by = NULL, claimed_until = NULL
"""

_REPLIED = "waiting_until = NULL, version = version + 1"


@operation(GetInquiry)
def get_inquiry(work: Work, data: GetInquiry.Data) -> dict[str, Any]:
    """The inquiry as it stands, and its latest messages, or those before a cursor."""
    inquiry = items.find(work, INQUIRY, data.id).shown
    thread, cursor = earlier_messages(work, data.id, data.cursor)
    return {"inquiry": inquiry, "thread": thread, "earlier_cursor": cursor}


@operation(CreateInquiry)
def create_inquiry(work: Work, data: CreateInquiry.Data) -> dict[str, Any]:
    """A new inquiry that waits for its answer."""
    return {"inquiry": items.create(work, INQUIRY, data.cid, data.level, problem=data.problem).shown}


@operation(RespondInquiry)
def respond_inquiry(work: Work, data: RespondInquiry.Data) -> dict[str, Any]:
    """The inquiry with one more answer; left open it stays with its holder and waits for its customer."""
    item = items.lock(work, INQUIRY, data.id)
    check_may_decide(work.operator, item)
    check_version(item, data.version)
    if data.until:
        _check_is_ahead(work, data.until)
    keep_message(work, data.id, data.answer, from_customer=False)
    params = {"answer": data.answer, "me": work.operator.id, "until": data.until}
    if data.closed:
        return {"inquiry": items.change(work, "decided", item, _CLOSED, params).shown}
    return {"inquiry": items.change(work, "answered", item, _LEFT_OPEN, params).shown}


@operation(ReplyInquiry)
def reply_inquiry(work: Work, data: ReplyInquiry.Data) -> dict[str, Any]:
    """The inquiry, which waits for the staff again; a holder keeps it."""
    item = items.lock(work, INQUIRY, data.id)
    check_undecided(item)
    keep_message(work, data.id, data.reply, from_customer=True)
    return {"inquiry": items.change(work, "replied", item, _REPLIED, {}, {"reply": data.reply}).shown}


def _check_is_ahead(work: Work, until: datetime) -> None:
    """Raises ``Invalid`` for a time that has passed, or is too far ahead."""
    (row,) = work.query(_POSSIBLE, {"until": until, "days": MOST_DAYS})
    if not row["possible"]:
        raise Invalid([fault("ahead", "task.data.until", days=MOST_DAYS)])
