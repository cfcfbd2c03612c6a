"""The table of SQLSTATEs: complete, and what the code does."""

import psycopg2
import pytest
from psycopg2 import errorcodes

from services.runtime.failures import Reaction
from services.runtime.postgres.failures import SQLSTATES, Conflict, DatabaseUnavailable, failure_class, translate

CLASSES = {value for name, value in vars(errorcodes).items() if name.startswith("CLASS_")}
EXCEPTIONS = {Reaction.HOLD: DatabaseUnavailable, Reaction.RETRY_ALONE: Conflict, Reaction.FAIL: psycopg2.Error}


class Raised(psycopg2.OperationalError):
    """An error with a SQLSTATE, which psycopg2 alone can set."""

    def __init__(self, state: str | None) -> None:
        super().__init__("SELECT secret")
        self.state = state

    @property
    def pgcode(self) -> str | None:  # type: ignore[override]
        return self.state


def test_every_class_of_sqlstate_that_psycopg2_knows_is_in_the_table() -> None:
    assert len(CLASSES) > 40
    assert CLASSES - set(SQLSTATES) == set()


def test_a_single_state_is_one_that_exists() -> None:
    states = {value for name, value in vars(errorcodes).items() if name.isupper() and not name.startswith("CLASS_")}
    newer = {"25P04"}
    assert {code for code in SQLSTATES if len(code) == 5} - states - newer == set()


@pytest.mark.parametrize("code", SQLSTATES)
def test_a_failure_becomes_what_its_row_says(code: str) -> None:
    row = SQLSTATES[code]
    failure = translate(Raised(code.ljust(5, "0")))
    assert isinstance(failure, EXCEPTIONS[row.reaction])
    assert getattr(failure, "replace", row.replace) is row.replace
    assert "secret" not in str(failure) or row.reaction is Reaction.FAIL


@pytest.mark.parametrize(
    ("state", "row"), [("25006", "25006"), ("25001", "25"), ("22P05", "22"), ("22021", "22"), ("99999", "others")]
)
def test_a_single_state_goes_before_its_class(state: str, row: str) -> None:
    assert failure_class(state).code == row


def test_a_connection_that_is_lost_is_replaced_and_its_work_held() -> None:
    failure = translate(Raised(None))
    assert isinstance(failure, DatabaseUnavailable)
    assert failure.replace
