"""docs/guarantees.md names tests and code that exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROWS = [
    line
    for line in (ROOT / "docs/guarantees.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("|") and not line.startswith(("|---", "| what happens"))
]


def cells(row: str) -> list[str]:
    """What happens, what closes it, where, and the tests."""
    return [cell.strip() for cell in row.strip("|").split("|")]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: cells(row)[0][:60])
def test_every_guarantee_has_a_test_and_a_place_that_exist(row: str) -> None:
    _, _, places, tests = cells(row)
    missing = [place for place in _quoted(places) if not (ROOT / place).is_file()]
    missing += [test for test in _quoted(tests) if not _is_test(test)]
    assert missing == []
    assert _quoted(places)
    assert _quoted(tests)


def test_every_family_of_faults_is_told_of() -> None:
    families = (ROOT / "tests/system/faults/families").glob("[a-z]*.py")
    places = {place for row in ROWS for place in _quoted(cells(row)[2])}
    assert [file.name for file in families if str(file.relative_to(ROOT)) not in places] == []


def test_there_are_guarantees() -> None:
    assert len(ROWS) > 40


def _quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def _is_test(name: str) -> bool:
    path, _, function = name.partition("::")
    file = ROOT / "tests" / path
    return file.is_file() and re.search(rf"^def {re.escape(function)}\(", file.read_text("utf-8"), re.M) is not None
