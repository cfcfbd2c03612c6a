"""An office whose audit is sealed, and who tampers with it."""

import copy
from collections.abc import Iterator

import pytest

from services.runtime.postgres.database import Pool
from tests import parts
from tests.integration.audit.tampering import Intruder, rows_of_seals, sealed, write_and_roll_back
from tests.office import Office, office_in
from tests.waiting import eventually


@pytest.fixture(scope="package")
def sealed_office(postgres: str, migrated_template: str) -> Iterator[Office]:
    """An office whose audit has three seals: of 8, 3 and 2 rows, with the number 12 in none of them."""
    with parts.temporary_database(postgres, migrated_template) as url:
        with office_in(url) as office:
            sealed(office)
            for _ in range(3):
                office.add_customer()
            write_and_roll_back(office)
            sealed(office)
            office.add_customer()
            office.add_customer()
            ended = "SELECT pg_snapshot_xmin(pg_current_snapshot()) >= next FROM audit_seal WHERE id = 2"
            eventually(lambda: office.value(ended), 60, 0.05)  # whoever works on the server holds it up
            sealed(office)
            assert rows_of_seals(office) == ["{[1,9)}", "{[9,12)}", "{[13,15)}"]
        yield office


@pytest.fixture
def office(sealed_office: Office, postgres: str) -> Iterator[Office]:
    """A copy of it."""
    with parts.temporary_database(postgres, parts.database_name(sealed_office.url)) as url:
        copied = copy.copy(sealed_office)
        copied.url, copied.pool = url, Pool(url, 6, "backoffice_app", "backoffice test")
        yield copied
        copied.pool.close()


@pytest.fixture
def intruder(office: Office) -> Iterator["Intruder"]:
    with Intruder(office.url) as intruder:
        yield intruder
