"""The mark of a demo database, which is in the database itself."""

from services.info.work import Transaction

MARK = "backoffice demo data: dropped and made anew at each start of the demo"
"""The comment of a demo database."""

_COMMENT = """
SELECT shobj_description(oid, 'pg_database') AS comment FROM pg_database WHERE datname = current_database()
"""


def is_demo(tx: Transaction) -> bool:
    """Return whether the database is marked as a demo, so that tokens which everybody knows may work in it."""
    (row,) = tx.query(_COMMENT)
    return bool(row["comment"] == MARK)
