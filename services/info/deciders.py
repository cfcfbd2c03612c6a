"""Which levels enabled operators have: whether anybody may decide an item."""

from collections.abc import Mapping

from services.contracts.operators import ItemType, Role
from services.info.kinds import Kind
from services.info.work import Transaction

# Whoever is being changed at this moment is waited for only when nobody else is there.
_ABLE = """
SELECT id FROM operator
WHERE active AND role = ANY(%(roles)s) AND level >= %(level)s
    AND id IS DISTINCT FROM (SELECT created_by FROM {table} WHERE id = %(item)s)
ORDER BY id {how_many}
"""

_HIGHEST = "SELECT role, max(level) AS level FROM operator WHERE active GROUP BY role"


def somebody_may_decide(tx: Transaction, kind: Kind, item_id: int, level: int) -> bool:
    """Whether an enabled operator of a deciding role has the level and is not the item's creator.

    The operator's row stays locked until the transaction ends, so that the answer holds at the commit.
    """
    roles = [role.value for role in Role if kind.type in role.decides]
    params = {"roles": roles, "level": level, "item": item_id}
    sql = _ABLE.replace("{table}", kind.type.value)
    return any(
        tx.query(sql.replace("{how_many}", how_many), params)
        for how_many in ("LIMIT 1 FOR SHARE SKIP LOCKED", "FOR SHARE")
    )


def highest_levels(tx: Transaction) -> Mapping[ItemType, int]:
    """The highest level that an enabled operator who decides items of that type has; 0 when there is none."""
    by_role = {Role(row["role"]): row["level"] for row in tx.query(_HIGHEST)}
    return {
        item_type: max((level for role, level in by_role.items() if item_type in role.decides), default=0)
        for item_type in ItemType
    }
