"""What must hold before an item is claimed or changed, each rule a function that raises the ``Refusal`` of its name.

The items come out of the transaction that changes them, locked, so what holds here still holds at the commit.
"""

from services.contracts.errors import Code, Refusal
from services.contracts.operators import ItemType
from services.info.items import Item
from services.info.kinds import KINDS, Kind
from services.info.work import Operator


def kind_for(operator: Operator, item_type: ItemType) -> Kind:
    """The kind of items of that type. Raises ``not_permitted`` when the operator's role does not decide them."""
    if item_type not in operator.role.decides:
        raise Refusal(Code.NOT_PERMITTED)
    return KINDS[item_type]


def check_may_decide(operator: Operator, item: Item) -> None:
    """Raises ``level_too_low``, ``own_item``, ``already_decided`` or ``claimed_by_other``, looked for in this order."""
    if item.level > operator.level:
        raise Refusal(Code.LEVEL_TOO_LOW, {"required": item.level, "yours": operator.level})
    if item.creator == operator.id:
        raise Refusal(Code.OWN_ITEM)
    check_undecided(item)
    if item.holder not in (None, operator.id):
        raise Refusal(
            Code.CLAIMED_BY_OTHER, {name: item.shown[name] for name in ("claimed_by", "claimed_by_id", "claimed_until")}
        )


def check_undecided(item: Item) -> None:
    """Raises ``already_decided``, naming who decided and when."""
    if item.decided:
        raise Refusal(
            Code.ALREADY_DECIDED, {name: item.shown[name] for name in ("decided_by", "decided_by_id", "decided_at")}
        )


def check_version(item: Item, stated: int | None) -> None:
    """Raises ``version_conflict`` when a version is stated and the item has moved on from it."""
    if stated not in (None, item.version):
        raise Refusal(Code.VERSION_CONFLICT, {"current": item.version, "stated": stated})


def check_raises_level(item: Item, level: int) -> None:
    """Raises ``level_not_higher``."""
    if level <= item.level:
        raise Refusal(Code.LEVEL_NOT_HIGHER, {"current": item.level})


def check_holder(operator: Operator, item: Item) -> None:
    """Raises ``not_claimed_by_you``, naming who holds it instead, if anybody does."""
    if item.holder != operator.id:
        who = {name: item.shown[name] for name in ("claimed_by", "claimed_by_id", "claimed_until")}
        raise Refusal(Code.NOT_CLAIMED_BY_YOU, who)
