"""docs/security.md names tests that exist, and answers every line of its two checklists."""

import re
from collections import Counter

import pytest

from tests.documents import ROOT, rows, section
from tests.security.asvs import numbers, required
from tests.unit.test_guarantees import _is_test

DOCUMENT = ROOT / "docs" / "security.md"
TOP_10 = rows(section(DOCUMENT, "OWASP API Security Top 10, 2023"))
ASVS = rows(section(DOCUMENT, "OWASP ASVS 5.0.0, levels 1 and 2"))

LEVEL = 2
SHORTEST_REASON = 15


def named_tests(cell: str) -> list[str]:
    """The tests that a cell names."""
    return [quoted for quoted in re.findall(r"`([^`]+)`", cell) if "::" in quoted]


@pytest.mark.parametrize("row", [*TOP_10, *ASVS], ids=lambda row: row[0])
def test_every_line_has_tests_that_exist_or_a_reason(row: list[str]) -> None:
    _, what, answer = row
    named = named_tests(answer)
    assert what
    assert [test for test in named if not _is_test(test)] == []
    assert named or len(answer) >= SHORTEST_REASON


def test_the_top_10_are_there() -> None:
    assert [row[0] for row in TOP_10] == [f"API{number}" for number in range(1, 11)]


def test_every_requirement_of_the_levels_is_in_exactly_one_line() -> None:
    answered = Counter(number for row in ASVS for number in numbers(row[0], LEVEL))
    assert [number for number in required(LEVEL) if answered[number] != 1] == []
    assert len(answered) == 253


def test_a_requirement_that_does_not_exist_is_refused() -> None:
    for text in ("18", "1.1.3", "1.2.10", "login", "1.1.1-1.1.2"):
        with pytest.raises(ValueError, match="requirement"):
            numbers(text, LEVEL)
    assert numbers("1.2.9 to 1.3.2, 17.3", LEVEL) == ["1.2.9", "1.3.1", "1.3.2", "17.3.1", "17.3.2"]
