"""The roles that ``deploy/postgres/roles.sh`` makes are enough to migrate, to work and to show demo data, no more."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
import pytest

from tests.deployment.parts import make_roles, new_database
from tests.deployment.rendering import make_secrets
from tests.own_servers import OwnPostgres, own_postgres
from tests.stack import COMMAND, ROOT


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[OwnPostgres, Path]]:
    """A PostgreSQL with the roles, and the folder of their credentials."""
    folder = tmp_path_factory.mktemp("secrets")
    with own_postgres() as postgres:
        make_secrets(folder, "--database", f"127.0.0.1:{postgres.port}")
        make_roles(postgres, folder / "postgres")
        yield postgres, folder


def backoffice(folder: Path, holder: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """The command as it runs where a holder's credential is."""
    kept = {name: value for name, value in os.environ.items() if name not in ("AMQP_URI", "DATABASE_URL")}
    environment = kept | {"DATABASE_URL_FILE": str(folder / holder / "database_url"), "PYTHONWARNINGS": "ignore"}
    return subprocess.run(
        [*COMMAND, *arguments], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


def test_each_role_is_asked_for_its_own_password(server: tuple[OwnPostgres, Path]) -> None:
    _, folder = server
    url = (folder / "info" / "database_url").read_text().replace("backoffice_info", "backoffice_owner")

    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(url)


def test_the_owner_migrates_and_info_works(server: tuple[OwnPostgres, Path]) -> None:
    _, folder = server

    assert backoffice(folder, "migrate", "migrate").returncode == 0
    added = backoffice(folder, "info", "operator", "add", "Zoe", "--role", "Admin")
    assert added.returncode == 0, added.stderr
    assert "Zoe" in backoffice(folder, "info", "operator", "list").stdout


def test_info_may_neither_change_the_schema_nor_the_past(server: tuple[OwnPostgres, Path]) -> None:
    _, folder = server
    backoffice(folder, "migrate", "migrate")
    connection = psycopg2.connect((folder / "info" / "database_url").read_text())
    connection.autocommit = True

    for statement in (
        "CREATE TABLE mine ()",
        "ALTER TABLE task ADD mine text",
        "DELETE FROM audit",
        "UPDATE audit SET actor = 'nobody'",
        "DELETE FROM task",
        "SET ROLE backoffice_owner",
        "CREATE ROLE another",
        "CREATE DATABASE another",
    ):
        with connection.cursor() as cursor, pytest.raises(psycopg2.errors.InsufficientPrivilege):
            cursor.execute(statement)
    connection.close()


def test_demo_data_takes_the_place_of_an_earlier_demo_while_info_is_connected(
    server: tuple[OwnPostgres, Path],
) -> None:
    postgres, folder = server
    new_database(postgres)

    assert backoffice(folder, "migrate", "migrate", "--demo").stdout == "The demo database has been created again.\n"
    working = psycopg2.connect((folder / "info" / "database_url").read_text())
    again = backoffice(folder, "migrate", "migrate", "--demo")
    assert again.returncode == 0, again.stderr
    assert backoffice(folder, "migrate", "migrate").stdout == "The database is up to date.\n"
    assert "Alice" in backoffice(folder, "info", "operator", "list").stdout
    working.close()


def test_demo_data_never_takes_the_place_of_real_data(server: tuple[OwnPostgres, Path]) -> None:
    postgres, folder = server
    new_database(postgres)
    backoffice(folder, "migrate", "migrate")
    backoffice(folder, "info", "operator", "add", "Zoe", "--role", "Admin")

    refused = backoffice(folder, "migrate", "migrate", "--demo")

    assert refused.returncode == 1
    assert "is not a demo database" in refused.stderr
    assert "Zoe" in backoffice(folder, "info", "operator", "list").stdout


def test_the_tool_keeps_what_there_is_and_makes_anew_what_was_deleted(tmp_path: Path) -> None:
    make_secrets(tmp_path)
    before = {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    make_secrets(tmp_path)
    assert {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()} == before

    (tmp_path / "tasks" / "amqp_uri").unlink()
    make_secrets(tmp_path)

    changed = {str(path.relative_to(tmp_path)) for path, content in before.items() if path.read_text() != content}
    assert changed == {"tasks/amqp_uri", "rabbitmq/definitions.json"}


def test_where_a_server_moves_or_begins_to_speak_tls_the_passwords_stay(tmp_path: Path) -> None:
    make_secrets(tmp_path)
    before = {user: urlsplit((tmp_path / user / "amqp_uri").read_text()) for user in ("tasks", "internal")}
    definitions = (tmp_path / "rabbitmq" / "definitions.json").read_text()

    make_secrets(tmp_path, "--broker", "broker.example:5671", "--broker-ca", "/ca.crt")

    for user, old in before.items():
        moved = f"amqps://{user}:{old.password}@broker.example:5671/backoffice?cacertfile=/ca.crt"
        assert (tmp_path / user / "amqp_uri").read_text() == moved
    assert (tmp_path / "rabbitmq" / "definitions.json").read_text() == definitions


def test_the_tool_needs_python_alone(tmp_path: Path) -> None:
    """It runs before anything is installed."""
    command = [sys.executable, "-I", "-S", str(ROOT / "deploy" / "make_secrets.py"), str(tmp_path)]

    assert subprocess.run(command, env={}, timeout=30, check=False).returncode == 0
