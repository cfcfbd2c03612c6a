"""Which names could be taken for each other."""

import sys
import unicodedata

import pytest

from services.info.name_keys import name_keys

ALIKE = [
    ("Alice", "alice"),
    ("Alice", "\N{CYRILLIC CAPITAL LETTER A}lice"),
    ("Alice", "AIice"),
    ("Alice", "A1ice"),
    ("Alice", "\N{FULLWIDTH LATIN CAPITAL LETTER A}lice"),
    ("Alice", "\N{MATHEMATICAL BOLD CAPITAL A}lice"),
    ("Alice", "Ali\N{COMBINING DOT ABOVE}ce"),
    ("Alice", "ALlCE"),
    ("ALICE", "aIice"),
    ("Erin", "ERlN"),
    ("William", "VVilliam"),
    ("William", "vViIIiam"),
    ("Bob", "B0b"),
    ("Bob", "\N{CYRILLIC CAPITAL LETTER VE}ob"),
    ("éric", "e\N{COMBINING ACUTE ACCENT}ric"),
    ("éric", "ÉRIC"),
    ("Barney", "Bamey"),
    ("Oliver", "Oli\N{GREEK SMALL LETTER NU}er"),
    ("Nina", "\N{GREEK CAPITAL LETTER NU}ina"),
    ("Νίκος", "ΝΊΚΟΣ"),
    ("Straße", "STRASSE"),
    ("O'Brien", "O\N{RIGHT SINGLE QUOTATION MARK}Brien"),
    ("口田", "\N{KATAKANA LETTER RO}田"),
]

DIFFERENT = [
    ("Alice", "Alina"),
    ("Nina", "Vina"),
    ("Eric", "Éric"),
    ("Muller", "Müller"),
    ("Ann", "Anna"),
    ("Ali", "All"),
    ("Neil", "Nell"),
    ("Jim", "Jlm"),
    ("Ray", "Rau"),
    ("Reviewer 1", "Reviewer 11"),
    ("張偉", "張維"),
]


def are_alike(one: str, other: str) -> bool:
    return not set(name_keys(one)).isdisjoint(name_keys(other))


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_names_that_could_be_taken_for_each_other_share_a_key(one: str, other: str) -> None:
    assert are_alike(one, other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_names_that_differ_to_the_eye_do_not(one: str, other: str) -> None:
    assert not are_alike(one, other)


def test_no_letter_differs_from_itself_in_another_case() -> None:
    letters = [char for char in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(char)[0] == "L"]
    cases = [(each, {each.upper(), each.lower(), each.casefold()}) for each in letters]
    assert [each for each, others in cases if not all(are_alike(each, other) for other in others)] == []
