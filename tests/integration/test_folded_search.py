"""Searches find what people see, in every locale of a database, also what an older release has added."""

from collections.abc import Iterator

import pytest
from psycopg2 import sql

from services.contracts.characters import normal
from services.contracts.operators import Role
from services.contracts.tokens import new_token, token_hash
from services.info import unfolded
from services.info.migrate import migrate
from services.info.unfolded import SEARCHED, fold_all, fold_some
from services.runtime.postgres.database import Pool
from tests import parts
from tests.desk import Desk, Staff

LOCALES = {
    "C": "LOCALE 'C'",
    "C.UTF-8": "LOCALE 'C.UTF-8'",
    "Turkish": "LOCALE_PROVIDER icu ICU_LOCALE 'tr-TR' LOCALE 'C.UTF-8'",
}

# What is stored, and what it is searched by.
FOUND = [
    ("José Ibáñez", "JOSÉ"),
    ("José Ibáñez", "jose\N{COMBINING ACUTE ACCENT}"),
    ("José Ibáñez", "IBANEZ"),
    ("Müller", "MÜLLER"),
    ("Müller", "muller"),
    ("Mu\N{COMBINING DIAERESIS}ller", "müller"),
    ("Οδυσσευς", "ΟΔΥΣΣΕΥΣ"),
    ("Łukasz", "lukasz"),
    ("ISPARTA", "isparta"),
    ("轉帳", "轉帳"),
    ("100 %_\\ fine", "0 %_\\ f"),
]


@pytest.fixture(scope="module", params=LOCALES)
def desk(request: pytest.FixtureRequest, postgres: str) -> Iterator[Desk]:
    """A desk on a database of the locale, with a customer, a document, an answered inquiry and an operator a text."""
    with parts.temporary_database(postgres) as url:
        name = sql.Identifier(parts.database_name(url))
        parts.run_sql(postgres, sql.SQL("DROP DATABASE {}").format(name))
        options = sql.SQL(LOCALES[request.param])
        parts.run_sql(postgres, sql.SQL("CREATE DATABASE {} TEMPLATE template0 {}").format(name, options))
        migrate(url)
        desk = Desk(url)
        alice, erin = desk.hire("Alice", Role.ADMIN), desk.hire("Erin", Role.SERVICE)
        desk.done(alice, "create_customer", name="Nobody")
        for number, text in enumerate(dict.fromkeys(text for text, _ in FOUND), 1):
            desk.done(alice, "create_customer", name=text)
            desk.done(alice, "create_document", cid=1, content=f"About {text}.")
            desk.done(alice, "create_inquiry", cid=1, problem="?")
            desk.done(erin, "respond_inquiry", id=number, answer=f"Ask {text}.", closed=True)
            hired = {"name": text, "role": "Service", "token_hash": token_hash(new_token())}
            if normal(text) == text:  # As a name the other spelling is the same one.
                desk.done(alice, "add_operator", **hired)
        yield desk
        desk.close()


@pytest.fixture(scope="module")
def admin(desk: Desk) -> Staff:
    return desk.hire("Ada", Role.ADMIN)


@pytest.mark.parametrize(("text", "searched"), FOUND)
def test_what_people_see_is_found(desk: Desk, admin: Staff, text: str, searched: str) -> None:
    number = list(dict.fromkeys(each for each, _ in FOUND)).index(text) + 1
    customers = desk.done(admin, "search_customers", text=searched)["customers"]
    assert number + 1 in [customer["id"] for customer in customers]
    items = desk.done(admin, "search_items", text=searched)["items"]
    assert {("document", number), ("inquiry", number)} <= {(item["type"], item["id"]) for item in items}
    assert len(items) <= 4
    operators = desk.done(admin, "list_operators", text=searched)["operators"]
    assert len(operators) in (1, 2)


def as_the_release_before(owner: Pool, admin: Staff) -> None:
    """Rows without folded texts, by the statements of the release before; the chief is one such row too."""
    with owner.transaction() as tx:
        tx.execute("INSERT INTO customer (name, created_by) VALUES ('Zoë', %s)", (admin.id,))
        tx.execute("INSERT INTO document (cid, content, created_by) VALUES (1, 'Zoë wrote.', %s)", (admin.id,))
        tx.execute("INSERT INTO inquiry (cid, problem, created_by) VALUES (1, 'To Zoë', %s)", (admin.id,))
        tx.execute("INSERT INTO inquiry_answer (inquiry_id, answer, answered_by) VALUES (1, 'By Zoë', %s)", (admin.id,))
        tx.execute("INSERT INTO operator (name, role, token_hash) VALUES ('Zoë', 'Service', %s)", (token_hash("z"),))


def found(desk: Desk, admin: Staff) -> tuple[int, int]:
    """How many customers and items are found."""
    customers = desk.done(admin, "search_customers", text="ZOE")["customers"]
    return len(customers), len(desk.done(admin, "search_items", text="ZOE")["items"])


@pytest.fixture
def new_desk(database_url: str) -> Iterator[Desk]:
    desk = Desk(database_url)
    yield desk
    desk.close()


@pytest.fixture
def owner(database_url: str) -> Iterator[Pool]:
    pool = Pool(database_url, 2)
    yield pool
    pool.close()


@pytest.fixture
def chief(new_desk: Desk) -> Staff:
    chief = new_desk.hire("Chief", Role.ADMIN)
    new_desk.done(chief, "create_customer", name="Nobody")
    new_desk.done(chief, "create_inquiry", cid=1, problem="?")
    return chief


def test_what_the_release_before_has_added_is_found_once_it_is_folded(
    new_desk: Desk, owner: Pool, chief: Staff
) -> None:
    as_the_release_before(owner, chief)
    assert found(new_desk, chief) == (0, 0)
    assert fold_all(new_desk.pool) == 6
    assert found(new_desk, chief) == (1, 3)
    assert len(new_desk.done(chief, "list_operators", text="ZOE")["operators"]) == 1
    assert fold_all(new_desk.pool) == 0


def test_the_migration_folds_and_tells(new_desk: Desk, owner: Pool, chief: Staff, database_url: str) -> None:
    as_the_release_before(owner, chief)
    told: list[str] = []
    migrate(database_url, told.append)
    assert "All 2 rows of item_text that were not folded for searches are." in told
    assert found(new_desk, chief) == (1, 3)


def test_folding_goes_on_where_it_was_broken_off(
    new_desk: Desk, owner: Pool, chief: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unfolded, "ROWS", 3)
    with owner.transaction() as tx:
        tx.execute(
            "INSERT INTO customer (name, created_by) SELECT 'Zoë ' || n, %s FROM generate_series(1, 10) n", (chief.id,)
        )
    customer = next(each for each in SEARCHED if each.table == "customer")
    assert owner.run(lambda tx: len(fold_some(tx, customer, customer.first))) == 3
    assert found(new_desk, chief) == (3, 0)
    assert fold_all(owner) == 8
    assert found(new_desk, chief) == (10, 0)


def test_a_row_that_somebody_has_locked_is_left_for_the_next_time(new_desk: Desk, owner: Pool, chief: Staff) -> None:
    as_the_release_before(owner, chief)
    with owner.transaction() as tx:
        tx.query("SELECT id FROM customer WHERE name = 'Zoë' FOR UPDATE")
        assert fold_all(new_desk.pool) == 5
    assert fold_all(new_desk.pool) == 1


def test_what_is_not_folded_is_found_in_an_index(new_desk: Desk, owner: Pool, chief: Staff) -> None:
    with owner.transaction() as tx:
        for statement in (
            "INSERT INTO customer (name, folded, created_by) SELECT 'N', 'n', %s FROM generate_series(1, 5000)",
            "INSERT INTO item_text (type, id, text, folded) SELECT 'document', -n, %s, 't' "
            "FROM generate_series(1, 5000) n",
            "INSERT INTO inquiry_answer (inquiry_id, answer, folded, answered_by) SELECT 1, 'a', 'a', %s "
            "FROM generate_series(1, 5000)",
        ):
            tx.execute(statement, (chief.id,))
        tx.execute("ANALYZE customer, item_text, inquiry_answer")
        for searched in SEARCHED[1:]:
            plan = tx.query("EXPLAIN " + searched.some, searched.first, prepare=False)
            assert f"{searched.table}_unfolded" in str(plan), plan
            assert "Seq Scan" not in str(plan)
