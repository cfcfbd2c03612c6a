"""The pending board: every undecided item by type and level, in memory, for counts and ages. It decides nothing.
An inquiry that waits for its customer is not on it.

It is loaded from the database, kept by the events of this replica and its peers, and reconciled with the database
now and then. Events may come late, twice or never, so what is told of an item counts only when it is newer than
what the board knows.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from heapq import heapify, heappop, heappush
from typing import TypedDict

from services.contracts.operators import ItemType, Role
from services.contracts.tasks import ItemChange
from services.info.kinds import KINDS

DECIDED_SECONDS = 600.0
"""How long a decided item is remembered: an event of it that comes later than that would revive it."""

SETTLING_SECONDS = 60.0
"""How long an event counts more than rows without the item, since they may have been read before it."""

Key = tuple[ItemType, int]
"""Which item: type and id."""

Shelf = tuple[ItemType, int]
"""Where an item is counted: type and level."""


class Waiting(TypedDict):
    """How many items of a type wait, and for how long the oldest has; None when there is none."""

    count: int
    oldest_seconds: float | None


@dataclass(frozen=True, slots=True)
class PendingItem:
    """An undecided item. Its claim may have lapsed; only the order of such times matters here."""

    type: ItemType
    id: int
    level: int
    version: int
    created_at: datetime
    claimed_until: datetime | None

    @classmethod
    def of(cls, change: ItemChange) -> "PendingItem":
        """The item as a change left it."""
        item, until = change["item"], change["item"]["claimed_until"]
        return cls(
            type=ItemType(item["type"]),
            id=item["id"],
            level=item["level"],
            version=item["version"],
            created_at=datetime.fromisoformat(change["created_at"]),
            claimed_until=datetime.fromisoformat(until) if until else None,
        )

    @property
    def key(self) -> Key:
        """Which item it is."""
        return self.type, self.id

    @property
    def shelf(self) -> Shelf:
        """Where it is counted."""
        return self.type, self.level

    def is_newer_than(self, other: "PendingItem") -> bool:
        """Whether it shows a later moment of the item: a later version, or the same with its claim renewed."""
        if self.version != other.version:
            return self.version > other.version
        return _seconds(self.claimed_until) > _seconds(other.claimed_until)


def _seconds(moment: datetime | None) -> float:
    return moment.timestamp() if moment else 0.0


def waiting_for(role: Role, level: int, shelves: Mapping[Shelf, Waiting]) -> dict[str, Waiting]:
    """What waits for operators of a role and a level, by item type. An Admin sees all types and all levels."""
    types = [item_type for item_type in ItemType if role is Role.ADMIN or item_type in role.decides]
    return {
        item_type.value: _together(
            waiting
            for (kind, required), waiting in shelves.items()
            if kind is item_type and (role is Role.ADMIN or required <= level)
        )
        for item_type in types
    }


def _together(several: Iterable[Waiting]) -> Waiting:
    waiting = list(several)
    ages = (one["oldest_seconds"] for one in waiting)
    return {
        "count": sum(one["count"] for one in waiting),
        "oldest_seconds": max((age for age in ages if age is not None), default=None),
    }


class Board:
    """The board of one replica. ``clock`` tells seconds since 1970."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._items: dict[Key, PendingItem] = {}
        self._counts: Counter[Shelf] = Counter()
        self._oldest_first: defaultdict[Shelf, list[tuple[datetime, int]]] = defaultdict(list)
        self._told_at: dict[Key, float] = {}
        self._decided_at: dict[Key, float] = {}

    def load(self, rows: Iterable[PendingItem]) -> None:
        """Take in what the database holds, beside what events have told already."""
        for item in rows:
            self._take(item)

    def apply(self, change: ItemChange) -> None:
        """Take in what an event tells."""
        self._forget_the_past()
        item = PendingItem.of(change)
        if change["item"]["status"] != KINDS[item.type].undecided:
            self._remove_decided(item.key)
        elif change["item"].get("waiting"):
            self._drop(item.key)
        else:
            self._mark(self._told_at, item.key)
            self._take(item)

    def reconcile(self, rows: Iterable[PendingItem]) -> None:
        """Mend what events left wrong: take in what is newer, drop what is no longer pending."""
        self._forget_the_past()
        pending = {item.key: item for item in rows}
        self.load(pending.values())
        for key in self._items.keys() - pending.keys() - self._told_at.keys():
            self._remove_decided(key)
        self._sort_again()

    def pending(self, role: Role, level: int) -> dict[str, Waiting]:
        """What waits for operators of a role and a level (``waiting_for``)."""
        return waiting_for(role, level, self.shelves())

    def shelves(self) -> dict[Shelf, Waiting]:
        """What waits, by type and level."""
        now = self._clock()
        return {
            shelf: {"count": count, "oldest_seconds": max(0.0, now - self._oldest(shelf).timestamp())}
            for shelf, count in self._counts.items()
            if count
        }

    def _oldest(self, shelf: Shelf) -> datetime:
        entries = self._oldest_first[shelf]
        while not self._stands_on(shelf, entries[0][1]):
            heappop(entries)
        return entries[0][0]

    def _stands_on(self, shelf: Shelf, item_id: int) -> bool:
        item = self._items.get((shelf[0], item_id))
        return item is not None and item.shelf == shelf

    def _take(self, item: PendingItem) -> None:
        known = self._items.get(item.key)
        if item.key in self._decided_at or (known and not item.is_newer_than(known)):
            return
        self._items[item.key] = item
        if known and known.shelf == item.shelf:
            return
        if known:
            self._counts[known.shelf] -= 1
        self._counts[item.shelf] += 1
        heappush(self._oldest_first[item.shelf], (item.created_at, item.id))

    def _remove_decided(self, key: Key) -> None:
        self._mark(self._decided_at, key)
        self._drop(key)

    def _drop(self, key: Key) -> None:
        self._told_at.pop(key, None)
        item = self._items.pop(key, None)
        if item:
            self._counts[item.shelf] -= 1

    def _mark(self, times: dict[Key, float], key: Key) -> None:
        times.pop(key, None)  # It goes to the end, where the latest times are.
        times[key] = self._clock()

    def _forget_the_past(self) -> None:
        now = self._clock()
        _drop_before(now - DECIDED_SECONDS, self._decided_at)
        _drop_before(now - SETTLING_SECONDS, self._told_at)

    def _sort_again(self) -> None:
        """Rid the heaps of items that have left them without having been the oldest."""
        self._oldest_first.clear()
        for item in self._items.values():
            self._oldest_first[item.shelf].append((item.created_at, item.id))
        for entries in self._oldest_first.values():
            heapify(entries)
        self._counts = +self._counts


def _drop_before(moment: float, times: dict[Key, float]) -> None:
    """Drop the entries from before ``moment``; they stand in the order of their times."""
    while times:
        key = next(iter(times))
        if times[key] >= moment:
            return
        del times[key]
