"""``python -m tests.console.measure``: the desk with ten thousand pending items, in figures."""

import argparse
import json
import re
import subprocess
import sys
import tempfile

import psycopg2

from scripts import console
from services.info.demo import create_fake_database
from tests import parts
from tests.console.test_browser import CHROMIUM
from tests.stack import Stack

_ITEMS = """
INSERT INTO {table} (cid, level, created_by, created_at, {own})
SELECT 1 + number %% 5, 1 + number %% 2, 1, statement_timestamp() - number * interval '7 seconds', {value}
FROM generate_series(1, %s) AS number
"""
_FILLS = (
    _ITEMS.format(table="transfer", own="amount, currency", value="10 + number, 'EUR'"),
    _ITEMS.format(table="document", own="content", value="'Bank statement ' || number"),
)


def main() -> int:
    """Playwright's exit code; the figures go to the standard output."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=10_000, help="how many wait")
    items = parser.parse_args().items
    console.build()
    with parts.temporary_database(parts.DATABASE) as url, tempfile.TemporaryDirectory() as results:
        create_fake_database(url)
        _fill(url, items)
        with Stack(url, None, replicas=0) as stack:
            variables = {**console.install(), "CONSOLE_URL": stack.url, "CHROMIUM": CHROMIUM, "ITEMS": str(items)}
            command = ["npx", "playwright", "test", "measure.spec.ts", f"--output={results}"]
            done = subprocess.run(command, cwd=console.FOLDER, env=variables, capture_output=True, text=True)
    figures = re.search(r'\{"items".*\}', done.stdout)
    print(json.dumps(json.loads(figures[0]), indent=2) if figures else done.stdout)
    return done.returncode


def _fill(url: str, items: int) -> None:
    """Half transfers, half documents, all by Alice."""
    connection = psycopg2.connect(url)
    try:
        with connection, connection.cursor() as cursor:
            for statement in _FILLS:
                cursor.execute(statement, (items // 2,))
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
