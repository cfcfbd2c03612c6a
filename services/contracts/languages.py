"""What people read, in their language: the catalogue's sentences and their translations.

A message id is the English sentence. The catalogues are ``locales/<language>/LC_MESSAGES/backoffice.po``, compiled in
memory when a language is first asked for. To add a language, add its catalogue and a line to ``LANGUAGES``.
"""

import gettext
import re
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files
from io import BytesIO
from string import Formatter
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from services.contracts.errors import CATALOGUE, Code

ENGLISH = "en"

LANGUAGES: Mapping[str, str | None] = {ENGLISH: None, "zh-Hant": "zh_Hant", "es": "es"}
"""Every language by its tag, with the folder of its catalogue; English needs none."""

_RANGES: Mapping[str, str] = {"en": ENGLISH, "es": "es", "zh": "zh-Hant", "zh-hant": "zh-Hant"}
"""Language ranges in lower case after which RFC 4647's lookup ends: zh-TW and zh-HK shorten to zh."""

_MOST_SUBTAGS = 1 + max(tag.count("-") for tag in _RANGES)
"""A range is shortened until it is one of these, so what lies beyond the longest of them never counts."""

_RANGE = re.compile(
    r"\s*(?P<range>\*|[a-z]{1,8}(?:-[a-z0-9]{1,8})*)\s*(?:;\s*q\s*=\s*(?P<q>0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)\s*)?",
    re.IGNORECASE,
)
_LONGEST_HEADER = 1_000


class _Words(dict[str, Any]):
    """The parameters of a sentence. One that is missing reads as ``?``: a poorer sentence beats none."""

    def __missing__(self, name: str) -> str:
        return "?"


def translate(message_id: str, params: Mapping[str, Any], language: str) -> str:
    """The sentence in a language of ``LANGUAGES`` (others read English), its braces filled from ``params``."""
    sentence = _catalogue(language).gettext(message_id)
    return Formatter().vformat(sentence, (), _Words(params)) if "{" in sentence else sentence


def error_message(code: Code | str, params: Mapping[str, Any], language: str) -> str:
    """What the catalogue says about an error. An unknown code (of a newer release) reads as ``internal_error``."""
    known = code if code in CATALOGUE else Code.INTERNAL_ERROR
    return translate(CATALOGUE[Code(known)].message, params, language)


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    folder = LANGUAGES.get(language)
    if folder is None:
        return gettext.NullTranslations()
    source = files("services.contracts") / "locales" / folder / "LC_MESSAGES" / "backoffice.po"
    compiled = BytesIO()
    write_mo(compiled, read_po(BytesIO(source.read_bytes()), locale=folder))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def best_language(accept_language: str | None) -> str:
    """The language of ``LANGUAGES`` that an ``Accept-Language`` header asks for (RFC 4647 lookup).

    English when it asks for none of them, is absent or malformed.
    """
    header = accept_language or ""
    # Only short headers are remembered.
    return ENGLISH if len(header) > _LONGEST_HEADER else _best_language(header)


@lru_cache(maxsize=1_000)
def _best_language(header: str) -> str:
    for tag in _preferred(header):
        parts = tag.split("-", _MOST_SUBTAGS)[:_MOST_SUBTAGS]
        while parts:
            if found := _RANGES.get("-".join(parts)):
                return found
            parts.pop()
            if parts and len(parts[-1]) == 1:
                parts.pop()
    return ENGLISH


def _preferred(header: str) -> list[str]:
    """The header's ranges in lower case, dearest first, those of quality zero left out; none when malformed."""
    weighted: list[tuple[float, str]] = []
    for element in header.split(","):
        if not element.strip():
            continue
        match = _RANGE.fullmatch(element)
        if match is None:
            return []
        quality = 1.0 if match["q"] is None else float(match["q"])
        if quality > 0 and match["range"] != "*":
            weighted.append((quality, match["range"].lower()))
    return [tag for _, tag in sorted(weighted, key=lambda pair: -pair[0])]
