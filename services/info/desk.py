"""The pending board beside its database: loaded when it is first needed, and mended from there."""

from collections.abc import Iterable

from services.contracts.operators import Role
from services.contracts.tasks import ItemChange
from services.info.board import Board, Shelf, Waiting, waiting_for
from services.info.figures import Figures
from services.info.pending import counted, pending_items
from services.runtime.postgres.database import Pool

MOST_ITEMS = 200_000
"""That a board holds. Of more, only the numbers are kept, as they were when they were last read."""


class Desk:
    """The board of this replica, and the figures that it counted a moment ago."""

    def __init__(self, most: int = MOST_ITEMS) -> None:
        self.figures = Figures()
        self._most = most
        self._board = Board()
        self._numbers: dict[Shelf, Waiting] | None = None
        self._loaded = False

    def reconcile(self, pool: Pool) -> None:
        """Mend the board from the database. Raises ``DatabaseUnavailable``; it may be repeated."""
        with pool.transaction() as tx:
            numbers = counted(tx)
            if sum(waiting["count"] for waiting in numbers.values()) <= self._most:
                self._board.reconcile(pending_items(tx))
                self._numbers = None
            else:
                self._board, self._numbers = Board(), numbers
        self._loaded = True

    def apply(self, changes: Iterable[ItemChange]) -> None:
        """Take in what events tell."""
        if self._numbers is None:
            for change in changes:
                self._board.apply(change)

    def shelves(self) -> dict[Shelf, Waiting]:
        """What waits, by type and level; nothing before the first load."""
        return self._board.shelves() if self._numbers is None else self._numbers

    def pending(self, pool: Pool, role: Role, level: int) -> dict[str, Waiting]:
        """Counts and oldest age by item type (``waiting_for``). Before the first load it may raise
        ``DatabaseUnavailable``."""
        if not self._loaded:
            self.reconcile(pool)
        return waiting_for(role, level, self.shelves())
