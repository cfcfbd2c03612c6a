"""The demo data by hand: ``python tests/fakedata.py postgresql://…`` drops and remakes a demo database.

The data itself stands in ``services.info.demo``, since the installed ``backoffice up --demo`` makes it too.
"""

import argparse
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from services.info.demo import OPERATORS, NotADemoDatabase, create_fake_database

__all__ = ["OPERATORS", "NotADemoDatabase", "create_fake_database"]


def main() -> int:
    """Make the database that the command line names. Exit code 1 when it is not a demo database."""
    parser = argparse.ArgumentParser(
        description="Drop and remake a demo database. A database with other data is refused."
    )
    parser.add_argument("database_url", help="postgresql://user@host/name; the database is made when it does not exist")
    arguments = parser.parse_args()
    try:
        create_fake_database(arguments.database_url)
    except NotADemoDatabase as error:
        print(error, file=sys.stderr)
        return 1
    for operator in OPERATORS:
        print(f"{operator.name:<6} {operator.role:<10} level {operator.level}  token {operator.token}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
