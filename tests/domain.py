"""The rules of the domain in plain Python, for tests to hold the product against. Nothing here comes from it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

EVERYONE = {"Admin", "Compliance", "Service"}
DECIDERS = {"Compliance", "Service"}

WHO_MAY: Mapping[str, set[str]] = {
    "get_customer": EVERYONE,
    "get_document": EVERYONE,
    "get_transfer": EVERYONE,
    "get_inquiry": EVERYONE,
    "create_customer": {"Admin"},
    "create_document": {"Admin"},
    "create_transfer": {"Admin"},
    "create_inquiry": {"Admin"},
    "review_document": {"Compliance"},
    "review_transfer": {"Compliance"},
    "respond_inquiry": {"Service"},
    "reply_inquiry": {"Admin"},
    "get_task": DECIDERS,
    "escalate_task": DECIDERS,
    "release_task": EVERYONE,
    "list_tasks": DECIDERS,
    "list_queue": EVERYONE,
    "search_customers": EVERYONE,
    "search_items": EVERYONE,
    "get_history": EVERYONE,
    "list_activity": EVERYONE,
    "get_statistics": EVERYONE,
    "list_operators": {"Admin"},
    "add_operator": {"Admin"},
    "change_operator": {"Admin"},
    "disable_operator": {"Admin"},
    "enable_operator": {"Admin"},
    "rotate_operator": {"Admin"},
}
"""Which roles may do which action."""

TYPES: Mapping[str, list[str]] = {
    "Admin": [],
    "Compliance": ["document", "transfer"],
    "Service": ["inquiry"],
}
"""Which item types a role claims, decides, escalates, releases and lists."""


@dataclass
class Clerk:
    """An operator as the rules see one."""

    name: str
    role: str
    level: int


@dataclass
class Thing:
    """An item as the rules see one. ``holder`` is whose claim on it lasts; ``waiting``: for its customer."""

    type: str
    id: int
    level: int
    creator: str
    version: int = 1
    holder: str | None = None
    decided_by: str | None = None
    verdict: str | None = None
    answers: list[str] = field(default_factory=list)
    waiting: bool = False

    @property
    def status(self) -> str:
        """As clients see it."""
        return self.verdict or ("open" if self.type == "inquiry" else "pending")


def refusal(
    action: str,
    who: Clerk,
    thing: Thing | None,
    data: Mapping[str, Any],
    held: int,
    bound: int,
    team: Collection[Clerk] | None = None,
) -> str | None:
    """The code that refuses an action on an item (None: there is no such item), or None when it is allowed.

    held, bound: how many claims the operator holds, and may hold
    team:        all enabled operators; None: there is somebody of every role and level
    """
    if who.role not in WHO_MAY[action]:
        return "not_permitted"
    item_type = data.get("type") or action.split("_")[1]
    if "type" in data and item_type not in TYPES[who.role] and (action, who.role) != ("release_task", "Admin"):
        return "not_permitted"
    if thing is None:
        return f"{item_type}_not_found"
    if action.startswith("get_") and action != "get_task":
        return None
    if action == "reply_inquiry":
        return "already_decided" if thing.decided_by else None
    if action == "release_task":
        released = {who.name} if who.role != "Admin" else {thing.holder} - {None}
        return "already_decided" if thing.decided_by else None if thing.holder in released else "not_claimed_by_you"
    return (
        _must_not_decide(who, thing)
        or ("version_conflict" if data.get("version") not in (None, thing.version) else None)
        or ("level_not_higher" if action == "escalate_task" and data["level"] <= thing.level else None)
        or ("nobody_has_level" if action == "escalate_task" and not _somebody_has(data["level"], thing, team) else None)
        or ("too_many_claims" if action == "get_task" and thing.holder != who.name and held >= bound else None)
    )


def _somebody_has(level: int, thing: Thing, team: Collection[Clerk] | None) -> bool:
    return team is None or any(
        thing.type in TYPES[each.role] and each.level >= level and each.name != thing.creator for each in team
    )


def _must_not_decide(who: Clerk, thing: Thing) -> str | None:
    if thing.level > who.level:
        return "level_too_low"
    if thing.creator == who.name:
        return "own_item"
    if thing.decided_by:
        return "already_decided"
    return "claimed_by_other" if thing.holder not in (None, who.name) else None
