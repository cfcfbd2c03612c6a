"""Inquiries: shown, created, answered."""

from typing import Any

from services.contracts.actions import ById, CreateInquiry, GetInquiry, RespondInquiry
from services.info import items
from services.info.kinds import INQUIRY
from services.info.operations.registry import operation
from services.info.rules import check_may_decide, check_version
from services.info.work import Work

_KEEP = "INSERT INTO inquiry_answer (inquiry_id, answer, answered_by) VALUES (%(id)s, %(answer)s, %(me)s) RETURNING id"

_ANSWERED = "answer = %(answer)s, version = version + 1"

_CLOSED = """
    answer = %(answer)s, version = version + 1, closed = true, status = 'closed',
    decided_by = %(me)s, decided_at = statement_timestamp(), claimed_by = NULL, claimed_until = NULL
"""


@operation(GetInquiry)
def get_inquiry(work: Work, data: ById) -> dict[str, Any]:
    """The inquiry as it stands, with its latest answer."""
    return {"inquiry": items.find(work, INQUIRY, data.id).shown}


@operation(CreateInquiry)
def create_inquiry(work: Work, data: CreateInquiry.Data) -> dict[str, Any]:
    """A new inquiry that waits for its answer."""
    return {"inquiry": items.create(work, INQUIRY, data.cid, data.level, problem=data.problem).shown}


@operation(RespondInquiry)
def respond_inquiry(work: Work, data: RespondInquiry.Data) -> dict[str, Any]:
    """The inquiry with one more answer; left open it stays with whoever holds it."""
    item = items.lock(work, INQUIRY, data.id)
    check_may_decide(work.operator, item)
    check_version(item, data.version)
    params = {"id": data.id, "answer": data.answer, "me": work.operator.id}
    work.query(_KEEP, params)
    if data.closed:
        return {"inquiry": items.change(work, "decided", item, _CLOSED, params).shown}
    return {"inquiry": items.change(work, "answered", item, _ANSWERED, params).shown}
