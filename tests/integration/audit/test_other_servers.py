"""An audit outlives its server: restored in another, or after a crash."""

import subprocess

import pytest
from psycopg2 import sql

from services.info import seals, verification
from services.info.findings import Finding, Kind
from services.info.migrate import migrate
from services.runtime.postgres.database import DatabaseUnavailable, Pool, Transaction
from tests import parts
from tests.integration.audit.tampering import (
    ROW,
    ROW_12,
    Intruder,
    checkpoint,
    found,
    open_transaction,
    rows_of_seals,
    sealed,
)
from tests.office import Office, office_in
from tests.own_servers import OwnPostgres, own_postgres, postgres_program


def moved(source: str, target: str) -> None:
    """Dump a database and restore it in another server."""
    dump = subprocess.run([str(postgres_program("pg_dump")), source], capture_output=True, check=True)
    psql = [str(postgres_program("psql")), "-q", "-v", "ON_ERROR_STOP=1", target]
    subprocess.run(psql, input=dump.stdout, capture_output=True, check=True)


def test_an_audit_restored_in_another_server_holds_and_goes_on(office: Office) -> None:
    slow = open_transaction(office.url)
    known = checkpoint(office)
    office.add_customer()
    sealed(office)
    office.add_customer()  # not sealed before it is dumped
    with own_postgres() as server:
        parts.run_sql(server.url, sql.SQL("CREATE ROLE backoffice_app NOLOGIN"))
        parts.run_sql(server.url, sql.SQL("CREATE DATABASE restored"))
        url = parts.with_path(server.url, "restored")
        moved(office.url, url)
        pool = Pool(url, 2, "backoffice_app")

        def found_there() -> tuple[list[Finding], int]:
            report = verification.verify(pool, (known,))
            return report.findings, report.waiting

        def write() -> None:
            with pool.transaction() as tx:
                tx.execute(ROW)

        assert found_there() == ([], 1)
        slow_there = open_transaction(url)
        write()
        assert found_there() == ([], 2)
        assert seals.seal_all(pool) == 2
        assert found_there() == ([], 0)
        write()
        slow_there.commit()
        slow_there.close()
        assert found_there() == ([], 2)
        assert seals.seal_all(pool) == 2
        for _ in range(3):
            write()
            assert seals.seal_all(pool) == 1
        assert found_there() == ([], 0)
        with Intruder(url) as intruder:
            intruder.does(ROW_12)
            assert [finding.rows for finding in found_there()[0]] == [(range(12, 13),)]
            intruder.does("DELETE FROM audit WHERE id IN (3, 12)")
            assert [(finding.kind, finding.rows) for finding in found_there()[0]] == [(Kind.ROWS_GONE, (range(3, 4),))]
        pool.close()
    slow.rollback()
    slow.close()


def test_an_audit_restored_without_seals_is_sealed_from_the_first_row_on(office: Office, intruder: Intruder) -> None:
    """As after a change of the seals' form: rows of transactions that this server has not had yet."""
    intruder.does("TRUNCATE audit_seal; UPDATE audit SET transaction = '99999999999'")
    with office.pool.transaction() as tx:
        assert seals.seal(tx, most=10) == 10
    assert found(office) == []
    office.add_customer()
    assert sealed(office) == 4
    office.add_customer()
    assert sealed(office) == 1
    assert found(office) == []


def test_a_database_that_crashed_shows_no_false_alarm(office: Office) -> None:
    with own_postgres() as server:
        parts.run_sql(server.url, sql.SQL("CREATE DATABASE crashing"))
        url = parts.with_path(server.url, "crashing")
        migrate(url)
        with office_in(url) as there:
            for _ in range(3):
                there.add_customer()
                lost = open_transaction(url)
                dying = Pool(url, 1, "backoffice_app")
                with pytest.raises(DatabaseUnavailable), dying.transaction() as tx:
                    crash(server, tx)
                lost.close()
                there.add_customer()
                assert found(there) == []
                sealed(there)
                assert found(there) == []
        assert rows_of_seals(there)
        there.pool.close()


def crash(server: OwnPostgres, tx: Transaction) -> None:
    """While a seal is being made."""
    assert seals.seal(tx) > 0
    server.stop("immediate")
    server.start()
    tx.query("SELECT 1")
