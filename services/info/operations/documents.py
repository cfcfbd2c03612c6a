"""Documents: shown, created, reviewed."""

from typing import Any

from services.contracts.actions import ById, CreateDocument, GetDocument, Review, ReviewDocument
from services.info import items
from services.info.kinds import DOCUMENT
from services.info.operations.registry import operation
from services.info.reviews import review
from services.info.work import Work


@operation(GetDocument)
def get_document(work: Work, data: ById) -> dict[str, Any]:
    """The document as it stands."""
    return {"document": items.find(work, DOCUMENT, data.id).shown}


@operation(CreateDocument)
def create_document(work: Work, data: CreateDocument.Data) -> dict[str, Any]:
    """A new document that waits for its review."""
    return {"document": items.create(work, DOCUMENT, data.cid, data.level, content=data.content).shown}


@operation(ReviewDocument)
def review_document(work: Work, data: Review) -> dict[str, Any]:
    """The document, approved or rejected."""
    return {"document": review(work, DOCUMENT, data).shown}
