"""The pending board beside its database: loaded when it is first needed, and mended from there."""

from collections.abc import Iterable

from services.contracts.operators import Role
from services.contracts.tasks import ItemChange
from services.info.board import Board, Shelf, Waiting
from services.info.figures import Figures
from services.info.pending import pending_items
from services.runtime.postgres.database import Pool


class Desk:
    """The board of this replica, and the figures that it counted a moment ago."""

    def __init__(self) -> None:
        self.figures = Figures()
        self._board = Board()
        self._loaded = False

    def reconcile(self, pool: Pool) -> None:
        """Mend the board from the database. Raises ``DatabaseUnavailable``; the board stays as it was."""
        with pool.transaction() as tx:
            rows = pending_items(tx)
        self._board.reconcile(rows)
        self._loaded = True

    def apply(self, changes: Iterable[ItemChange]) -> None:
        """Take in what events tell."""
        for change in changes:
            self._board.apply(change)

    def shelves(self) -> dict[Shelf, Waiting]:
        """What waits, by type and level; nothing before the first load."""
        return self._board.shelves()

    def pending(self, pool: Pool, role: Role, level: int) -> dict[str, Waiting]:
        """Counts and oldest age by item type (``Board.pending``). Before the first load it may raise
        ``DatabaseUnavailable``."""
        if not self._loaded:
            self.reconcile(pool)
        return self._board.pending(role, level)
