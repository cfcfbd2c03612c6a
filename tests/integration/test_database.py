"""The pool on a real PostgreSQL."""

import time
from collections.abc import Iterator
from typing import Any

import eventlet
import psycopg2
import pytest

from services.runtime.postgres.database import Conflict, DatabaseUnavailable, Pool, Transaction
from tests.parts import WAITING
from tests.waiting import eventually

ROLE = "backoffice_app"


@pytest.fixture
def pool(database_url: str) -> Iterator[Pool]:
    pool = Pool(database_url, 2, ROLE, "backoffice test")
    yield pool
    pool.close()


def backend(pool: Pool) -> int:
    with pool.transaction() as tx:
        return pid(tx)


def pid(tx: Transaction) -> int:
    row = tx.one("SELECT pg_backend_pid() AS pid")
    assert row
    return int(row["pid"])


def kill(url: str, *pids: int) -> None:
    connection = psycopg2.connect(url)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pid, 5000) FROM unnest(%s) AS pid", (list(pids),))
    connection.close()


def add_customer(tx: Transaction, name: str) -> None:
    tx.execute(
        "INSERT INTO operator (name, role, token_hash) VALUES (%s, 'Admin', md5(%s) || md5(%s)) ON CONFLICT DO NOTHING",
        ("A", "a", "b"),
    )
    tx.execute("INSERT INTO customer (name, created_by) SELECT %s, id FROM operator", (name,))


def fail(pool: Pool, *statements: str) -> None:
    with pool.transaction() as tx:
        for statement in statements:
            tx.execute(statement)
        raise LookupError


def names(pool: Pool) -> list[str]:
    with pool.transaction() as tx:
        return [row["name"] for row in tx.query("SELECT name FROM customer ORDER BY id")]


def test_a_connection_is_set_up_for_the_services(pool: Pool) -> None:
    with pool.transaction() as tx:
        row = tx.one(
            "SELECT current_user AS role, current_setting('TimeZone') AS zone, "
            "current_setting('lock_timeout') AS lock, "
            "current_setting('statement_timeout') AS statement, current_setting('application_name') AS name, "
            "current_setting('idle_in_transaction_session_timeout') AS idle"
        )
    assert row == {
        "role": ROLE,
        "zone": "UTC",
        "lock": "500ms",
        "statement": "30s",
        "name": "backoffice test",
        "idle": "1min",
    }


def test_a_block_that_ends_is_committed_and_one_that_raises_is_not(pool: Pool) -> None:
    with pool.transaction() as tx:
        add_customer(tx, "kept")
    with pytest.raises(LookupError):
        fail(pool, "INSERT INTO customer (name, created_by) SELECT 'dropped', id FROM operator")
    assert names(pool) == ["kept"]


def test_a_savepoint_undoes_what_was_done_inside_it_and_nothing_else(pool: Pool) -> None:
    with pool.transaction() as tx:
        add_customer(tx, "first")
        for name, fails in (("second", True), ("third", False), ("fourth", True)):
            try:
                with tx.savepoint():
                    add_customer(tx, name)
                    if fails:
                        raise LookupError
            except LookupError:
                pass
    assert names(pool) == ["first", "third"]


def test_a_savepoint_in_which_nothing_was_said_costs_nothing(pool: Pool) -> None:
    with pool.transaction() as tx:
        with tx.savepoint():
            pass
        add_customer(tx, "kept")
        with tx.savepoint():
            pass
    assert names(pool) == ["kept"]


def test_many_rows_are_one_statement(pool: Pool) -> None:
    with pool.transaction() as tx:
        add_customer(tx, "first")
    with pool.transaction() as tx:
        tx.many(
            "INSERT INTO audit (actor, entity, entity_id, event) VALUES %s",
            [("me", "customer", number, "created") for number in range(200)],
        )
        tx.many("INSERT INTO audit (actor, entity, entity_id, event) VALUES %s", [])
        row = tx.one("SELECT count(*) AS n, count(DISTINCT at) AS moments FROM audit")
    assert row == {"n": 200, "moments": 1}


def test_whoever_finds_every_connection_busy_waits(pool: Pool) -> None:
    def work() -> None:
        with pool.transaction() as tx:
            tx.query("SELECT pg_sleep(0.2)")

    began = time.monotonic()
    workers = [eventlet.spawn(work) for _ in range(6)]
    with Pool.transaction(pool) as tx:
        busy = tx.one(
            "SELECT count(*) AS n FROM pg_stat_activity "
            "WHERE application_name = 'backoffice test' AND datname = current_database()"
        )
    for worker in workers:
        worker.wait()
    assert time.monotonic() - began > 0.55
    assert busy is not None
    assert busy["n"] <= 2


def test_connections_work_side_by_side_in_one_thread(database_url: str) -> None:
    pool = Pool(database_url, 11)
    lock = "SELECT pg_advisory_xact_lock(7)"

    def work() -> None:
        with pool.transaction() as tx:
            tx.execute("SET LOCAL lock_timeout = 0")
            tx.query(lock)

    def waiting() -> int:
        with pool.transaction() as tx:
            return int(tx.query(WAITING)[0]["n"])

    with pool.transaction() as first:
        first.query(lock)
        others = [eventlet.spawn(work) for _ in range(9)]
        eventually(lambda: waiting() == 9)
    for other in others:
        other.wait()
    pool.close()


def test_a_connection_that_died_in_the_pool_is_not_handed_out(pool: Pool, database_url: str) -> None:
    first = backend(pool)
    kill(database_url, first)
    assert backend(pool) != first


def test_a_connection_that_dies_in_use_is_unavailable_and_replaced(pool: Pool) -> None:
    with pytest.raises(DatabaseUnavailable):
        fail(pool, "RESET ROLE", "SELECT pg_terminate_backend(pg_backend_pid())", "SELECT 1")
    assert backend(pool)


def test_a_connection_whose_user_was_timed_out_or_killed_is_never_used_again(pool: Pool) -> None:
    first = backend(pool)

    def work() -> None:
        with pool.transaction() as tx:
            tx.query("SELECT pg_sleep(5)")

    with pytest.raises(eventlet.Timeout):
        with eventlet.Timeout(0.1):
            work()
    second = backend(pool)
    worker = eventlet.spawn(work)
    eventlet.sleep(0.1)
    worker.kill()
    assert len({first, second, backend(pool)}) == 3


def test_a_connection_survives_a_rule_that_says_no(pool: Pool) -> None:
    first = backend(pool)
    with pytest.raises(LookupError):
        fail(pool, "SELECT 1")
    with pytest.raises(LookupError):
        fail(pool)
    assert backend(pool) == first


def test_a_row_that_stays_locked_is_a_conflict_long_before_a_statement_takes_too_long(pool: Pool) -> None:
    with pool.transaction() as tx:
        add_customer(tx, "first")
    lock = "SELECT 1 FROM operator WHERE name = 'A' FOR UPDATE"
    with pool.transaction() as holder:
        holder.query(lock)
        with pytest.raises(Conflict) as caught:
            with pool.transaction() as tx:
                tx.query(lock)
    assert "SELECT" not in str(caught.value)
    assert backend(pool)


def test_a_deadlock_is_a_conflict_for_one_and_nothing_for_the_other(pool: Pool) -> None:
    with pool.transaction() as tx:
        tx.execute("SET LOCAL lock_timeout = 0")
        tx.execute(
            "INSERT INTO operator (name, role, token_hash) "
            "VALUES ('A', 'Admin', repeat('a', 64)), ('B', 'Admin', repeat('b', 64))"
        )

    locked: list[str] = []

    def work(first: str, second: str) -> bool:
        try:
            with pool.transaction() as tx:
                tx.execute("SET LOCAL lock_timeout = 0")
                tx.query("SELECT 1 FROM operator WHERE name = %s FOR UPDATE", (first,))
                locked.append(first)
                eventually(lambda: len(locked) == 2)
                tx.query("SELECT 1 FROM operator WHERE name = %s FOR UPDATE", (second,))
        except Conflict:
            return False
        return True

    workers = [eventlet.spawn(work, "A", "B"), eventlet.spawn(work, "B", "A")]
    assert sorted(worker.wait() for worker in workers) == [False, True]


def test_a_fault_of_a_statement_is_neither_a_conflict_nor_unavailable(pool: Pool) -> None:
    with pytest.raises(psycopg2.errors.DivisionByZero):
        fail(pool, "SELECT 1 / 0")
    with pytest.raises(psycopg2.errors.QueryCanceled):
        fail(pool, "SET LOCAL statement_timeout = 50", "SELECT pg_sleep(1)")


def test_a_database_that_was_not_migrated_is_unavailable_and_the_log_can_say_what_it_lacks(pool: Pool) -> None:
    with pytest.raises(DatabaseUnavailable, match="has not been migrated"):
        fail(pool, "SELECT * FROM no_such_table")


@pytest.mark.parametrize(
    "dsn",
    ["postgresql://postgres@127.0.0.1:1/postgres", "postgresql://postgres@127.0.0.1/no_such_database"],
)
def test_no_database_is_unavailable(dsn: str) -> None:
    with pytest.raises(DatabaseUnavailable):
        with Pool(dsn).transaction():
            pass


def test_a_database_without_a_schema_or_a_role_is_unavailable_not_poison(postgres: str) -> None:
    with pytest.raises(DatabaseUnavailable):
        with Pool(postgres).transaction() as tx:
            tx.query("SELECT 1 FROM task")
    with pytest.raises(DatabaseUnavailable):
        with Pool(postgres, role="no such role").transaction():
            pass


# --- prepared statements


def prepared(pool: Pool) -> list[str]:
    with pool.transaction() as tx:
        return [row["statement"] for row in tx.query("SELECT statement FROM pg_prepared_statements ORDER BY name")]


def ask(pool: Pool, sql: str, params: Any, times: int = 1) -> list[Any]:
    with pool.transaction() as tx:
        return [tx.one(sql, params) for _ in range(times)]


def test_a_statement_that_is_said_often_is_prepared_and_answers_the_same(pool: Pool) -> None:
    sql = "SELECT %(b)s::int - %(a)s::int AS difference, %(b)s::int %% 4 AS rest, '100%%' AS text"
    answers = [ask(pool, sql, {"a": 1, "b": 7, "c": 0}, times=2)[0] for _ in range(4)]
    assert answers == [{"difference": 6, "rest": 3, "text": "100%"}] * 4
    (statement,) = prepared(pool)
    assert "$1::int - $2::int AS difference, $1::int % 4 AS rest, '100%'" in statement


def test_a_statement_said_once_or_without_parameters_is_not_prepared(pool: Pool) -> None:
    ask(pool, "SELECT %s::int AS n", (1,))
    ask(pool, "SELECT 1 AS n", None, times=5)
    assert prepared(pool) == []


def test_a_statement_that_cannot_be_prepared_goes_on_as_it_is(pool: Pool) -> None:
    sql = "SELECT %s IS NULL AS nothing"
    for _ in range(3):
        assert ask(pool, sql, (None,), times=3)[0] == {"nothing": True}
    assert prepared(pool) == []


def test_a_prepared_statement_that_meets_other_types_is_said_in_full_the_next_time(pool: Pool) -> None:
    sql = "SELECT count(*) AS n FROM task WHERE id = ANY(%s::uuid[])"
    ask(pool, sql, ("{}",), times=4)
    ids = ["0192f1c4-0000-7000-8000-000000000000"]
    assert pool.run(lambda tx: tx.one(sql, (ids,))) == {"n": 0}
    assert ask(pool, sql, (ids,)) == [{"n": 0}]


def test_a_prepared_statement_outlives_a_change_of_its_table(pool: Pool, database_url: str) -> None:
    sql = "SELECT * FROM audit WHERE id = %s"
    ask(pool, sql, (1,), times=4)
    owner = Pool(database_url)
    with owner.transaction() as tx:
        tx.execute("ALTER TABLE audit ADD COLUMN more text")
    owner.close()
    assert pool.run(lambda tx: tx.one(sql, (1,))) is None
