"""What is found by what."""

import sys
import unicodedata

import pytest

from services.info.folding import fold

SAME = [
    ("José", "JOSÉ"),
    ("José", "jose"),
    ("José", "Jose\N{COMBINING ACUTE ACCENT}"),
    ("Müller", "MÜLLER"),
    ("Müller", "muller"),
    ("Müller", "Mu\N{COMBINING DIAERESIS}ller"),
    ("Οδυσσευς", "ΟΔΥΣΣΕΥΣ"),
    ("Οδυσσεύς", "οδυσσευσ"),
    ("Łukasz", "lukasz"),
    ("Søren", "SOREN"),
    ("Straße", "STRASSE"),
    ("İstanbul", "istanbul"),
    ("ISPARTA", "\N{LATIN SMALL LETTER DOTLESS I}sparta"),
    ("Ёлкин", "елкин"),
    ("O\N{RIGHT SINGLE QUOTATION MARK}Brien", "o'brien"),
    ("\N{FULLWIDTH DIGIT ONE}7", "17"),
    ("Pass\N{SOFT HYPHEN}port,\n page\N{NO-BREAK SPACE}2", "passport, page 2"),
    ("轉帳 17", "轉帳 17"),
]
DIFFERENT = [("José", "Josa"), ("が", "か"), ("가", "각"), ("कि", "क"), ("張", "章")]


@pytest.mark.parametrize(("text", "searched"), SAME)
def test_what_people_see_as_the_same_is_the_same(text: str, searched: str) -> None:
    assert fold(text) == fold(searched)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_what_is_another_letter_stays_another(one: str, other: str) -> None:
    assert fold(one) != fold(other)


def test_a_text_of_characters_that_stand_for_phrases_is_folded_in_part() -> None:
    assert len(fold("\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}" * 10_000)) <= 30_000
    longest = "\N{HANGUL SYLLABLE GAG}" * 10_000
    assert fold(longest) == longest


def test_a_folded_text_is_folded_and_every_letter_leaves_something() -> None:
    every = [char for char in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(char)[0] in "LNM"]
    assert [char for char in every if fold(fold(char)) != fold(char)] == []
    assert {char for char in every if not fold(char) and unicodedata.category(char) != "Mn"} <= set(
        "\u115f\u1160\u3164\uffa0"
    )
