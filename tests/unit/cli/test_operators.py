"""Operators are managed in the database, and every change is audited under the account that made it."""

import getpass

import psycopg2
import pytest
from click.testing import CliRunner, Result

from services.cli.program import backoffice
from services.contracts.tokens import token_hash


@pytest.fixture
def operator(database_url: str) -> "Operator":
    return Operator(database_url)


class Operator:
    """``backoffice operator`` on one database."""

    def __init__(self, url: str) -> None:
        self._url = url

    def __call__(self, *arguments: str) -> Result:
        return CliRunner().invoke(backoffice, ["operator", *arguments], env={"DATABASE_URL": self._url})

    def rows(self, statement: str) -> list[tuple[object, ...]]:
        connection = psycopg2.connect(self._url)
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall()
        finally:
            connection.close()


def test_an_added_operator_can_use_the_token_that_is_shown_once(operator: Operator) -> None:
    result = operator("add", "Alice", "--role", "admin", "--level", "2")

    assert result.exit_code == 0
    token = result.stdout.strip()
    assert len(token) == 43
    assert operator.rows("SELECT name, role, level, token_hash FROM operator") == [
        ("Alice", "Admin", 2, token_hash(token))
    ]
    assert operator.rows("SELECT actor, event FROM audit") == [(f"{getpass.getuser()} at the command line", "added")]


def test_operators_are_listed_without_their_tokens(operator: Operator) -> None:
    token = operator("add", "Alice", "--role", "Admin").stdout.strip()

    result = operator("list")

    assert result.stdout.splitlines()[1].split() == ["1", "Alice", "Admin", "1", "active", "none"]
    assert token not in result.output


def test_an_empty_list_says_so(operator: Operator) -> None:
    assert operator("list").stdout == "There is no operator yet.\n"


def test_rotating_voids_the_old_token(operator: Operator) -> None:
    old = operator("add", "Alice", "--role", "Admin").stdout.strip()

    new = operator("rotate", "Alice").stdout.strip()

    assert new != old
    assert operator.rows("SELECT token_hash FROM operator") == [(token_hash(new),)]


def test_level_role_and_access_are_changed(operator: Operator) -> None:
    operator("add", "Bob", "--role", "Compliance")

    for arguments in (["set-level", "Bob", "3"], ["set-role", "Bob", "service"], ["disable", "Bob"]):
        assert operator(*arguments).exit_code == 0

    assert operator.rows("SELECT level, role, active FROM operator") == [(3, "Service", False)]
    assert operator("enable", "Bob").exit_code == 0
    assert operator.rows("SELECT active FROM operator") == [(True,)]


@pytest.mark.parametrize(
    ("arguments", "exit_code", "sentence"),
    [
        (["disable", "Mallory"], 1, "backoffice: There is no operator called Mallory."),
        (["add", "", "--role", "Admin"], 1, "backoffice: A name has 1 to 200 characters."),
        (["add", "Alice", "--role", "Boss"], 2, "'Boss' is not one of"),
        (["add", "Alice", "--role", "Admin", "--level", "0"], 2, "0 is not in the range x>=1"),
        (["add", "Alice"], 2, "Missing option '--role'"),
    ],
)
def test_what_cannot_be_done_is_told(operator: Operator, arguments: list[str], exit_code: int, sentence: str) -> None:
    result = operator(*arguments)

    assert result.exit_code == exit_code
    assert sentence in result.stderr


def test_a_name_is_taken_once(operator: Operator) -> None:
    operator("add", "Alice", "--role", "Admin")

    result = operator("add", "Alice", "--role", "Admin")

    assert result.exit_code == 1
    assert result.stderr == "backoffice: There is already an operator called Alice.\n"
    assert result.stdout == ""


def test_a_name_that_looks_like_another_is_not_given(operator: Operator) -> None:
    operator("add", "Alice", "--role", "Admin")

    added = operator("add", "A1ice", "--role", "Admin")

    assert (added.exit_code, added.stdout) == (1, "")
    assert added.stderr == "backoffice: A1ice looks like the name of operator 1, Alice.\n"


def test_an_operator_is_renamed_by_id(operator: Operator) -> None:
    operator("add", "Alice", "--role", "Admin")

    assert operator("rename", "1", "Alicia").stdout == "Operator 1 is called Alicia.\n"

    assert operator.rows("SELECT name FROM operator") == [("Alicia",)]
    assert operator("rename", "2", "Bob").stderr == "backoffice: There is no operator with the id 2.\n"
