"""Transfers: shown, created, reviewed."""

from typing import Any

from services.contracts.actions import ById, CreateTransfer, GetTransfer, Review, ReviewTransfer
from services.info import items
from services.info.kinds import TRANSFER
from services.info.operations.registry import operation
from services.info.reviews import review
from services.info.work import Work


@operation(GetTransfer)
def get_transfer(work: Work, data: ById) -> dict[str, Any]:
    """The transfer as it stands."""
    return {"transfer": items.find(work, TRANSFER, data.id).shown}


@operation(CreateTransfer)
def create_transfer(work: Work, data: CreateTransfer.Data) -> dict[str, Any]:
    """A new transfer that waits for its review."""
    item = items.create(work, TRANSFER, data.cid, data.level, amount=data.amount, currency=data.currency)
    return {"transfer": item.shown}


@operation(ReviewTransfer)
def review_transfer(work: Work, data: Review) -> dict[str, Any]:
    """The transfer, approved or rejected."""
    return {"transfer": review(work, TRANSFER, data).shown}
