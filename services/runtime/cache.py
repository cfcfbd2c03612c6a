"""Answers of another service, kept for a short while, and dropped at once when they are known to be void."""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class ExpiringCache(Generic[Key, Value]):
    """At most ``most`` answers, each kept for at most ``seconds`` from when it was asked for.

    keep: whether an answer may be kept at all
    """

    def __init__(
        self,
        seconds: float,
        most: int,
        keep: Callable[[Value], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._seconds = seconds
        self._most = most
        self._keep = keep
        self._clock = clock
        self._drops = 0
        self._kept: OrderedDict[Key, tuple[float, Value]] = OrderedDict()

    def get(self, key: Key, ask: Callable[[], Value], *, fresh: bool = False) -> Value:
        """The kept answer, else that of ``ask``, whose exceptions pass through.

        fresh: ask in any case
        """
        now = self._clock()
        kept = self._kept.get(key)
        if kept is not None and not fresh and now < kept[0]:
            return kept[1]
        self._kept.pop(key, None)
        drops = self._drops
        value = ask()
        # What was dropped while this was asked may be what the answer was made from.
        if drops == self._drops and self._keep(value):
            self._kept[key] = (now + self._seconds, value)
            self._kept.move_to_end(key)
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return value

    def drop(self, chosen: Callable[[Value], bool]) -> None:
        """Forget the answers that are chosen, and keep none that is being asked for now."""
        self._drops += 1
        for key in [key for key, (_, value) in self._kept.items() if chosen(value)]:
            del self._kept[key]

    def __len__(self) -> int:
        return len(self._kept)
