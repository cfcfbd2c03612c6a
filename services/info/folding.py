"""Texts as they are searched: letter case, accents and other forms of one character set aside."""

import re
import unicodedata

from services.contracts.characters import INVISIBLE

# Letters and marks that Unicode does not decompose, and that people type, or read, as another one.
_PLAIN = str.maketrans(
    {
        **{"\u0131": "i", "\u00f8": "o", "\u0142": "l", "\u0111": "d", "\u00f0": "d", "\u0127": "h", "\u0167": "t"},
        **{"\u00e6": "ae", "\u0153": "oe", "\u00fe": "th"},
        **dict.fromkeys("\u2018\u2019\u02bc\u2032", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u00ab\u00bb", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"),
    }
)
_NOT_SHOWN = re.compile(f"(?! )[{INVISIBLE}]")
_LONGEST = 30_000
"""Characters of a decomposed text that are folded: all of the longest text, whose Hangul syllables are three letters
each. A few characters stand for whole phrases, and a text of these alone would grow eighteenfold."""

_OF_THE_LETTER = (0, 8, 9)
"""Combining classes of marks without which a letter is another one: vowel signs, kana voicing, viramas."""


def fold(text: str) -> str:
    """Return a text as it is stored for searches, and as what is searched for is compared with it.

    Folding is the same in every database locale, and leaves something of every text that shows something.
    """
    folded = text.lower() if text.isascii() else _folded(text)
    return _NOT_SHOWN.sub("", " ".join(folded.split()))


def _folded(text: str) -> str:
    compatible = unicodedata.normalize("NFKD", text)[:_LONGEST]
    decomposed = unicodedata.normalize("NFKD", compatible.casefold()).translate(_PLAIN)
    bare = "".join(each for each in decomposed if unicodedata.combining(each) in _OF_THE_LETTER)
    return unicodedata.normalize("NFC", bare if _NOT_SHOWN.sub("", bare).strip() else decomposed)
