"""Figures that are counted over many rows, kept for as long as hardly anybody could tell the difference."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from services.contracts.operators import ItemType
from services.runtime.cache import ExpiringCache

PARTS = 300
"""They are kept for this part of a bucket: a second of five minutes, twelve of an hour, seventy-two of six hours."""


class Counted(NamedTuple):
    """What was created and decided of one item type since some time, in buckets."""

    created: list[dict[str, Any]]
    decided: list[dict[str, Any]]


class Figures:
    """Those of one replica."""

    def __init__(self) -> None:
        self._kept: dict[int, ExpiringCache[tuple[ItemType, datetime], Counted]] = {}

    def get(self, bucket_seconds: int, item_type: ItemType, since: datetime, count: Callable[[], Counted]) -> Counted:
        """The figures in buckets of so many seconds, counted now or a moment ago."""
        if bucket_seconds not in self._kept:
            self._kept[bucket_seconds] = ExpiringCache(bucket_seconds / PARTS, 2 * len(ItemType), lambda counted: True)
        return self._kept[bucket_seconds].get((item_type, since), count)
