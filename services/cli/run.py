"""``backoffice run``: one process for one service, or several."""

import sys

import click

from services.cli.program import examples
from services.runtime import hosting
from services.runtime.settings import Settings
from services.runtime.telemetry import logs


@click.command(epilog=examples("backoffice run gateway", "backoffice run tasks users"))
@click.argument("services", nargs=-1, required=True, metavar="SERVICE...")
def run(services: tuple[str, ...]) -> None:
    """Run services in this process: gateway, users, tasks, info.

    They need AMQP_URI, and info needs DATABASE_URL. As many processes of a service as wanted may run. SIGTERM lets
    them finish what they hold.
    """
    settings = Settings.from_environment()
    logs.configure(settings, "+".join(services))
    sys.exit(hosting.run(services, settings))
