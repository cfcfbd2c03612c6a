"""The demo database: five operators with short tokens that everybody knows, and something for each of them to do.

Such tokens must never open a real installation, so the database is marked, and only a database that bears the mark,
or holds nothing, is ever dropped and made anew.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit, urlunsplit

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection

from services.contracts.action import ACTIONS
from services.contracts.operators import Role
from services.contracts.tokens import DEMO_TOKENS
from services.info import audit, operators
from services.info.demo_mark import MARK
from services.info.migrate import migrate
from services.info.operations.registry import OPERATIONS
from services.info.work import Limits, Operator, Work
from services.runtime.postgres.database import Pool
from services.runtime.postgres.transaction import Transaction

ACTOR = "demo"
"""Whom the audit names as the maker of the data, beside Alice."""

_OF_THE_SERVER = ("", "postgres", "template0", "template1")


class NotADemoDatabase(Exception):
    """The database holds something and is not marked as a demo; the message is meant for whoever asked."""


class DemoOperator(NamedTuple):
    """An operator of the demo."""

    name: str
    role: Role
    level: int
    token: str


OPERATORS = (
    DemoOperator("Alice", Role.ADMIN, 1, DEMO_TOKENS[0]),
    DemoOperator("Bob", Role.COMPLIANCE, 1, DEMO_TOKENS[1]),
    DemoOperator("Carol", Role.COMPLIANCE, 2, DEMO_TOKENS[2]),
    DemoOperator("Dave", Role.SERVICE, 1, DEMO_TOKENS[3]),
    DemoOperator("Erin", Role.SERVICE, 2, DEMO_TOKENS[4]),
)

CUSTOMERS = ("Ada Lovelace", "Grace Hopper", "Katherine Johnson", "Alan Turing", "Hedy Lamarr")

DOCUMENTS = (
    (1, 1, "Passport, page 2"),
    (2, 2, "Articles of association"),
    (3, 1, "Electricity bill of October"),
    (4, 2, "Proof of the source of funds"),
    (5, 1, "Driving licence, both sides"),
)
"""Customer, level, content."""

TRANSFERS = (
    (1, 1, "250.00", "USD"),
    (2, 2, "12500.00", "USD"),
    (3, 1, "89.90", "EUR"),
    (4, 2, "48000.00", "GBP"),
    (5, 1, "19.99", "USD"),
)
"""Customer, level, amount, currency."""

INQUIRIES = (
    (1, 1, "Where is my transfer?"),
    (2, 2, "My account has been frozen; what do you need from me?"),
    (3, 1, "How do I change my address?"),
    (4, 2, "I dispute a transfer of last week."),
    (5, 1, "Why was my document rejected?"),
)
"""Customer, level, problem."""


def create_fake_database(database_url: str) -> None:
    """Drop the demo database of that URL, if it exists, and make it anew, migrated and filled.

    The user of the URL has to be allowed to create databases. Nobody is logged in afterwards. Raises
    ``NotADemoDatabase``, having changed nothing, and ``psycopg2.Error``.
    """
    name = unquote(urlsplit(database_url).path[1:])
    if name in _OF_THE_SERVER:
        raise NotADemoDatabase(f"The URL must name a database of its own for the demo, not {name or 'none'!r}.")
    server = _connect_to_server(database_url)
    try:
        _drop(server, database_url, name)
        identifier = sql.Identifier(name)
        _run(server, sql.SQL("CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE template0").format(identifier))
        _run(server, sql.SQL("COMMENT ON DATABASE {} IS {}").format(identifier, sql.Literal(MARK)))
    finally:
        server.close()
    migrate(database_url)
    _fill(database_url)


def _connect_to_server(database_url: str) -> Connection:
    """A database cannot be dropped from within, so another one of the same server is connected to."""
    server = psycopg2.connect(urlunsplit(urlsplit(database_url)._replace(path="/postgres")))
    server.autocommit = True
    return server


def _drop(server: Connection, database_url: str, name: str) -> None:
    found = _run(
        server,
        sql.SQL("SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = {}").format(
            sql.Literal(name)
        ),
    )
    if not found:
        return
    if found[0][0] != MARK and not _is_empty(database_url):
        raise NotADemoDatabase(
            f"The database {name!r} holds data and is not a demo database, so it is left as it is. "
            "Name another one for the demo, or one that does not exist yet."
        )
    _run(server, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _is_empty(database_url: str) -> bool:
    connection = psycopg2.connect(database_url)
    try:
        relations = _run(
            connection,
            sql.SQL(
                "SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
                "WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' LIMIT 1"
            ),
        )
        return not relations
    finally:
        connection.close()


def _run(connection: Connection, statement: sql.Composable) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def _fill(database_url: str) -> None:
    pool = Pool(database_url, size=1)
    try:
        with pool.transaction() as tx:
            for each in OPERATORS:
                operators.add(tx, each.name, each.role, each.level, ACTOR, each.token)
            _create_items(tx)
    finally:
        pool.close()


def _create_items(tx: Transaction) -> None:
    """All of it by Alice, and by the operations that her tasks would run, so that others may decide it."""
    alice = Operator(1, OPERATORS[0].name, OPERATORS[0].role, OPERATORS[0].level)
    work = Work(tx, "", alice, Limits(claim_seconds=1, max_claims=1))
    for action, data in _creations():
        OPERATIONS[action].function(work, ACTIONS[action].parse(data))
    audit.write(tx, [(audit.Author(operator_id=alice.id, actor=ACTOR), entry) for entry in work.entries])


def _creations() -> Iterator[tuple[str, dict[str, Any]]]:
    for name in CUSTOMERS:
        yield "create_customer", {"name": name}
    for cid, level, content in DOCUMENTS:
        yield "create_document", {"cid": cid, "level": level, "content": content}
    for cid, level, amount, currency in TRANSFERS:
        yield "create_transfer", {"cid": cid, "level": level, "amount": amount, "currency": currency}
    for cid, level, problem in INQUIRIES:
        yield "create_inquiry", {"cid": cid, "level": level, "problem": problem}
