"""The options by which a command says whom it works for, and where."""

import os
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

from services.cli.api import Api
from services.cli.program import Fault, Misuse
from services.runtime.settings import Settings

Command = TypeVar("Command", bound=Callable[..., Any])

TOKEN, NAME, URL, CACERT = "BACKOFFICE_TOKEN", "BACKOFFICE_NAME", "BACKOFFICE_URL", "BACKOFFICE_CACERT"


def access_options(command: Command) -> Command:
    """``--token``, ``--name``, ``--url``, ``--language`` and ``--cacert``."""
    for option in (
        click.option(
            "--cacert",
            envvar=CACERT,
            show_envvar=True,
            type=click.Path(exists=True, dir_okay=False),
            help="Certificates that an https server's is checked against.",
        ),
        click.option("--language", default="en", show_default=True, help="Of messages: en, es, zh-Hant."),
        click.option("--url", envvar=URL, show_envvar=True, help="Default: this machine, HTTP_PORT."),
        click.option("--name", envvar=NAME, show_envvar=True, help="Log in by this name when no session is open."),
        click.option("--token", envvar=TOKEN, show_envvar=True, help="Your access token; asked for when absent."),
    ):
        command = option(command)
    return command


def server_url(url: str | None) -> str:
    """Where the gateway is."""
    return (url or f"http://127.0.0.1:{Settings.from_environment().http_port}").rstrip("/")


def token_or_ask(token: str | None) -> str:
    """The token, typed without being shown when it was not given. Raises ``Misuse`` when nobody is there to type."""
    if token:
        return token
    if not sys.stdin.isatty():
        raise Misuse(f"No token: set {TOKEN}, or pass --token.")
    typed: str = click.prompt("Token", hide_input=True, err=True)
    return typed


def log_in(api: Api, name: str | None) -> None:
    """Open a session by the name given, or typed."""
    if name is None and os.isatty(0):
        name = click.prompt("Not logged in. Your name", err=True)
    if name is None:
        raise Fault(f"No session is open for this token: pass --name (or set {NAME}) to log in.")
    api.login(name)
