"""Nothing that happens to an honest audit is taken for tampering."""

import eventlet
import pytest

from services.info import seals
from services.runtime.postgres.database import Pool
from tests.integration.audit.tampering import (
    Intruder,
    fill,
    found,
    open_transaction,
    rows_of_seals,
    sealed,
    verified,
    write_and_roll_back,
)
from tests.office import Office
from tests.waiting import eventually


def test_rows_that_wait_for_a_seal_are_counted(office: Office) -> None:
    office.add_customer()
    report = verified(office)
    assert (report.findings, report.seals, report.rows, report.waiting) == ([], 3, 13, 1)
    assert report.waiting_since == office.value("SELECT at FROM audit WHERE id = 15")


def test_a_row_of_a_long_transaction_is_sealed_when_it_has_ended_and_holds_up_nobody(office: Office) -> None:
    slow = open_transaction(office.url)
    for _ in range(3):
        office.add_customer()
        assert sealed(office) == 1
        assert found(office) == []
    slow.commit()
    assert found(office) == []
    assert verified(office).waiting == 1
    assert sealed(office) == 1
    assert found(office) == []
    assert rows_of_seals(office)[3:] == ["{[16,17)}", "{[17,18)}", "{[18,19)}", "{[15,16)}"]
    slow.close()


def test_a_number_that_never_got_its_row_is_given_up_once_nothing_older_runs(office: Office) -> None:
    slow = open_transaction(office.url)
    office.add_customer()
    sealed(office)
    slow.rollback()
    slow.close()

    def given_up() -> bool:
        office.add_customer()
        sealed(office)
        return office.value("SELECT NOT 15::bigint <@ awaited FROM audit_seal ORDER BY id DESC LIMIT 1")  # type: ignore[no-any-return]

    eventually(given_up, 60, 0.05)
    assert found(office) == []


def test_writers_go_on_while_a_seal_is_being_made(office: Office) -> None:
    office.add_customer()
    with office.pool.transaction() as tx:
        assert seals.seal(tx) == 1
        with eventlet.Timeout(30):
            for _ in range(5):
                office.add_customer()
        locks = tx.query(
            "SELECT DISTINCT mode FROM pg_locks WHERE pid = pg_backend_pid() AND relation = 'audit'::regclass"
        )
        assert [lock["mode"] for lock in locks] == ["AccessShareLock"]
        with office.pool.transaction() as other:
            assert seals.seal(other) == 0
    assert sealed(office) == 5
    assert found(office) == []


def test_no_false_alarm_while_many_write_and_two_seal(office: Office) -> None:
    replica = Pool(office.url, 3, "backoffice_app")
    busy = [True]

    def write() -> None:
        for number in range(40):
            office.add_customer()
            if number % 10 == 0:
                write_and_roll_back(office)

    def make_seals(pool: Pool) -> None:
        while busy:
            with pool.transaction() as tx:
                seals.seal(tx, most=7)
            eventlet.sleep(0.002)

    def check() -> None:
        while busy:
            assert found(office) == []

    writers = [eventlet.spawn(write) for _ in range(4)]
    others = [eventlet.spawn(make_seals, office.pool), eventlet.spawn(make_seals, replica), eventlet.spawn(check)]
    for writer in writers:
        writer.wait()
    busy.clear()
    for other in others:
        other.wait()
    sealed(office)
    report = verified(office)
    assert (report.findings, report.rows, report.waiting) == ([], 13 + 160, 0)
    replica.close()


def test_a_backlog_is_sealed_in_parts_and_none_of_them_is_a_false_alarm(office: Office, intruder: Intruder) -> None:
    fill(intruder, 25)
    sizes = []
    while True:
        with office.pool.transaction() as tx:
            sizes.append(seals.seal(tx, most=10))
        assert found(office) == []
        if sizes[-1] < 10:
            break
        office.add_customer()
    assert sizes == [10, 10, 7]


def test_a_seal_that_died_before_its_commit_is_made_again(office: Office) -> None:
    office.add_customer()

    def die() -> None:
        with office.pool.transaction() as tx:
            assert seals.seal(tx) == 1
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        die()
    assert found(office) == []
    assert sealed(office) == 1
    assert found(office) == []
