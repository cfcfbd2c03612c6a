"""The demo database holds what the documents promise, and no other database is ever dropped for it."""

from collections.abc import Iterator

import psycopg2
import pytest
from psycopg2 import sql

from services.contracts.tokens import token_hash
from services.info.demo import NotADemoDatabase
from tests import parts
from tests.fakedata import OPERATORS, create_fake_database


def rows(url: str, statement: str) -> list[tuple[object, ...]]:
    connection = psycopg2.connect(url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


@pytest.fixture(scope="module")
def demo_url(postgres: str) -> Iterator[str]:
    with parts.temporary_database(postgres) as url:
        create_fake_database(url)
        yield url


def test_the_five_operators_exist_with_their_tokens_and_nobody_is_logged_in(demo_url: str) -> None:
    found = rows(demo_url, "SELECT name, role, level, token_hash, active FROM operator ORDER BY id")

    assert found == [
        ("Alice", "Admin", 1, token_hash("12qw"), True),
        ("Bob", "Compliance", 1, token_hash("34er"), True),
        ("Carol", "Compliance", 2, token_hash("56ty"), True),
        ("Dave", "Service", 1, token_hash("78ui"), True),
        ("Erin", "Service", 2, token_hash("90op"), True),
    ]
    assert len(OPERATORS) == 5
    assert rows(demo_url, "SELECT * FROM session") == []


@pytest.mark.parametrize(
    ("table", "undecided"), [("document", "pending"), ("transfer", "pending"), ("inquiry", "open")]
)
def test_items_1_to_3_are_pending_number_1_at_level_1_and_both_levels_occur(
    demo_url: str, table: str, undecided: str
) -> None:
    found = rows(demo_url, f"SELECT id, level, status FROM {table} ORDER BY id")

    assert [row[0] for row in found[:3]] == [1, 2, 3]
    assert found[0][1] == 1
    assert {row[1] for row in found} == {1, 2}
    assert {row[2] for row in found} == {undecided}


def test_alice_created_everything_and_all_of_it_is_audited(demo_url: str) -> None:
    creators = rows(
        demo_url,
        "SELECT DISTINCT created_by FROM (SELECT created_by FROM customer UNION ALL SELECT created_by FROM document "
        "UNION ALL SELECT created_by FROM transfer UNION ALL SELECT created_by FROM inquiry) AS item",
    )
    audited = rows(demo_url, "SELECT entity, count(*) FROM audit GROUP BY entity ORDER BY entity")

    assert creators == [(1,)]
    assert audited == [("customer", 5), ("document", 5), ("inquiry", 5), ("operator", 5), ("transfer", 5)]


def test_a_demo_database_is_dropped_and_made_anew(demo_url: str) -> None:
    rows(demo_url, "UPDATE document SET level = 9")

    create_fake_database(demo_url)

    assert rows(demo_url, "SELECT max(level) FROM document") == [(2,)]


def test_a_database_with_data_that_is_not_marked_is_refused_and_left_as_it_is(database_url: str) -> None:
    rows(database_url, f"INSERT INTO operator (name, role, token_hash) VALUES ('Real', 'Admin', '{token_hash('x')}')")

    with pytest.raises(NotADemoDatabase, match="holds data and is not a demo database, so it is left as it is"):
        create_fake_database(database_url)

    assert rows(database_url, "SELECT name FROM operator") == [("Real",)]


def test_a_database_that_does_not_exist_is_made(postgres: str) -> None:
    with parts.temporary_database(postgres) as url:
        name = parts.database_name(url)
        parts.run_sql(postgres, sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))

        create_fake_database(url)

        assert rows(url, "SELECT count(*) FROM operator") == [(5,)]


@pytest.mark.parametrize("name", ["", "postgres", "template1"])
def test_the_servers_own_databases_are_refused(postgres: str, name: str) -> None:
    with pytest.raises(NotADemoDatabase, match="must name a database of its own"):
        create_fake_database(parts.with_path(postgres, name))
