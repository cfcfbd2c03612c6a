"""Keys by which names are compared: of two names that people could take for each other, one has a key of the other's.

Letter case and look are compared in both orders, since they do not commute: a capital Greek nu looks like N, a small
one like v; a capital I looks like a small l.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from services.contracts.characters import normal

_MARK = "\u200e"
"""Directional marks that the data holds around right-to-left characters."""


_CAPITALS_I = str.maketrans("l1|", "III")
"""What a capital I is taken for."""

_DOTTED = re.compile("([ij])\u0307")
"""A dot above a letter that has one shows nothing."""


class NameKeys(NamedTuple):
    """The keys of a name.

    key:  letter case set aside first, then looks
    look: looks set aside first, then letter case
    """

    key: str
    look: str


def name_keys(name: str) -> NameKeys:
    """Return the keys of a name."""
    name = _read(name)
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return NameKeys(_closed(_skeleton(folded)), _closed(_skeleton(name)))


def _read(name: str) -> str:
    """The name as people read it: between capitals, a small l is a capital I."""
    capitals = name.translate(_CAPITALS_I)
    return capitals if capitals.isupper() else name


def _closed(skeleton: str) -> str:
    """The skeleton without letter case. A letter of another case may have a prototype of its own."""
    return normal(_skeleton(skeleton.casefold())).replace("vv", "w")


def _skeleton(text: str) -> str:
    """The skeleton of Unicode TR 39: every character replaced by the prototype of those that look like it."""
    prototypes = _prototypes()
    shown = "".join(prototypes.get(each, each) for each in unicodedata.normalize("NFD", text))
    return unicodedata.normalize("NFD", _DOTTED.sub(r"\1", shown))


@cache
def _prototypes() -> Mapping[str, str]:
    """The prototype of every confusable character. The library lists, for each text, those that look like it."""
    from confusable_homoglyphs.confusables import confusables_data  # It is large, and few processes need it.

    alike: defaultdict[str, set[str]] = defaultdict(set)
    for text, others in confusables_data.items():
        alike[text.strip(_MARK)] |= {other["c"].strip(_MARK) for other in others}
    return {text: _prototype(text, alike) for text in alike if len(text) == 1}


def _prototype(text: str, alike: Mapping[str, set[str]]) -> str:
    """The prototype is a sequence, or what most look like; of two that only look like each other, the lower one."""
    return max((text, *alike[text]), key=lambda each: (len(each) > 1, len(alike[each]), [-ord(char) for char in each]))
