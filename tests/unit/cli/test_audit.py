"""The audit is verified at the command line, and its checkpoints are exported."""

import json
from pathlib import Path

import psycopg2
import pytest
from click.testing import CliRunner, Result

from services.cli.program import backoffice

ROWS = """
INSERT INTO audit (actor, entity, entity_id, event)
SELECT 'me', 'customer', n, 'created' FROM generate_series(1, 3) AS n
"""


def audit(url: str, *arguments: str | Path) -> Result:
    return CliRunner().invoke(backoffice, ["audit", *map(str, arguments)], env={"DATABASE_URL": url})


def does(url: str, *statements: str) -> None:
    connection = psycopg2.connect(url)
    with connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    connection.close()


@pytest.fixture
def checkpoint(database_url: str, tmp_path: Path) -> Path:
    """Of three rows in one seal."""
    does(database_url, ROWS)
    file = tmp_path / "checkpoint.json"
    assert audit(database_url, "checkpoint", "--output", file).stdout == f"{file}: seal 1, 3 rows.\n"
    return file


def test_a_checkpoint_is_shown_where_no_file_is_named(database_url: str, checkpoint: Path) -> None:
    shown, kept = (json.loads(text) for text in (audit(database_url, "checkpoint").stdout, checkpoint.read_text()))
    assert shown | {"exported_at": ""} == kept | {"exported_at": ""}


def test_an_untouched_audit_is_said_to_be_so_with_what_proves_it(database_url: str, checkpoint: Path) -> None:
    does(database_url, ROWS)
    exported = json.loads(checkpoint.read_text())["exported_at"]

    without = audit(database_url, "verify")
    against = audit(database_url, "verify", "--checkpoint", checkpoint)

    assert (without.exit_code, against.exit_code) == (0, 0)
    lines = without.stdout.splitlines()
    assert lines[0] == "3 rows in 1 seal were checked."
    assert lines[1].startswith("3 rows are not sealed yet, the oldest of ")
    assert lines[2] == "Nothing is wrong, as far as can be seen without a checkpoint."
    assert against.stdout.splitlines()[2] == f"Nothing is wrong. Up to seal 1 that holds since {exported}."


def test_what_is_wrong_is_told_in_sentences_and_by_the_exit_code(database_url: str, checkpoint: Path) -> None:
    does(
        database_url,
        "ALTER TABLE audit DISABLE TRIGGER USER",
        "UPDATE audit SET event = 'deleted' WHERE id = 2",
        "DELETE FROM audit WHERE id = 3",
    )
    result = audit(database_url, "verify", "--checkpoint", checkpoint)

    assert result.exit_code == 3
    assert result.stdout.splitlines() == [
        "3 rows in 1 seal were checked.",
        "Seal 1: row 3 was removed after being sealed.",
        "Seal 1: row 2 was changed after being sealed.",
        "THE AUDIT IS NOT WHAT WAS WRITTEN.",
    ]


def test_a_cut_end_is_told_against_the_checkpoint(database_url: str, checkpoint: Path) -> None:
    does(database_url, "ALTER TABLE audit_seal DISABLE TRIGGER USER", "TRUNCATE audit_seal")

    assert audit(database_url, "verify").exit_code == 0
    result = audit(database_url, "verify", "--checkpoint", checkpoint)
    assert result.exit_code == 3
    assert "names seal 1, and there is none now: the end was cut off." in result.stdout


def test_nothing_sealed_is_nothing_proved(database_url: str) -> None:
    assert audit(database_url, "verify").stdout.splitlines()[-1] == "There are no seals, so nothing is proved."
    result = audit(database_url, "checkpoint")
    assert result.exit_code == 1
    assert result.stderr.startswith("backoffice: No audit row has been sealed yet")


def test_a_file_that_is_no_checkpoint_is_one_sentence(database_url: str, tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("hello")
    result = audit(database_url, "verify", "--checkpoint", file)
    assert result.exit_code == 1
    assert result.stderr == f"backoffice: {file}: The checkpoint is not JSON.\n"
    assert audit(database_url, "verify", "--checkpoint", tmp_path / "none").exit_code == 2


def test_a_checkpoint_that_cannot_be_written_is_one_sentence(database_url: str, checkpoint: Path) -> None:
    file = checkpoint.parent / "nowhere" / "checkpoint.json"
    result = audit(database_url, "checkpoint", "--output", file)
    assert result.exit_code == 1
    assert result.stderr == f"backoffice: {file} cannot be written: No such file or directory.\n"
    assert list(checkpoint.parent.iterdir()) == [checkpoint]


def test_what_could_not_be_verified_is_not_said_to_be_wrong() -> None:
    result = audit("postgresql://127.0.0.1:1/backoffice", "verify")
    assert result.exit_code == 1
    assert result.stderr.startswith("backoffice: The database cannot be used: ")
