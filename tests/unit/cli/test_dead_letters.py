"""Messages that were set aside are listed, shown and replayed."""

import json

import psycopg2
import pytest
from click.testing import CliRunner, Result

from services.cli.program import backoffice

TASK = "0192f1c4-0000-7000-8000-000000000001"


@pytest.fixture
def url(database_url: str) -> str:
    connection = psycopg2.connect(database_url)
    with connection, connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO operator (name, role, token_hash) VALUES ('Alice', 'Admin', repeat('0', 64));
            INSERT INTO session (operator_id) VALUES (1);
            INSERT INTO task (id, action, data, operator_id, submitted_at, status, error, finished_at)
            VALUES ('{TASK}', 'get_customer', '{{"id": 1}}', 1, statement_timestamp(), 'failed',
                '{{"code": "internal_error"}}', statement_timestamp());
            INSERT INTO dead_letter (queue, reason, body, encoding, task_id, digest)
            VALUES ('info.operations_requested', 'delivery_limit', '{{"version": 1}}', 'utf-8', '{TASK}', 'a'),
                   ('tasks.tasks_submitted', 'rejected', 'AAE=', 'base64', NULL, 'b');
            """
        )
    connection.close()
    return database_url


def dead(url: str, *arguments: str) -> Result:
    return CliRunner().invoke(backoffice, ["dead", *arguments], env={"DATABASE_URL": url})


def test_the_newest_is_listed_first(url: str) -> None:
    lines = dead(url, "list").stdout.splitlines()

    assert [line.split()[0] for line in lines] == ["id", "2", "1"]
    assert "Alice" in lines[2]
    assert "get_customer" in lines[2]


def test_an_empty_list_says_so(database_url: str) -> None:
    assert dead(database_url, "list").stdout == "No message has been set aside.\n"


def test_one_is_shown_with_its_body(url: str) -> None:
    shown = json.loads(dead(url, "show", "1").stdout)

    assert shown["queue"] == "info.operations_requested"
    assert shown["body"] == '{"version": 1}'


def test_a_replay_is_a_new_task_that_names_the_old_one(url: str) -> None:
    result = dead(url, "replay", "1")

    connection = psycopg2.connect(url)
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT id::text, replay_of::text, action FROM task WHERE replay_of IS NOT NULL")
        ((new, old, action),) = cursor.fetchall()
    connection.close()
    assert (old, action) == (TASK, "get_customer")
    assert f"Recorded as task {new}" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["show", "9"], "There is no dead letter 9."),
        (["replay", "9"], "There is no dead letter 9."),
        (["replay", "2"], "Dead letter 2 holds no readable task, so it cannot be replayed."),
    ],
)
def test_what_cannot_be_done_is_told(url: str, arguments: list[str], sentence: str) -> None:
    result = dead(url, *arguments)

    assert result.exit_code == 1
    assert result.stderr == f"backoffice: {sentence}\n"
