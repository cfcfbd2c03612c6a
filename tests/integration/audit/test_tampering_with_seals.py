"""Every kind of tampering with seals is found and named."""

import pytest

from services.info import seals, verification
from services.info.findings import Kind
from tests.integration.audit.tampering import ROW, ROW_12, Intruder, found, verified
from tests.office import Office


def test_a_removed_seal_is_named_and_its_rows_are_not_taken_for_proved(office: Office, intruder: Intruder) -> None:
    intruder.does("DELETE FROM audit_seal WHERE id = 2")
    assert found(office) == [(Kind.SEALS_GONE, 2, []), (Kind.ROWS_INSERTED, None, [9, 10, 11])]


def test_the_first_seal_removed_is_named(office: Office, intruder: Intruder) -> None:
    intruder.does("DELETE FROM audit_seal WHERE id = 1")
    assert found(office)[0] == (Kind.SEALS_GONE, 1, [])


def test_seals_that_swapped_their_numbers_are_named(office: Office, intruder: Intruder) -> None:
    for old, new in ((2, 99), (3, 2), (99, 3)):
        intruder.does(f"UPDATE audit_seal SET id = {new} WHERE id = {old}")
    kinds = {(kind, seal) for kind, seal, _ in found(office)}
    assert {(Kind.SEAL_CHANGED, 2), (Kind.SEAL_CHANGED, 3), (Kind.SEAL_REMADE, 1)} <= kinds


def test_a_seal_made_anew_does_not_carry_the_next_one(office: Office, intruder: Intruder) -> None:
    intruder.does("CREATE TABLE kept AS SELECT * FROM audit_seal WHERE id = 3")
    intruder.does("UPDATE audit SET event = 'never happened' WHERE id = 10; DELETE FROM audit WHERE id > 11")
    intruder.seals_anew(2)
    intruder.does("DELETE FROM audit_seal WHERE id = 3; INSERT INTO audit_seal SELECT * FROM kept")
    assert (Kind.SEAL_REMADE, 2, []) in found(office)


@pytest.mark.parametrize(
    ("number", "row", "drawn"),
    [(4, 12, "drawn"), (0, 12, "drawn"), (4, 15, "1000000000000")],
    ids=["over an inserted row", "before the first", "over numbers to come"],
)
def test_a_seal_of_ones_own_is_found(office: Office, intruder: Intruder, number: int, row: int, drawn: str) -> None:
    intruder.does(ROW_12 if row == 12 else ROW)
    intruder.does("ALTER TABLE audit_seal DROP CONSTRAINT audit_seal_id_check")
    digest = seals.SEAL_DIGEST.format(digests=seals.ROW_DIGEST)
    intruder.does(
        f"INSERT INTO audit_seal SELECT seal.*, {digest} FROM ("
        f"SELECT {number}::bigint AS id, at, cluster, horizon, next, {drawn} AS drawn, "
        f"int8multirange(int8range({row}, {row}, '[]')) AS ids, awaited, 1::bigint AS rows, "
        f"(SELECT substr({seals.ROW_DIGEST}, 1, 8) FROM audit WHERE id = {row}) AS marks, digest AS previous "
        f"FROM audit_seal WHERE id = 3) AS seal, audit WHERE audit.id = {row}"
    )
    assert found(office)[0] == (Kind.SEAL_CHANGED, number, [])


def test_a_row_without_a_number_is_found(office: Office, intruder: Intruder) -> None:
    intruder.does("ALTER TABLE audit DROP CONSTRAINT audit_pkey, ALTER id DROP IDENTITY, ALTER id DROP NOT NULL")
    intruder.does("CREATE SEQUENCE audit_id_seq; GRANT SELECT ON SEQUENCE audit_id_seq TO backoffice_app")
    intruder.does("SELECT setval('audit_id_seq', 14)")
    intruder.does(ROW)
    assert found(office) == [(Kind.ROWS_INSERTED, None, [])]


def test_a_second_seal_of_a_number_is_found(office: Office, intruder: Intruder) -> None:
    intruder.does("ALTER TABLE audit_seal DROP CONSTRAINT audit_seal_pkey")
    intruder.does(ROW_12)
    intruder.does("CREATE TABLE forged AS SELECT * FROM audit_seal WHERE id = 3")
    intruder.does("UPDATE forged SET ids = '{[12,13)}', rows = 1; INSERT INTO audit_seal SELECT * FROM forged")
    assert (Kind.SEAL_CHANGED, 3, []) in found(office)


@pytest.mark.parametrize("column", ["rows", "ids", "marks", "digest", "awaited", "drawn", "previous"])
def test_a_seal_that_was_emptied_is_found_and_hides_nothing_after_it(
    office: Office, intruder: Intruder, column: str
) -> None:
    intruder.does(f"ALTER TABLE audit_seal ALTER {column} DROP NOT NULL")
    intruder.does(f"UPDATE audit_seal SET {column} = NULL WHERE id = 2; DELETE FROM audit WHERE id = 14")
    kinds = {(kind, seal) for kind, seal, _ in found(office)}
    assert {(Kind.SEAL_CHANGED, 2), (Kind.ROWS_GONE, 3)} <= kinds


@pytest.mark.parametrize("rows", [10**12, 1, -(10**12)])
def test_a_seal_that_lies_about_its_size_hides_nothing_after_it(office: Office, intruder: Intruder, rows: int) -> None:
    intruder.does("ALTER TABLE audit_seal DROP CONSTRAINT audit_seal_rows_check")
    intruder.does(f"UPDATE audit_seal SET rows = {rows} WHERE id = 2; DELETE FROM audit WHERE id = 14")
    assert found(office) == [(Kind.SEAL_CHANGED, 2, []), (Kind.ROWS_GONE, 3, [14])]


def test_more_broken_seals_than_anybody_reads_are_counted(
    office: Office, intruder: Intruder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verification, "MOST_EXAMINED", 2)
    intruder.does("UPDATE audit SET event = 'x'")
    report = verified(office)
    assert (len(report.findings), report.unexplained) == (2, 1)
