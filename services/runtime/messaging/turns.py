"""What waits for a batch: owners take turns, and what concerns the same thing keeps its order."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from itertools import count
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class _Entry(Generic[T]):
    value: T
    owner: Hashable
    keys: frozenset[Hashable]


class Turns(Generic[T]):
    """Entries of owners. One that shares its owner or a thing with an earlier entry comes after that one."""

    def __init__(self) -> None:
        self._waiting: list[_Entry[T]] = []
        self._turns = count(1)
        self._last: dict[Hashable, int] = {}

    def put(self, value: T, owners: Iterable[Hashable], things: Iterable[Hashable] = ()) -> None:
        """Append an entry. The first of its owners takes the turn."""
        together = list(owners) or [None]
        keys = frozenset([*(("owner", owner) for owner in together), *(("thing", thing) for thing in things)])
        self._waiting.append(_Entry(value, together[0], keys))

    def first(self) -> T | None:
        """Whose turn it is; None when nothing waits."""
        entry = self._first()
        return entry.value if entry else None

    def take(self) -> T:
        """Take what ``first`` answers. Raises ``LookupError`` when nothing waits."""
        entry = self._first()
        if entry is None:
            raise LookupError
        self._waiting.remove(entry)
        self._last[entry.owner] = next(self._turns)
        if not self._waiting:
            self._last.clear()
        return entry.value

    def clear(self) -> list[T]:
        """Everything that waits, which waits no longer."""
        left = [entry.value for entry in self._waiting]
        self._waiting.clear()
        self._last.clear()
        return left

    def __len__(self) -> int:
        return len(self._waiting)

    def _first(self) -> _Entry[T] | None:
        before: set[Hashable] = set()
        chosen: _Entry[T] | None = None
        for entry in self._waiting:
            if entry.keys.isdisjoint(before) and (chosen is None or self._turn(entry) < self._turn(chosen)):
                chosen = entry
            before |= entry.keys
        return chosen

    def _turn(self, entry: _Entry[T]) -> int:
        return self._last.get(entry.owner, 0)
