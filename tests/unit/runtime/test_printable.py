"""What is shown is text, and nothing that a terminal acts on."""

import json

import pytest

from services.runtime.printable import printable, printable_lines


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("José Müller 轉帳", "José Müller 轉帳"),
        ("\x1b[2J\x07", r"\u001b[2J\u0007"),
        ("\x9b31m", r"\u009b31m"),
        ("a\nb\r\tc", r"a\nb\r\tc"),
        ("a\u202eb\u200bc\ufeff", r"a\u202eb\u200bc\ufeff"),
        ("a\u00a0b", r"a\u00a0b"),
        ("\ud800", r"\ud800"),
        ("\U000e0001", r"\udb40\udc01"),
    ],
)
def test_what_is_not_printable_is_shown_as_an_escape(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_several_lines_stay_several_lines() -> None:
    assert printable_lines("a\n\x1bb\r\n") == "a\n" + r"\u001bb\r" + "\n"


def test_json_stays_the_same_value() -> None:
    value = {"name": "\x1b\x9b\u202e\n\U000e0001"}

    assert json.loads(printable_lines(json.dumps(value, ensure_ascii=False, indent=2))) == value
