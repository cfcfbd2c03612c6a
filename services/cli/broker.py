"""``backoffice broker``: what RabbitMQ has to be told."""

import json
import os
from collections.abc import Mapping

import click

from services.cli import output
from services.cli.program import Misuse, examples
from services.runtime.messaging.definitions import USERS, VHOST, definitions, password_hash


@click.group(epilog=examples("backoffice broker definitions > definitions.json"))
def broker() -> None:
    """Print what RabbitMQ has to be told."""


@broker.command(
    name="definitions",
    epilog=examples(
        "backoffice broker definitions --without-passwords",
        "BROKER_PASSWORD_GATEWAY=… … backoffice broker definitions > definitions.json",
        "rabbitmqctl import_definitions definitions.json",
    ),
)
@click.option("--vhost", default=VHOST, show_default=True, help="The virtual host.")
@click.option("--without-passwords", is_flag=True, help="Users who cannot log in until they are given a password.")
def definitions_(vhost: str, without_passwords: bool) -> None:
    """Print the definitions file: queues, and a user for each service that may do what it has to and no more.

    Each user's password comes from BROKER_PASSWORD_GATEWAY, _USERS, _TASKS, _INFO and _INTERNAL (other systems), or
    from a file named by the same variable with _FILE behind it. Only salted hashes are printed.
    """
    hashes = {} if without_passwords else {user: password_hash(_password(user, os.environ)) for user in USERS}
    output.show(json.dumps(definitions(hashes, vhost), indent=2))


def _password(user: str, environment: Mapping[str, str]) -> str:
    variable = f"BROKER_PASSWORD_{user.upper()}"
    password = environment.get(variable, "")
    if path := environment.get(f"{variable}_FILE"):
        try:
            with open(path, encoding="utf-8") as file:
                password = file.read().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise Misuse(f"{variable}_FILE cannot be read: {type(error).__name__}.") from None
    if not password:
        raise Misuse(f"Set {variable} or {variable}_FILE, or ask for the file --without-passwords.")
    return password
