"""The options by which a command says whom it works for, and where."""

import os
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

from services.cli.api import Api
from services.cli.program import Fault, Misuse
from services.cli.running import running_system
from services.runtime.addresses import host_and_port
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
        click.option(
            "--url", envvar=URL, show_envvar=True, help="Default: the system that runs on this machine, or HTTP_PORT."
        ),
        click.option("--name", envvar=NAME, show_envvar=True, help="Log in by this name when no session is open."),
        click.option("--token", envvar=TOKEN, show_envvar=True, help="Your access token; asked for when absent."),
    ):
        command = option(command)
    return command


def server_url(url: str | None) -> str:
    """Where the gateway is: as stated, by HTTP_PORT and HTTP_HOST, of the system that runs here, or by default."""
    if url:
        return url.rstrip("/")
    settings = Settings.from_environment()
    system = None if "HTTP_PORT" in os.environ or "HTTP_HOST" in os.environ else running_system()
    return system.url if system else local_url(settings.http_host, settings.http_port)


def local_url(host: str, port: int) -> str:
    """The address at which this machine reaches what listens on ``host``."""
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - an address to compare with
    return f"http://{host_and_port(reached, port)}"


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
