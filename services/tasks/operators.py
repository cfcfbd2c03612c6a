"""What ``users`` said of operators, for the early check of a task's role."""

import logging
import time
from collections.abc import Callable, Collection

from services.contracts.tasks import OperatorState
from services.runtime.cache import ExpiringCache
from services.runtime.failures import Unavailable
from services.runtime.rpc.client import RemoteFailure

log = logging.getLogger(__name__)

SECONDS = 10.0
"""How long an answer is kept."""

SILENCE_SECONDS = 5.0
"""How long ``users`` is not asked again after it did not answer: batches must not wait for it one by one."""

MOST = 10_000

EVERYONE = 0
"""The operator id of a change that concerns all."""

Ask = Callable[[int, bool], OperatorState | None]
"""Asks ``users`` for an operator by id, whether from memory or (True) as of now."""


class _Silent(Exception):
    """``users`` does not answer."""


class Operators:
    """Operators by id, the active ones kept for a short while."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._silent_until = clock()
        self._known: ExpiringCache[int, OperatorState | None] = ExpiringCache(SECONDS, MOST, _active, clock)

    def find(self, operator_id: int, ask: Ask, *, fresh: bool = False) -> OperatorState | None:
        """The operator; None when there is none, or when ``users`` cannot tell now: then ``info`` decides alone."""
        try:
            return self._known.get(operator_id, lambda: self._asked(operator_id, ask, fresh), fresh=fresh)
        except _Silent:
            return None

    def forget(self, operator_ids: Collection[int]) -> None:
        """Drop these operators (``EVERYONE`` among them: all), and what is being asked for now."""
        everyone = EVERYONE in operator_ids
        self._known.drop(lambda operator: everyone or (operator is not None and operator["id"] in operator_ids))

    def _asked(self, operator_id: int, ask: Ask, fresh: bool) -> OperatorState | None:
        if self._clock() < self._silent_until:
            raise _Silent
        try:
            return ask(operator_id, fresh)
        except (Unavailable, RemoteFailure) as failure:
            log.warning("users cannot tell who operator %d is, so info decides alone: %s", operator_id, failure)
            self._silent_until = self._clock() + SILENCE_SECONDS
            raise _Silent from failure


def _active(operator: OperatorState | None) -> bool:
    return operator is not None and operator["active"]
