"""What a migration cannot do in SQL: columns of existing rows that are computed in Python.

It is safe to repeat, and safe while services of the release before still write: their rows are completed by a timer of
``info`` (``InfoService.complete_rows``).
"""

from collections.abc import Callable

from services.info import look_alikes, unfolded
from services.runtime.postgres.database import Pool

Tell = Callable[[str], None]


def complete(database_url: str, tell: Tell) -> None:
    """Complete every row, as the owner of the schema. ``tell`` takes sentences for the person who migrates."""
    pool = Pool(database_url, size=1)
    try:
        _complete_names(pool, tell)
        unfolded.fold_all(pool, tell)
    finally:
        pool.close()


def _complete_names(pool: Pool, tell: Tell) -> None:
    for one in pool.run(look_alikes.key_all):
        tell(f"{one} Rename one of them: backoffice operator rename {one.id} NAME")
    for row in pool.run(look_alikes.unusual_names):
        tell(
            f"Operator {row['id']} ({row['name']}) has a name with hidden characters or spaces. "
            f"Rename them: backoffice operator rename {row['id']} NAME"
        )
