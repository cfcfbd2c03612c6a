"""Text that is safe to show: what a terminal or a log reader would act on, or not show, becomes visible."""

import json
import re

_UNPRINTABLE = re.compile(r"[^ -~]")
_MARKUP = frozenset("\n")


def printable(text: str) -> str:
    """``text`` on one line, with every character that is not printable as its JSON escape.

    Control characters (line breaks and the C1 controls included), format and bidirectional characters, separators
    other than the space, surrogates and unassigned code points are escaped (``str.isprintable``). Inside a JSON string
    the escape means the character, so JSON stays the same value.
    """
    return _escaped(text, frozenset())


def printable_lines(text: str) -> str:
    """The same for text of several lines: line breaks stay."""
    return _escaped(text, _MARKUP)


def _escaped(text: str, kept: frozenset[str]) -> str:
    if text.isprintable():
        return text
    return _UNPRINTABLE.sub(lambda found: _escape(found[0], kept), text)


def _escape(character: str, kept: frozenset[str]) -> str:
    return character if character.isprintable() or character in kept else json.dumps(character)[1:-1]
