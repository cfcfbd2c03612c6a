"""What a log line holds, and what it never holds."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest

from services.contracts.actions import CreateTransfer
from services.contracts.errors import Code, Refusal
from services.runtime.failures import Unavailable
from services.runtime.settings import Settings
from services.runtime.telemetry import logs

SETTINGS = Settings(
    amqp_uri="amqp://tasks:wxyz-s3cret@broker:5672/prod", database_url="postgresql://owner:p%40ss-w0rd@db/backoffice"
)


PRIVATE = "private 4711"


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def lines_of(said: Any, settings: Settings = SETTINGS) -> list[str]:
    stream = io.StringIO()
    logs.configure(settings, "up", stream)
    said(logging.getLogger("services.info.execution"))
    return stream.getvalue().splitlines()


def line_of(said: Any) -> dict[str, Any]:
    (line,) = lines_of(said)
    read: dict[str, Any] = json.loads(line)
    return read


def test_a_line_says_when_what_and_which_service() -> None:
    line = line_of(lambda log: log.info("executed %d tasks", 3, extra={"task_ids": ["a", "b"]}))

    assert line.pop("ts").endswith("Z")
    assert line == {
        "level": "INFO",
        "logger": "services.info.execution",
        "service": "info",
        "message": "executed 3 tasks",
        "task_ids": ["a", "b"],
    }


def test_a_line_of_the_runtime_is_attributed_to_the_process() -> None:
    line = line_of(lambda log: logging.getLogger("services.runtime.amqp.broker").warning("lost"))

    assert line["service"] == "up"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("cannot reach amqp://guest:hunter2@host/", "hunter2"),
        ("amqp login wxyz-s3cret refused", "wxyz-s3cret"),
        ("password is p@ss-w0rd", "p@ss-w0rd"),
        ("host=db password=hunter2 dbname=x", "hunter2"),
        ("host=db password='hun ter2' dbname=x", "ter2"),
        ('body {"token": "12qw", "task": {}}', "12qw"),
        ("body {'operator_token': '12qw'}", "12qw"),
        ("Authorization: Bearer 12qw", "12qw"),
        ("identify(token_hash=0af3c1)", "0af3c1"),
        ("GET /x?token=12qw&a=b", "12qw"),
    ],
)
def test_a_secret_never_gets_into_a_line(text: str, secret: str) -> None:
    (said,) = lines_of(lambda log: log.info("%s", text))

    assert secret not in said
    assert logs.HIDDEN in said


def test_what_is_no_secret_stays() -> None:
    line = line_of(lambda log: log.info("connected to amqp://broker:5672/prod as tasks, 12 tokens read"))

    assert line["message"] == "connected to amqp://broker:5672/prod as tasks, 12 tokens read"


def test_a_failure_of_the_database_is_told_without_the_values_of_its_statement(database_url: str) -> None:
    connection = psycopg2.connect(database_url)

    def fail(log: logging.Logger) -> None:
        try:
            connection.cursor().execute("SELECT %s::int", (PRIVATE,))
        except psycopg2.Error as error:
            log.exception("error handling worker %s: %s", "w", error)  # noqa: TRY401 -- as nameko does

    (said,) = lines_of(fail)
    connection.close()

    assert PRIVATE not in said
    exc = json.loads(said)["exc"]
    assert exc["type"] == "psycopg2.errors.InvalidTextRepresentation"
    assert "SQLSTATE 22P02" in exc["traceback"]
    assert "test_logs.py" in exc["traceback"]


def test_a_failure_that_led_to_another_is_told_before_it_and_without_values() -> None:
    def fail(log: logging.Logger) -> None:
        try:
            try:
                CreateTransfer.parse({"cid": PRIVATE})
            except ValueError as error:
                raise RuntimeError("the batch failed") from error
        except RuntimeError:
            log.exception("no luck")

    line = line_of(fail)

    first, second = line["exc"]["traceback"].split("which led to")
    assert "ValidationError" in first
    assert "RuntimeError: the batch failed" in second
    assert PRIVATE not in json.dumps(line)


def test_the_libraries_say_only_warnings() -> None:
    def chat(log: logging.Logger) -> None:
        for name in ("nameko.containers", "amqp", "kombu.connection"):
            logging.getLogger(name).info("chat")
            logging.getLogger(name).warning("a warning")

    assert len(lines_of(chat)) == 3


class Worker:
    service_name = "users"

    def __str__(self) -> str:
        return "<users.identify>"


def expected(failure: Exception) -> list[str]:
    """What is said when a worker of nameko raises an exception that its entrypoint expects."""

    def fail(log: logging.Logger) -> None:
        try:
            raise failure
        except type(failure) as error:
            nameko = logging.getLogger("nameko.containers")
            nameko.warning("(expected) error handling worker %s: %s", Worker(), error, exc_info=True)

    return lines_of(fail)


def test_a_refusal_is_an_answer_and_not_worth_a_line() -> None:
    assert expected(Refusal(Code.NOT_AUTHENTICATED)) == []


def test_what_a_worker_expects_to_meet_is_told_without_its_traceback_and_with_its_service() -> None:
    (said,) = expected(Unavailable("the database cannot be used now"))

    line = json.loads(said)
    assert line["service"] == "users"
    assert line["message"].endswith(
        "<users.identify>: services.runtime.failures.Unavailable: the database cannot be used now"
    )
    assert "exc" not in line


def test_text_is_for_people_on_one_line() -> None:
    settings = Settings(log_format="text")
    (line,) = lines_of(lambda log: log.warning("held", extra={"task_ids": ["a"]}), settings)

    assert line[12:] == " WARNING info     held [a]"


def test_less_severe_lines_than_set_are_left_out() -> None:
    assert lines_of(lambda log: log.info("chat"), Settings(log_level="WARNING")) == []


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_stored_text_cannot_act_on_a_terminal_or_forge_a_line(log_format: str) -> None:
    settings = Settings(log_format=log_format)
    evil = "Evil\x1b[2J\x07\x9b31m\u202e\n12:00:00 INFO forged"

    (line,) = lines_of(lambda log: log.warning("customer %s", evil), settings)

    assert line.isprintable()
    assert "forged" in line


def test_stored_text_in_an_exception_cannot_forge_a_line_of_its_traceback() -> None:
    def fail(log: logging.Logger) -> None:
        try:
            raise ValueError("Evil\x1b[2J\nforged")
        except ValueError:
            log.exception("failed")

    lines = lines_of(fail, Settings(log_format="text"))

    assert all(line.isprintable() for line in lines)
    assert lines[-1] == r"ValueError: Evil\u001b[2J\nforged"
