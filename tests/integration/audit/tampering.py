"""Who tampers with an audit, and what verification finds of it."""

import itertools

import psycopg2
from psycopg2.extensions import connection as Connection

from services.info import checkpoints, seals, verification
from services.info.checkpoints import Checkpoint
from services.info.findings import Kind, Report
from services.runtime.postgres.database import Pool
from tests.office import Office


class Intruder:
    """A superuser who has taken the triggers away."""

    def __init__(self, url: str) -> None:
        self._pool = Pool(url, 1)
        self.does("ALTER TABLE audit DISABLE TRIGGER USER; ALTER TABLE audit_seal DISABLE TRIGGER USER")

    def __enter__(self) -> "Intruder":
        return self

    def __exit__(self, *error: object) -> None:
        self._pool.close()

    def does(self, statement: str) -> None:
        with self._pool.transaction() as tx:
            tx.execute(statement)

    def seals_anew(self, first: int) -> None:
        """Make the seals from one on anew, by the services' own code, so that all fits again."""
        self.does(f"DELETE FROM audit_seal WHERE id >= {first}")
        assert seals.seal_all(self._pool)


ROW = "INSERT INTO audit (actor, entity, entity_id, event) VALUES ('somebody', 'customer', 1, 'created')"
ROW_12 = (
    "INSERT INTO audit (id, actor, entity, entity_id, event) OVERRIDING SYSTEM VALUE "
    "VALUES (12, 'somebody', 'customer', 1, 'created')"
)


def write_and_roll_back(office: Office) -> None:
    connection = open_transaction(office.url)
    connection.rollback()
    connection.close()


def sealed(office: Office) -> int:
    return seals.seal_all(office.pool)


def rows_of_seals(office: Office) -> list[str]:
    return [row["ids"] for row in office.query("SELECT ids::text AS ids FROM audit_seal ORDER BY id")]


def verified(office: Office, *known: Checkpoint) -> Report:
    return verification.verify(office.pool, known)


def found(office: Office, *known: Checkpoint) -> list[tuple[Kind, int | None, list[int]]]:
    """Kind, seal and rows of what is found."""
    report = verified(office, *known)
    assert all(finding.sentence.endswith(".") for finding in report.findings)
    return [
        (finding.kind, finding.seal, list(itertools.chain.from_iterable(finding.rows))) for finding in report.findings
    ]


def checkpoint(office: Office) -> Checkpoint:
    with office.pool.transaction() as tx:
        return checkpoints.make(tx)


def open_transaction(url: str) -> Connection:
    """One that has written an audit row and goes on."""
    connection = psycopg2.connect(url)
    with connection.cursor() as cursor:
        cursor.execute(ROW)
    return connection


def fill(intruder: Intruder, rows: int) -> None:
    """So many rows more, in one statement."""
    intruder.does(
        "INSERT INTO audit (operator_id, entity, entity_id, event, after) "
        "SELECT 1, 'transfer', n, 'created', jsonb_build_object('n', n, 'text', md5(n::text)) "
        f"FROM generate_series(1, {rows}) AS n"
    )
