"""What waits in memory until clients read it, bounded for all of them together."""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Cut = Callable[[], None]


class Backlog:
    """At most ``most`` bytes wait. When there are more, those who have kept theirs waiting longest are cut."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._waiting: OrderedDict[Cut, int] = OrderedDict()
        self.bytes = 0

    def add(self, cut: Cut, size: int) -> None:
        """So many bytes more wait for the client that ``cut`` cuts."""
        self._waiting[cut] = self._waiting.get(cut, 0) + size
        self.bytes += size
        while self.bytes > self._most:
            slowest = next(iter(self._waiting))
            self.remove(slowest, self._waiting[slowest])
            slowest()

    def remove(self, cut: Cut, size: int) -> None:
        """So many bytes have been read, or are dropped. The time of what is left starts again."""
        known = self._waiting.pop(cut, 0)
        gone = min(known, size)
        self.bytes -= gone
        if known > gone:
            self._waiting[cut] = known - gone

    @contextmanager
    def waiting(self, cut: Cut, size: int) -> Iterator[None]:
        """So many bytes wait inside."""
        self.add(cut, size)
        try:
            yield
        finally:
            self.remove(cut, size)
