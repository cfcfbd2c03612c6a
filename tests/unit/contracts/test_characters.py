"""Which characters cannot be seen, and which names can be given."""

import re
import sys
import unicodedata

import pytest

from services.contracts import characters
from services.contracts.action import ACTIONS
from services.contracts.actions import CreateCustomer, Login
from services.contracts.validation import Invalid, parse_data

REFUSED = {
    "\u200b": "zero-width space",
    "\u00ad": "soft hyphen",
    "\u202e": "right-to-left override",
    "\u2066": "isolate",
    "\u200f": "right-to-left mark",
    "\ufeff": "byte order mark",
    "\n": "line break",
    "\u2028": "line separator",
    "\u0007": "control character",
    "\u0085": "next line",
    "\u00a0": "no-break space",
    "\u3000": "ideographic space",
    "\u2009": "thin space",
    "\u034f": "combining grapheme joiner",
    "\ufe0f": "variation selector",
    "\u3164": "Hangul filler",
    "\u2800": "blank braille pattern",
    "\U000e0041": "tag",
    "\ue000": "private use",
}

BEYOND_THE_PATTERN = {
    "\uffff": "noncharacter",
    "\u0378": "unassigned",
    "\ufffc": "object replacement",
    "\U0001d159": "null notehead",
    "\U00016fe4": "Khitan filler",
    "\U0001107f": "Brahmi joiner",
}
"""Refused too, but not by the pattern of the documents, which would be too long with all that is not assigned."""

NAMES = (
    "Alice",
    "Éric",
    "María José Carreño",
    "張偉",
    "Łukasz",
    "O\N{RIGHT SINGLE QUOTATION MARK}Brien",
    "Иван",
    "Οδυσσέας",
    "𠮷田",
    "Nguyễn Văn A",
    "ย่า",
)


def messages(action: str, name: str) -> list[str]:
    try:
        parse_data(ACTIONS[action], {"name": name})
    except Invalid as invalid:
        return [fault.message.format(**fault.params) for fault in invalid.faults]
    return []


def test_spaces_controls_and_formats_of_this_unicode_are_invisible() -> None:
    every = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF]
    hidden = {each for each in every if unicodedata.category(each) in ("Cc", "Cf", "Zs", "Zl", "Zp") or each.isspace()}
    assert {each for each in hidden if not characters.is_blank(each)} == set()
    letters = {each for each in every if unicodedata.category(each)[0] in "LNPS"}
    # What Unicode lets fonts ignore: Hangul fillers, and the blank braille pattern.
    blank = {each for each in letters if characters.is_blank(each)}
    assert blank == set("\u115f\u1160\u3164\uffa0\u2800\ufffc\ufffd\U0001d159")


@pytest.mark.parametrize("character", REFUSED, ids=REFUSED.values())
@pytest.mark.parametrize("where", ["{}Alice", "Al{}ice", "Alice{}"])
def test_a_name_with_a_hidden_character_is_refused_by_its_number(character: str, where: str) -> None:
    shown = f"U+{ord(character):04X}"
    assert messages("create_customer", where.format(character)) == [f"must not hold the character {shown}"]
    assert not re.search(characters.NAME, where.format(character) + ".")


@pytest.mark.parametrize("character", BEYOND_THE_PATTERN, ids=lambda character: BEYOND_THE_PATTERN[character])
def test_a_name_with_a_character_that_shows_nothing_is_refused(character: str) -> None:
    assert messages("create_customer", f"Al{character}ice") == [f"must not hold the character U+{ord(character):04X}"]


@pytest.mark.parametrize("name", [" Alice", "Alice ", "Ada  Lovelace"])
def test_spaces_stand_between_words_one_at_a_time(name: str) -> None:
    assert messages("create_customer", name) == ["must not begin or end with a space, or hold two in a row"]
    assert not re.search(characters.NAME, name)


@pytest.mark.parametrize("name", NAMES)
def test_names_of_people_can_be_given(name: str) -> None:
    assert messages("create_customer", name) == []
    assert re.search(characters.NAME, name)


@pytest.mark.parametrize("action", [CreateCustomer.name, Login.name])
def test_a_name_has_one_spelling(action: str) -> None:
    assert parse_data(ACTIONS[action], {"name": "e\u0301ric"}).name == "éric"


def test_a_name_that_is_looked_for_may_be_one_that_cannot_be_given_any_more() -> None:
    assert parse_data(ACTIONS["login"], {"name": "Alice \u200b"}).name == "Alice \u200b"
    assert parse_data(ACTIONS["search_items"], {"decided_by": "Bob "}).decided_by == "Bob "


BLANK = ("\u200b", "\ufeff\u00a0", "\u2800 \u3164", "\u202e\u202c", "\n\t \u00ad")
TEXTS = {
    "create_customer": "name",
    "create_document": "content",
    "create_inquiry": "problem",
    "respond_inquiry": "answer",
    "review_document": "reason",
    "escalate_task": "reason",
    "search_items": "text",
    "search_customers": "text",
    "list_operators": "text",
    "add_operator": "name",
    "login": "name",
}


@pytest.mark.parametrize(("action", "member"), TEXTS.items())
def test_a_text_that_shows_nothing_is_empty(action: str, member: str) -> None:
    for text in BLANK:
        with pytest.raises(Invalid) as refused:
            parse_data(ACTIONS[action], {**ACTIONS[action].example, member: text})
        assert [(fault.path, fault.message) for fault in refused.value.faults] == [
            (f"task.data.{member}", "must not be blank")
        ]


@pytest.mark.parametrize("text", ["\u0332", "\uffff", "\U0001d159", "\ufffc \ufffd"])
def test_a_text_of_marks_and_empty_characters_shows_nothing(text: str) -> None:
    assert characters.is_blank(text)
