"""Who works here: roles, and what each may decide."""

from enum import StrEnum

LARGEST_LEVEL = 9
"""Levels end there, unless the setting says otherwise."""


class ItemType(StrEnum):
    """What waits for a decision."""

    DOCUMENT = "document"
    TRANSFER = "transfer"
    INQUIRY = "inquiry"


class Role(StrEnum):
    """An operator has exactly one."""

    ADMIN = "Admin"
    COMPLIANCE = "Compliance"
    SERVICE = "Service"

    @property
    def decides(self) -> frozenset[ItemType]:
        """The item types that this role claims, decides, escalates, releases and lists."""
        return _DECIDES[self]


_DECIDES = {
    Role.ADMIN: frozenset[ItemType](),
    Role.COMPLIANCE: frozenset({ItemType.DOCUMENT, ItemType.TRANSFER}),
    Role.SERVICE: frozenset({ItemType.INQUIRY}),
}
