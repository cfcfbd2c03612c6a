"""What each action does: one function an action, declared with ``@operation``, in the module of what it is about."""

from services.info.operations import (
    claims,
    customers,
    documents,
    history,
    inquiries,
    lists,
    operators,
    queue,
    search,
    statistics,
    transfers,
)
from services.info.operations.registry import check_complete

check_complete()

__all__ = [
    "check_complete",
    "claims",
    "customers",
    "documents",
    "history",
    "inquiries",
    "lists",
    "operators",
    "queue",
    "search",
    "statistics",
    "transfers",
]
