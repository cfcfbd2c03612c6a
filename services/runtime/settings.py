"""Every setting, in one place. Each comes from the environment variable of the same name in capitals; a secret one also
from the file that the variable with ``_FILE`` after its name gives, as container platforms hand secrets over.

``Settings.from_environment`` reads and checks them; a wrong value raises ``SettingsError``, whose sentence names the
variable, the value (unless it is secret) and what would be right. ``docs/settings.md`` is written from this file.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from services.contracts.operators import LARGEST_LEVEL
from services.runtime.crash_points import POINTS
from services.runtime.messaging.topology import QUEUED_TASKS


class SettingsError(Exception):
    """A setting is wrong; the message is meant for the person who starts the process."""


def _text(value: str) -> str:
    return value


def _url(*schemes: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if value and urlsplit(value).scheme not in schemes:
            raise ValueError("a URL that starts with " + " or ".join(f"{scheme}://" for scheme in schemes))
        return value

    return read


def _whole(lowest: int, highest: int) -> Callable[[str], int]:
    def read(value: str) -> int:
        if not value.isascii() or not value.isdigit() or not lowest <= int(value) <= highest:
            raise ValueError(f"a whole number from {lowest} to {highest}")
        return int(value)

    return read


def _seconds(lowest: float, highest: float) -> Callable[[str], float]:
    def read(value: str) -> float:
        try:
            number = float(value)
        except ValueError:
            number = -1.0
        if not lowest <= number <= highest:
            raise ValueError(f"seconds from {lowest:g} to {highest:g}")
        return number

    return read


def _choice(*words: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if value not in words:
            raise ValueError("one of " + ", ".join(words))
        return value

    return read


def _words(value: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in value.split(",") if word.strip())


def _crash_point(value: str) -> str:
    point, _, number = value.partition(":")
    if value and (point not in POINTS or not ((number.isascii() and number.isdigit()) or value == point)):
        raise ValueError("a point of services/runtime/crash_points.py, with a number after a colon or without")
    return value


def _setting(default: Any, read: Callable[[str], Any], help: str, *, secret: bool = False) -> Any:
    return field(default=default, metadata={"read": read, "help": help, "secret": secret})


@dataclass(frozen=True)
class Settings:
    """The settings of one process. The defaults suit the embedded mode."""

    amqp_uri: str = _setting(
        "",
        _url("amqp", "amqps", "pyamqp"),
        "RabbitMQ. Empty: the in-process broker (embedded mode). With amqps:// the certificate is checked, "
        "against the issuers in the file that ?cacertfile= names, or those that the system knows.",
        secret=True,
    )
    database_url: str = _setting(
        "", _url("postgresql", "postgres"), "PostgreSQL. Empty: the embedded one. Only info uses it.", secret=True
    )
    database_role: str = _setting(
        "backoffice_app", _text, "The role that info takes on after connecting; it may not change audit rows."
    )
    database_connections: int = _setting(
        8,
        _whole(4, 200),
        "The most database connections of one info process. Tasks that only read use at most two of them.",
    )
    query_seconds: float = _setting(
        2.0, _seconds(0.1, 30), "How long a statement of a task that only reads may take, before it ends the task."
    )
    data_dir: str = _setting(".backoffice", _text, "Where the embedded PostgreSQL keeps its data.")
    http_host: str = _setting("127.0.0.1", _text, "The address that the gateway listens on.")
    http_port: int = _setting(5000, _whole(0, 65535), "The port that the gateway listens on.")
    metrics_host: str = _setting("127.0.0.1", _text, "The address of the port for health and metrics.")
    metrics_port: int = _setting(
        0,
        _whole(0, 65535),
        "The port of each process for /healthz, /readyz and /metrics. 0: none; in a container of its own give it one.",
    )
    allowed_origins: tuple[str, ...] = _setting(
        (), _words, "Further origins, separated by commas, whose pages may open a WebSocket."
    )
    trusted_proxies: int = _setting(
        0, _whole(0, 10), "How many proxies in front of the gateway add to X-Forwarded-For."
    )
    db_tasks_admin: str = _setting("async", _choice("async", "sync"), "How database tasks of Admin are executed.")
    db_tasks_compliance: str = _setting(
        "async", _choice("async", "sync"), "How database tasks of Compliance are executed."
    )
    db_tasks_service: str = _setting("async", _choice("async", "sync"), "How database tasks of Service are executed.")
    claim_seconds: int = _setting(900, _whole(1, 86_400), "How long a claim lasts.")
    max_claims: int = _setting(5, _whole(1, 1_000), "The most claims that an operator holds at a time.")
    longest_claim_seconds: int = _setting(
        28_800, _whole(1, 864_000), "A claim that is renewed again and again ends after this long."
    )
    largest_level: int = _setting(
        LARGEST_LEVEL, _whole(1, 1_000_000), "The highest level that an item or an operator may be given."
    )
    session_idle_seconds: int = _setting(43_200, _whole(1, 2_592_000), "An unused session ends after this long.")
    logins_per_minute: int = _setting(10, _whole(1, 100_000), "Failed logins a minute, for a name and for an address.")
    failed_tokens_per_minute: int = _setting(
        1_000, _whole(1, 1_000_000), "Requests a minute with a wrong token, for an address."
    )
    unfinished_tasks: int = _setting(
        50,
        _whole(1, 1_000_000),
        "The most unfinished tasks that one gateway accepts of an operator. A task counts once more for every 500 "
        "characters of its texts. Further submissions wait for a moment, and are answered 429 when there is still no "
        "room.",
    )
    unfinished_reads: int = _setting(
        4, _whole(1, 1_000_000), "The same for tasks that only read, which are counted apart."
    )
    submissions_per_second: int = _setting(1_000, _whole(1, 1_000_000), "Submissions a second, for an operator.")
    queued_tasks: int = _setting(
        QUEUED_TASKS,
        _whole(100, 10_000_000),
        "The most tasks that wait on each of the two queues of work; beyond, submissions are refused. A queue that "
        "exists keeps the bound that it was made with.",
    )
    publish_seconds: float = _setting(3.0, _seconds(0.1, 60), "How long the broker may take to confirm a message.")
    rpc_seconds: float = _setting(4.0, _seconds(0.1, 60), "How long a call to another service may take.")
    republish_seconds: float = _setting(
        60.0, _seconds(0.5, 3_600), "A recorded task that has not finished is published again after this long."
    )
    seal_seconds: float = _setting(60.0, _seconds(0.5, 3_600), "Audit rows are sealed this often.")
    hold_seconds: float = _setting(
        600.0, _seconds(1, 1_500), "A batch that waits for the database is put back on its queue after this long."
    )
    retention_days: int = _setting(
        90,
        _whole(7, 3_650),
        "Finished tasks are deleted after it (audit rows stay); older ones never execute.",
    )
    drain_delay_seconds: float = _setting(
        0.0,
        _seconds(0, 120),
        "How long a stopping gateway says that it is not ready before it takes no more requests, so that load "
        "balancers move on.",
    )
    drain_seconds: float = _setting(
        20.0, _seconds(1, 600), "How long a stopping process may finish what it holds, after that delay."
    )
    otel_exporter_otlp_endpoint: str = _setting(
        "",
        _url("http", "https"),
        "Where traces are sent by OTLP over HTTP; empty: none are made. The other OTEL_ variables hold too.",
    )
    tasks_broker_user: str = _setting(
        "", _text, "The broker user of tasks: when set, info.exec_db_task is refused to every other."
    )
    crash_point: str = _setting(
        "", _crash_point, "For tests of recovery: the process kills itself there. Empty: never."
    )
    log_level: str = _setting("INFO", _choice("DEBUG", "INFO", "WARNING", "ERROR"), "The least severe log line.")
    log_format: str = _setting("json", _choice("json", "text"), "One JSON object a line, or text for people.")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None, **overrides: Any) -> "Settings":
        """Read all settings; ``overrides`` (already of their type) win. Raises ``SettingsError``."""
        source = os.environ if environment is None else environment
        values: dict[str, Any] = {}
        for setting in fields(cls):
            variable = setting.name.upper()
            value = _secret_of(variable, source) if setting.metadata["secret"] else source.get(variable)
            if value is not None:
                values[setting.name] = _read(variable, value, setting.metadata)
        return cls(**(values | overrides))

    @property
    def embedded_broker(self) -> bool:
        """No RabbitMQ is named: messages stay in this process, and every task is recorded first."""
        return not self.amqp_uri


def _secret_of(variable: str, source: Mapping[str, str]) -> str | None:
    """What the variable says, or what is in the file that its sister with ``_FILE`` names."""
    path = source.get(f"{variable}_FILE")
    if not path:
        return source.get(variable)
    if source.get(variable):
        raise SettingsError(f"Set {variable} or {variable}_FILE, not both.")
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsError(f"{variable}_FILE names {path}, which cannot be read: {error.strerror}.") from None


def _read(variable: str, value: str, metadata: Mapping[str, Any]) -> Any:
    try:
        return metadata["read"](value)
    except ValueError as error:
        shown = "what is set" if metadata["secret"] else repr(value)
        raise SettingsError(f"{variable} must be {error}, not {shown}.") from None


def describe() -> list[tuple[str, str, str]]:
    """Variable, default and meaning of every setting, in order, for ``--help`` and the documents."""
    return [
        (setting.name.upper(), _shown(setting.default), str(setting.metadata["help"])) for setting in fields(Settings)
    ]


def _shown(default: Any) -> str:
    return ",".join(default) if isinstance(default, tuple) else str(default)
