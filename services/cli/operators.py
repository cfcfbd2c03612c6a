"""``backoffice operator``: who may work here."""

from typing import Any

import click

from services.cli import output
from services.cli.database import actor, transaction
from services.cli.lists import table
from services.cli.program import examples
from services.contracts.operators import Role
from services.info import operators
from services.runtime.settings import Settings

_ROLE = click.Choice([role.value for role in Role], case_sensitive=False)
_LEVEL = click.IntRange(min=1)


@click.group(
    epilog=examples(
        "backoffice operator add Alice --role Admin",
        "backoffice operator set-level Bob 2",
        "backoffice operator rotate Bob",
    )
)
def operator() -> None:
    """Manage operators, in the database itself. Every change is audited, and holds for running services at once."""


@operator.command()
@click.argument("name")
@click.option("--role", type=_ROLE, required=True)
@click.option(
    "--level",
    type=_LEVEL,
    default=1,
    show_default=True,
    help="Up to which level the operator decides; the highest is LARGEST_LEVEL (9).",
)
def add(name: str, role: str, level: int) -> None:
    """Add an operator and print the access token, this once."""
    settings = Settings.from_environment()
    with transaction(settings) as tx:
        token = operators.add(tx, name, Role(role), level, actor(), largest_level=settings.largest_level).token
    _show_token(name, token)


@operator.command(name="list")
def list_() -> None:
    """List all operators."""
    with transaction(Settings.from_environment()) as tx:
        found = operators.list_all(tx)
    rows = [_row(each) for each in found]
    output.show(
        table(("id", "name", "role", "level", "state", "session"), rows) if rows else "There is no operator yet."
    )


def _row(row: dict[str, Any]) -> tuple[str, ...]:
    state = "active" if row["active"] else "disabled"
    session = f"used {row['last_used_at']}" if row["last_used_at"] else "none"
    return str(row["id"]), row["name"], row["role"], str(row["level"]), state, session


@operator.command()
@click.argument("operator_id", type=click.IntRange(min=1), metavar="ID")
@click.argument("name")
def rename(operator_id: int, name: str) -> None:
    """Give the operator of an ID (see `list`) another name, to log in with from now on."""
    with transaction(Settings.from_environment()) as tx:
        operators.rename(tx, operator_id, name, actor())
    output.show(f"Operator {operator_id} is called {name}.")


@operator.command()
@click.argument("name")
def disable(name: str) -> None:
    """Refuse an operator from now on, and end the open session."""
    with transaction(Settings.from_environment()) as tx:
        operators.disable(tx, name, actor())
    output.show(f"{name} is disabled.")


@operator.command()
@click.argument("name")
def enable(name: str) -> None:
    """Let a disabled operator log in again."""
    with transaction(Settings.from_environment()) as tx:
        operators.enable(tx, name, actor())
    output.show(f"{name} is enabled.")


@operator.command()
@click.argument("name")
def rotate(name: str) -> None:
    """Replace an operator's token: print the new one, this once, and end the open session."""
    with transaction(Settings.from_environment()) as tx:
        token = operators.rotate(tx, name, actor())
    _show_token(name, token)


@operator.command("set-level")
@click.argument("name")
@click.argument("level", type=_LEVEL)
def set_level(name: str, level: int) -> None:
    """Change how much an operator may decide."""
    settings = Settings.from_environment()
    with transaction(settings) as tx:
        operators.set_level(tx, name, level, actor(), largest_level=settings.largest_level)
    output.show(f"{name} has level {level}.")


@operator.command("set-role")
@click.argument("name")
@click.argument("role", type=_ROLE)
def set_role(name: str, role: str) -> None:
    """Change what an operator may do."""
    with transaction(Settings.from_environment()) as tx:
        operators.set_role(tx, name, Role(role), actor())
    output.show(f"{name} is {Role(role).value}.")


def _show_token(name: str, token: str) -> None:
    """The token alone on standard output, so that it can be piped into a secret store."""
    output.show(f"The token of {name}; it is not kept and cannot be shown again:", err=True)
    output.show(token)
