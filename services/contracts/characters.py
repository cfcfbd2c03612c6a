"""Characters that cannot be seen, and names without them."""

import re
import unicodedata

_BASIC = (
    r"\u0000-\u0020\u007f-\u00a0\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890-\u0891\u08e2\u115f-\u1160\u1680"
    r"\u17b4-\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0"
    r"\ufff0-\ufffb"
)
_FURTHER = "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
INVISIBLE = _BASIC + _FURTHER
"""Inside the brackets of a regular expression: spaces, control and format characters, and what Unicode lets fonts
ignore. Characters beyond U+FFFF stand for themselves, since no escape for them is known to Python and ECMAScript."""

_PRIVATE = "\ue000-\uf8ff\U000f0000-\U0010ffff"

VISIBLE = f"[^{INVISIBLE}]"
"""A regular expression: there is something to be seen."""

NAME = f"^[^{INVISIBLE}{_PRIVATE}]+( [^{INVISIBLE}{_PRIVATE}]+)*$"
"""A regular expression: visible words with one space (U+0020) between them."""

_visible = re.compile(VISIBLE)
_refused = re.compile(f"(?! )[{INVISIBLE}{_PRIVATE}]")

_EMPTY = frozenset("\ufffc\ufffd\U00016fe4\U0001107f\U0001d159")
"""Characters that show nothing, or nothing of their own, though their category says otherwise."""

_SHOWN = frozenset("LNPS")
"""The first letters of the categories of characters that show something by themselves: a mark alone does not."""


def is_blank(text: str) -> bool:
    """Return whether a text shows nothing."""
    return not any(_is_shown(found[0]) for found in _visible.finditer(text))


def normal(name: str) -> str:
    """Return a name in its one spelling (NFC): accents may be typed as one character or as two."""
    return unicodedata.normalize("NFC", name)


def refused_in(name: str) -> str | None:
    """Return the first character that no name may hold, as ``U+200B``, or None."""
    for character in name:
        if _refused.match(character) or character in _EMPTY or unicodedata.category(character) == "Cn":
            return f"U+{ord(character):04X}"
    return None


def is_spaced(name: str) -> bool:
    """Return whether a name begins or ends with a space, or holds two in a row."""
    return name != name.strip(" ") or "  " in name


def _is_shown(character: str) -> bool:
    return unicodedata.category(character)[0] in _SHOWN and character not in _EMPTY
