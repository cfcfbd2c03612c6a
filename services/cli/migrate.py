"""``backoffice migrate``."""

import click

from services.cli import output
from services.cli.database import database
from services.cli.program import examples
from services.info import demo as demo_data
from services.info import migrate as migrations
from services.runtime.settings import Settings


@click.command(epilog=examples("export DATABASE_URL=postgresql://owner@db/backoffice", "backoffice migrate"))
@click.option("--demo", is_flag=True, help="Drop and remake a demo database. One that holds other data is refused.")
def migrate(demo: bool) -> None:
    """Bring the database to the schema of this version.

    Connect as the owner of the schema. Safe to repeat, and at the same time as others.
    """
    with database(Settings.from_environment(), create=True) as url:
        if demo:
            demo_data.create_fake_database(url)
            output.show("The demo database has been created again.")
            return
        applied = migrations.migrate(url, lambda line: output.show(line, err=True))
    output.show("\n".join(f"applied {name}" for name in applied) or "The database is up to date.")
