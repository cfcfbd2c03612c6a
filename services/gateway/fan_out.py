"""Who is shown which change of an item."""

from services.contracts.operators import ItemType, Role
from services.contracts.tasks import ItemChange


def may_see(role: Role, level: int, change: ItemChange) -> bool:
    """Whether an operator of that role and level could decide the item before or after the change; Admin sees all."""
    if role is Role.ADMIN:
        return True
    lowest = min(change["level_before"], change["item"]["level"])
    return ItemType(change["item"]["type"]) in role.decides and lowest <= level
