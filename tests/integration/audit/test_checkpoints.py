"""What only an earlier checkpoint can tell: a cut end, and seals made anew."""

from dataclasses import replace

import pytest

from services.info import checkpoints
from services.info.findings import Kind
from tests.integration.audit.tampering import Intruder, checkpoint, found, sealed, verified
from tests.office import Office, office_in


def test_an_untouched_audit_holds_against_its_checkpoints(office: Office) -> None:
    earlier = checkpoint(office)
    assert (earlier.seal, earlier.rows) == (3, 13)
    office.add_customer()
    sealed(office)
    assert found(office, earlier, checkpoint(office)) == []


def test_a_cut_end_is_found_against_a_checkpoint_and_not_without(office: Office, intruder: Intruder) -> None:
    known = checkpoint(office)
    intruder.does("DELETE FROM audit WHERE id >= 9; DELETE FROM audit_seal WHERE id >= 2")
    assert found(office) == []
    assert found(office, known) == [(Kind.TAIL_CUT, 3, [])]


def test_an_audit_sealed_anew_is_found_against_a_checkpoint_and_not_without(office: Office, intruder: Intruder) -> None:
    known = checkpoint(office)
    intruder.does("UPDATE audit SET event = 'never happened' WHERE id = 10")
    intruder.seals_anew(2)
    office.add_customer()
    sealed(office)
    assert found(office) == []
    assert found(office, known) == [(Kind.REWRITTEN, 3, [])]


def test_an_audit_sealed_anew_from_the_first_on_says_so(office: Office, intruder: Intruder) -> None:
    known = checkpoint(office)
    intruder.seals_anew(1)
    assert found(office, replace(known, seal=1, digest=known.first)) == [(Kind.REWRITTEN, 1, [])]
    assert "all seals were made anew" in verified(office, replace(known, seal=1)).findings[0].sentence


def test_everything_removed_is_found_against_a_checkpoint(office: Office, intruder: Intruder) -> None:
    known = checkpoint(office)
    intruder.does("TRUNCATE audit, audit_seal")
    assert found(office, known) == [(Kind.TAIL_CUT, 3, [])]
    assert "there is none now" in verified(office, known).findings[0].sentence


def test_a_checkpoint_is_read_as_it_was_written_and_damage_is_told(office: Office) -> None:
    known = checkpoint(office)
    assert checkpoints.read(known.to_json()) == known
    for damaged in ("", "[]", "{}", known.to_json().replace('"seal": 3', '"seal": "3"'), known.to_json()[:-4]):
        with pytest.raises(checkpoints.CheckpointError):
            checkpoints.read(damaged)


def test_without_a_seal_there_is_no_checkpoint(database_url: str) -> None:
    with office_in(database_url) as office, pytest.raises(checkpoints.CheckpointError):
        checkpoint(office)
