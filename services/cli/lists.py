"""``backoffice actions``, ``errors`` and ``settings``: what there is."""

from collections.abc import Iterable, Sequence
from string import Formatter

import click

import services.contracts.actions  # noqa: F401 -- declares them
from services.cli import output
from services.cli.program import examples
from services.contracts.action import ACTIONS, Action
from services.contracts.errors import CATALOGUE
from services.contracts.languages import LANGUAGES, best_language, translate
from services.contracts.operators import Role
from services.runtime.printable import printable
from services.runtime.settings import describe


@click.command(epilog=examples("backoffice actions"))
def actions() -> None:
    """List the actions: who may do them, and with what data."""
    rows = [(name, _roles(action), action.help(), _data(action)) for name, action in ACTIONS.items()]
    output.show(table(("action", "roles", "what for", "data (optional)"), rows))


def _roles(action: type[Action]) -> str:
    return "all" if action.roles == frozenset(Role) else ", ".join(role for role in Role if role in action.roles)


def _data(action: type[Action]) -> str:
    fields = action.Data.model_fields.items()
    return ", ".join(name if field.is_required() else f"({name})" for name, field in fields)


@click.command(epilog=examples("backoffice errors", "backoffice errors --language es"))
@click.option("--language", default="en", show_default=True, help=f"Of the messages: {', '.join(LANGUAGES)}.")
def errors(language: str) -> None:
    """List every error code with its number, HTTP status and message."""
    known = best_language(language)
    rows = [
        (code.value, str(entry.number), str(entry.status), _template(entry.message, known))
        for code, entry in CATALOGUE.items()
    ]
    output.show(table(("code", "number", "status", "message"), rows))


def _template(message: str, language: str) -> str:
    """The sentence with its braces as they are."""
    names = [name for _, name, _, _ in Formatter().parse(message) if name]
    return translate(message, {name: f"{{{name}}}" for name in names}, language)


@click.command(epilog=examples("backoffice settings"))
@click.option("--markdown", is_flag=True, help="As docs/settings.md.")
def settings(markdown: bool) -> None:
    """List the environment variables that set everything, with their defaults."""
    if markdown:
        output.show(settings_document(), newline=False)
    else:
        output.show(table(("variable", "default", "what for"), describe()))


def settings_document() -> str:
    """docs/settings.md."""
    rows = "".join(
        f"| `{name}` | {f'`{default}`' if default else ''} | {help} |\n" for name, default, help in describe()
    )
    return (
        "# Settings\n\nEvery setting is an environment variable. `AMQP_URI_FILE` and `DATABASE_URL_FILE` name a file "
        "that holds the value\ninstead. Written by `backoffice settings --markdown` from "
        "`services/runtime/settings.py`.\n\n"
        "| variable | default | what for |\n|---|---|---|\n" + rows
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Rows in columns as wide as they need; the last one is left as it is."""
    lines = [tuple(head), *(tuple(map(printable, row)) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head) - 1)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(line, widths, strict=False)), line[-1]]).rstrip()
        for line in lines
    )
