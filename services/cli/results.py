"""``backoffice result``: what a task came to, however large."""

import click

from services.cli.database import transaction
from services.cli.output import show
from services.cli.program import examples
from services.info.results import pieces
from services.runtime.settings import Settings


@click.command(epilog=examples("backoffice result 019abc5e-7a54-7f3b-9c40-5f2b8d1e6a70 > result.json"))
@click.argument("task_id", metavar="TASK_ID")
def result(task_id: str) -> None:
    """Print the result of a task as JSON, from the database.

    Earlier releases have stored results that are too large for a task to show: it has `result_bytes` instead.
    """
    with transaction(Settings.from_environment()) as tx:
        for piece in pieces(tx, task_id):
            show(piece, newline=False)
    show("")
