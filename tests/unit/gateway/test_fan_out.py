"""Who is shown which change of an item."""

import pytest

from services.contracts.operators import ItemType, Role
from services.contracts.tasks import ItemChange
from services.gateway.fan_out import may_see


def change(kind: ItemType, before: int, after: int) -> ItemChange:
    return {
        "event": "escalated",
        "item": {
            "type": kind.value,
            "id": 1,
            "level": after,
            "status": "pending",
            "version": 1,
            "claimed_by": None,
            "claimed_until": None,
        },
        "level_before": before,
        "created_at": "2026-11-24T14:50:56.123456Z",
    }


DECIDER = {ItemType.DOCUMENT: Role.COMPLIANCE, ItemType.TRANSFER: Role.COMPLIANCE, ItemType.INQUIRY: Role.SERVICE}


@pytest.mark.parametrize("kind", list(ItemType))
@pytest.mark.parametrize(
    ("level", "before", "after", "seen"),
    [
        (1, 1, 1, True),
        (1, 1, 2, True),
        (1, 2, 1, True),
        (1, 2, 2, False),
        (1, 2, 3, False),
        (2, 1, 1, True),
        (2, 2, 2, True),
        (2, 2, 3, True),
        (2, 3, 3, False),
        (3, 1, 9, True),
    ],
)
def test_the_deciding_role_sees_what_is_or_was_within_its_level(
    kind: ItemType, level: int, before: int, after: int, seen: bool
) -> None:
    assert may_see(DECIDER[kind], level, change(kind, before, after)) is seen


@pytest.mark.parametrize("kind", list(ItemType))
def test_the_other_role_sees_nothing_and_admin_sees_all(kind: ItemType) -> None:
    other = Role.SERVICE if DECIDER[kind] is Role.COMPLIANCE else Role.COMPLIANCE
    assert not may_see(other, 99, change(kind, 1, 1))
    assert may_see(Role.ADMIN, 1, change(kind, 99, 99))
