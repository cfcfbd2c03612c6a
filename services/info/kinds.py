"""The three item types: what tells them apart."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.contracts.errors import Code
from services.contracts.operators import ItemType


@dataclass(frozen=True)
class Kind:
    """What one item type has of its own; its table is called as the type.

    subject:   the columns that say what it is about, the same as in what clients see
    conclusion: the columns that go with a decision
    waits:     it may wait for its customer
    undecided: its status while it waits
    decided:   the statuses that a decision gives it
    text:      the column that says in words what it is about, if it has one
    """

    type: ItemType
    subject: tuple[str, ...]
    conclusion: tuple[str, ...]
    undecided: str
    decided: tuple[str, ...]
    not_found: Code
    text: str | None
    waits: bool = False

    @property
    def shown(self) -> tuple[str, ...]:
        """The members of an item as clients see it, in order."""
        return ("id", "cid", *self.subject, *_SHARED, *(_WAITING if self.waits else ()), *self.conclusion)

    @property
    def waiting(self) -> Mapping[str, str]:
        """``waiting`` and ``waiting_until`` as SQL on ``item``."""
        return _WAITING if self.waits else _NEVER_WAITING


_SHARED = (
    "level",
    "status",
    "version",
    "created_at",
    "created_by",
    "created_by_id",
    "claimed_by",
    "claimed_by_id",
    "claimed_until",
    "decided_by",
    "decided_by_id",
    "decided_at",
)

_WAITING = {
    "waiting": "coalesce(item.waiting_until > statement_timestamp(), false)",
    "waiting_until": "CASE WHEN item.waiting_until > statement_timestamp() AND isfinite(item.waiting_until) "
    "THEN item.waiting_until END",
}
_NEVER_WAITING = {"waiting": "false", "waiting_until": "NULL::timestamptz"}

_REVIEWED = ("approved", "rejected")

DOCUMENT = Kind(
    ItemType.DOCUMENT, ("content",), ("reason",), "pending", _REVIEWED, Code.DOCUMENT_NOT_FOUND, text="content"
)
TRANSFER = Kind(
    ItemType.TRANSFER, ("amount", "currency"), ("reason",), "pending", _REVIEWED, Code.TRANSFER_NOT_FOUND, text=None
)
INQUIRY = Kind(
    ItemType.INQUIRY,
    ("problem", "answer", "closed"),
    (),
    "open",
    ("closed",),
    Code.INQUIRY_NOT_FOUND,
    text="problem",
    waits=True,
)
KINDS: Mapping[ItemType, Kind] = {kind.type: kind for kind in (DOCUMENT, TRANSFER, INQUIRY)}
