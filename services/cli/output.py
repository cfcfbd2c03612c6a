"""What the commands print. Nothing that was stored reaches the terminal as anything but text."""

import codecs
import json
import os
import sys
from typing import Any

import click

from services.runtime.printable import printable_lines

_ESCAPES = "backoffice-escapes"


def show(text: str, *, err: bool = False, newline: bool = True) -> None:
    """Print ``text`` to standard output, or to standard error, with unprintable characters escaped."""
    click.echo(printable_lines(text), err=err, nl=newline)


def show_json(value: Any) -> None:
    """Print ``value`` as JSON on one line."""
    show(json.dumps(value, ensure_ascii=False))


def show_outcome(text: str) -> None:
    """Print what has happened already: a full disk or a closed pipe is reported, but fails nothing."""
    try:
        show(text)
        sys.stdout.flush()
    except OSError as error:
        # The interpreter flushes once more at its end, and would turn the failure into an exit code of its own.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        show(f"backoffice: the outcome could not be printed: {error.strerror}.", err=True)


def accept_every_character() -> None:
    """Have the standard streams escape what their encoding lacks, instead of raising ``UnicodeEncodeError``."""
    codecs.register_error(_ESCAPES, _escaped)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors=_ESCAPES)  # type: ignore[union-attr]


def _escaped(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end
