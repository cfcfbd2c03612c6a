"""Changes of items on their way to the live connections, each shown under rights that are newer than the change."""

import logging
import time
from collections.abc import Callable, Collection, Iterable

from services.contracts.tasks import ItemChange, Rights
from services.gateway.connection import Connection
from services.gateway.live import Live
from services.gateway.ports import RemoteService
from services.runtime.failures import Unavailable
from services.runtime.rpc.client import RemoteFailure

log = logging.getLogger(__name__)

READ_SECONDS = 2.0
ATTEMPTS = 3
PAUSE_SECONDS = 0.5


class ItemFeed:
    """Reads what the connected operators may see after a change has arrived, and only then pushes the change.

    A change is published after its commit, so rights that are read after its arrival include each demotion that
    committed before it. One read serves all the changes that had arrived when it began.
    """

    def __init__(self, live: Live, users: RemoteService, sleep: Callable[[float], None] = time.sleep) -> None:
        self._live = live
        self._users = users
        self._sleep = sleep
        self._waiting: list[ItemChange] = []
        self._pushing = False

    def put(self, changes: Iterable[ItemChange]) -> None:
        """Push these, in order, after those that are waiting. One caller pushes for all of them."""
        self._waiting += changes
        if self._pushing:
            return
        self._pushing = True
        try:
            while self._waiting:
                changes, self._waiting = self._waiting, []
                self._push(changes)
        finally:
            self._pushing = False

    def _push(self, changes: Collection[ItemChange]) -> None:
        rights: dict[int, Rights | None] = {}
        checked: set[Connection] = set()
        # A connection may come while rights are read. Nothing else runs between the last look and the push.
        while new := self._live.connections() - checked:
            operator_ids = {connection.identity["id"] for connection in new}
            try:
                known = {each["id"]: each for each in self._read(operator_ids)}
            except (Unavailable, RemoteFailure) as error:
                log.warning("rights cannot be read, connections are closed: %s", error)
                return self._live.close_all()
            except Exception:
                log.exception("rights cannot be read, connections are closed")
                return self._live.close_all()
            rights |= {operator_id: known.get(operator_id) for operator_id in operator_ids}
            checked |= new
        self._live.renew(rights)
        return self._live.changes(changes)

    def _read(self, operator_ids: Collection[int]) -> list[Rights]:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                rights: list[Rights] = self._users.call("rights", sorted(operator_ids), timeout=READ_SECONDS)
                return rights
            except Unavailable:
                if attempt == ATTEMPTS:
                    raise
                self._sleep(PAUSE_SECONDS)
        raise AssertionError("unreachable")
