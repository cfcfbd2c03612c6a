"""What the database refuses by itself, and how it comes to its schema."""

import os
import subprocess
import sys

import eventlet
import psycopg2
import pytest

from services.info.migrate import migrate
from services.runtime.postgres.database import Pool
from tests import parts
from tests.office import Office
from tests.waiting import PATIENCE


def run(pool: Pool, statement: str) -> None:
    with pool.transaction() as tx:
        tx.execute(statement)


AUDIT_CHANGES = ["UPDATE audit SET event = 'x'", "DELETE FROM audit", "TRUNCATE audit"]


@pytest.mark.parametrize("statement", AUDIT_CHANGES)
def test_an_audit_row_is_changed_by_nobody(office: Office, owner: Pool, statement: str) -> None:
    for pool in (office.pool, owner):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            run(pool, statement)
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        run(owner, f"SET LOCAL session_replication_role = replica; {statement}")
    assert office.value("SELECT count(*) FROM audit") > 0


def test_the_services_role_may_delete_nothing_and_change_no_history(office: Office) -> None:
    tables = [
        row["relname"]
        for row in office.query(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )
    ]
    assert "task" in tables
    for table in tables:
        for right in ("DELETE", "TRUNCATE"):
            assert not office.value("SELECT has_table_privilege(%s, %s)", table, right), (table, right)
    for table in ("audit", "audit_seal", "customer", "inquiry_answer", "idempotency_key", "item_text"):
        columns = office.query("SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0", table)
        names = {row["attname"] for row in columns}
        may_change = {
            name for name in names if office.value("SELECT has_column_privilege(%s, %s, 'UPDATE')", table, name)
        }
        assert may_change == names & {"folded"}, table
    for column in ("id", "at", "transaction"):
        assert not office.value("SELECT has_column_privilege('audit', %s, 'INSERT')", column), column
    for table, column in (
        ("task", "data"),
        ("task", "operator_id"),
        ("transfer", "amount"),
        ("transfer", "created_by"),
    ):
        assert not office.value("SELECT has_column_privilege(%s, %s, 'UPDATE')", table, column)


@pytest.mark.parametrize(
    "change",
    [
        "decided_by = created_by, decided_at = now(), status = 'approved'",
        "status = 'approved'",
        "claimed_by = 2",
        "decided_by = 2, decided_at = now(), status = 'approved', claimed_by = 2, claimed_until = now()",
        "level = 0",
        "amount = 0",
    ],
)
def test_an_item_is_never_in_a_state_that_the_rules_do_not_know(office: Office, owner: Pool, change: str) -> None:
    office.add_transfer()
    with pytest.raises(psycopg2.errors.CheckViolation):
        run(owner, f"UPDATE transfer SET {change}")


def test_any_number_of_processes_may_migrate_at_once(postgres: str) -> None:
    with parts.temporary_database(postgres) as url:
        _migrate_at_once(url, url, url, url)
        assert migrate(url) == []


def test_two_new_databases_may_make_the_role_at_once(postgres: str) -> None:
    with parts.temporary_database(postgres) as first, parts.temporary_database(postgres) as second:
        _migrate_at_once(first, second)
        assert migrate(first) == migrate(second) == []


def _migrate_at_once(*urls: str) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "services.cli", "migrate"],
            env=os.environ | {"DATABASE_URL": url},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        for url in urls
    ]
    for process in processes:
        output, _ = process.communicate(timeout=120)
        assert process.returncode == 0, output


def test_a_migration_survives_the_lock_of_one_that_was_killed(database_url: str) -> None:
    connection = psycopg2.connect(database_url)
    with connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO yoyo_lock (locked, ctime, pid) VALUES (1, now(), 1)")
    connection.close()
    with eventlet.Timeout(PATIENCE):
        assert migrate(database_url) == []


def test_an_owner_who_is_no_superuser_can_migrate_and_work(postgres: str) -> None:
    with parts.temporary_database(postgres) as url:
        owner = parts.database_name(url) + "_owner"
        administrator = Pool(postgres, 1)
        run(administrator, f"CREATE ROLE {owner} LOGIN CREATEROLE")
        try:
            in_database = Pool(url, 1)
            run(in_database, f"ALTER SCHEMA public OWNER TO {owner}")
            migrate(url.replace("postgres@", f"{owner}@"))
            pool = Pool(url.replace("postgres@", f"{owner}@"), 1, "backoffice_app")
            with pool.transaction() as tx:
                assert tx.query("SELECT * FROM task") == []
            pool.close()
            in_database.close()
        finally:
            run(administrator, f"REVOKE backoffice_app FROM {owner}")
            run(Pool(url, 1), f"DROP OWNED BY {owner} CASCADE; DROP ROLE {owner}")
            administrator.close()


def test_claiming_the_next_item_uses_that_index_also_when_it_is_prepared(office: Office, owner: Pool) -> None:
    office.add_transfer()
    run(
        owner,
        "INSERT INTO transfer (cid, created_by, amount) "
        "SELECT 1, 1 + n % 4, amount FROM transfer, generate_series(1, 5000) AS n; ANALYZE transfer",
    )
    pool = Pool(office.url, 1, "backoffice_app")
    for _ in range(5):
        claimed = office.run(office.task("bob", "get_task", {"type": "transfer"}), pool=pool)[0]["result"]
        assert claimed
        office.run(office.task("bob", "release_task", {"type": "transfer", "id": claimed["transfer"]["id"]}), pool=pool)
    with pool.transaction() as tx:
        (prepared,) = tx.query(
            "SELECT name, cardinality(parameter_types) AS parameters FROM pg_prepared_statements "
            "WHERE statement LIKE '%SKIP LOCKED%'"
        )
        tx.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        nulls = ", ".join(["NULL"] * prepared["parameters"])
        plan = tx.query(f"EXPLAIN EXECUTE {prepared['name']} ({nulls})")
    pool.close()
    assert "transfer_pending" in "\n".join(row["QUERY PLAN"] for row in plan)


def test_the_oldest_pending_item_is_found_in_an_index(office: Office, owner: Pool) -> None:
    office.add_transfer()
    run(
        owner,
        "INSERT INTO transfer (cid, created_by, amount, level) "
        "SELECT 1, created_by, amount, 1 + n % 3 FROM transfer, generate_series(1, 5000) AS n; ANALYZE transfer",
    )
    plan = office.query(
        "EXPLAIN SELECT id FROM transfer WHERE status = 'pending' AND level <= 1 "
        "ORDER BY created_at, id LIMIT 1 FOR UPDATE SKIP LOCKED"
    )
    text = "\n".join(row["QUERY PLAN"] for row in plan)
    assert "transfer_pending" in text
    assert "Sort" not in text
