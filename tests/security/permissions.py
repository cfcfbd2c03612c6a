"""Who may do what, by the domain's rules."""

from typing import Any

from tests import domain
from tests.domain import EVERYONE

WHO_MAY = {"login": EVERYONE, "logout": EVERYONE, **domain.WHO_MAY}

KINDS = ("document", "transfer", "inquiry")

DECIDES = {role: set(types) for role, types in domain.TYPES.items()}
"""Which item types a role decides."""


def attempts(kind: str, item: int) -> list[tuple[str, dict[str, Any]]]:
    """Every way to change an item."""
    decide: tuple[str, dict[str, Any]] = (f"review_{kind}", {"id": item, "approved": True})
    if kind == "inquiry":
        decide = ("respond_inquiry", {"id": item, "answer": "Here.", "closed": True})
    return [
        decide,
        ("get_task", {"type": kind, "id": item}),
        ("escalate_task", {"type": kind, "id": item, "level": 9}),
    ]
