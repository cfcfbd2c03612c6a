"""``backoffice dead``: messages that were set aside."""

import json

import click

from services.cli import output
from services.cli.database import actor, transaction
from services.cli.lists import table
from services.cli.program import examples
from services.info import dead_letters
from services.runtime.settings import Settings


@click.group(epilog=examples("backoffice dead list", "backoffice dead show 7", "backoffice dead replay 7"))
def dead() -> None:
    """Look at messages that could not be processed, and replay them."""


@dead.command(name="list")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
def list_(limit: int) -> None:
    """List the newest."""
    with transaction(Settings.from_environment()) as tx:
        letters = dead_letters.list_newest(tx, limit)
    rows = [
        tuple(str(letter[name] or "") for name in ("id", "at", "queue", "operator", "action", "replayed_as", "reason"))
        for letter in letters
    ]
    head = ("id", "at", "queue", "operator", "action", "replayed as", "reason")
    output.show(table(head, rows) if rows else "No message has been set aside.")


@dead.command()
@click.argument("letter_id", metavar="ID", type=int)
def show(letter_id: int) -> None:
    """Show one with its body, as JSON."""
    with transaction(Settings.from_environment()) as tx:
        letter = dead_letters.show(tx, letter_id)
    output.show(json.dumps(letter, indent=2, ensure_ascii=False))


@dead.command()
@click.argument("letter_id", metavar="ID", type=int)
def replay(letter_id: int) -> None:
    """Submit its task again, as a new task that names the old one, in the operator's session that is open now."""
    with transaction(Settings.from_environment()) as tx:
        task_id = dead_letters.replay(tx, letter_id, actor())
    output.show(f"Recorded as task {task_id}; the running services will take it up.")
