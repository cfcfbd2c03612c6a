"""The command's groups. Each command's module is imported when it is used: ``run users`` needs no database driver."""

import importlib
import logging
from typing import Any

import click

from services.cli import output
from services.runtime.settings import SettingsError

COMMANDS = {
    "up": "up",
    "run": "run",
    "migrate": "migrate",
    "operator": "operators",
    "submit": "submit",
    "watch": "watch",
    "dead": "dead_letters",
    "result": "results",
    "audit": "audit",
    "broker": "broker",
    "actions": "lists",
    "errors": "lists",
    "settings": "lists",
    "openapi": "documents",
    "asyncapi": "documents",
    "postman": "documents",
}
"""Every command and the module of this package that holds it, in the order of the help."""

_SENTENCES = (
    "EmbeddedPostgresError",
    "NotADemoDatabase",
    "OperatorError",
    "DeadLetterError",
    "CheckpointError",
    "NoResultError",
)
"""Exceptions whose message is meant for the person who typed the command."""

_MISUSES = ("UnsuitableDatabase",)
"""Likewise; a setting has to be changed."""


class Fault(click.ClickException):
    """What went wrong, in one sentence. The exit code is 1."""

    def show(self, file: Any = None) -> None:
        """Called by click."""
        output.show(f"backoffice: {self.message}", err=True)


class Misuse(Fault):
    """The command was not given what it needs. The exit code is 2."""

    exit_code = 2


class Program(click.Group):
    """The ``backoffice`` command."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Called by click."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Called by click."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"services.cli.{COMMANDS[cmd_name]}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Called by click. Failures that have a sentence for the person who typed the command end with it."""
        try:
            return super().invoke(ctx)
        except SettingsError as error:
            raise Misuse(str(error)) from None
        except Exception as error:
            sentence = _sentence(error)
            if sentence is None:
                raise
            raise (Misuse if type(error).__name__ in _MISUSES else Fault)(sentence) from None


def _sentence(error: Exception) -> str | None:
    """For failures of modules that not every command imports, so they are known by name."""
    name = type(error).__name__
    if name in _SENTENCES + _MISUSES:
        return str(error)
    if name == "DatabaseUnavailable":
        return _about_database(error.__cause__ or error)
    if name == "Conflict":
        return "Others are changing the same rows. Nothing has changed; repeat the command."
    if type(error).__module__.startswith("psycopg2"):
        return _about_database(error)
    return None


def _about_database(error: BaseException) -> str:
    if getattr(error, "pgcode", None) in ("42P01", "42704"):
        return "The database has not been migrated; run `backoffice migrate`."
    return f"The database cannot be used: {str(error).strip().partition(chr(10))[0]}"


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="backoffice")
def backoffice() -> None:
    """The back office: tasks submitted over HTTP, executed behind a broker, pushed over WebSocket.

    Everything is set by environment variables; `backoffice settings` lists them. Without AMQP_URI and DATABASE_URL,
    `backoffice up` needs neither RabbitMQ nor PostgreSQL: it brings its own.
    """
    # Only services log; what goes wrong with a command is told by its one sentence.
    logging.getLogger().addHandler(logging.NullHandler())


def examples(*lines: str) -> str:
    """An epilog of command lines, each kept on a line of its own."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)
