"""How long to wait before repeating."""

import random


class Pauses:
    """Growing pauses with jitter, from ``first`` seconds, doubling, to ``longest``."""

    def __init__(self, first: float, longest: float) -> None:
        self._first = self._next = first
        self._longest = longest

    def next(self) -> float:
        """Seconds to wait this time."""
        pause = self._next * random.uniform(0.75, 1.25)  # noqa: S311 - jitter, no secret
        self._next = min(self._next * 2, self._longest)
        return pause

    def reset(self) -> None:
        """It worked: begin with the first pause again."""
        self._next = self._first
