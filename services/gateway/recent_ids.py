"""The ids of late, of which each is news once."""

from collections import deque


class RecentIds:
    """At most ``most`` ids; the oldest are forgotten."""

    def __init__(self, most: int) -> None:
        self._order: deque[str] = deque(maxlen=most)
        self._known: set[str] = set()

    def add(self, id: str) -> bool:
        """Whether it is news."""
        if id in self._known:
            return False
        if len(self._order) == self._order.maxlen:
            self._known.discard(self._order[0])
        self._order.append(id)
        self._known.add(id)
        return True
