"""Every sentence in every language, and the choice of a language."""

from string import Formatter

import pytest

from services.contracts.errors import CATALOGUE, Code
from services.contracts.languages import LANGUAGES, _catalogue, best_language, error_message, translate
from services.contracts.validation import MESSAGES

TRANSLATED = [language for language in LANGUAGES if language != "en"]
SENTENCES = sorted({entry.message for entry in CATALOGUE.values()} | set(MESSAGES.values()))


def braces(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_sentence_is_translated(language: str) -> None:
    catalogue = _catalogue(language)
    untranslated = [sentence for sentence in SENTENCES if catalogue.gettext(sentence) == sentence]
    assert not untranslated, f"{language} has no translation of {untranslated}"


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_has_the_braces_of_its_sentence(language: str) -> None:
    catalogue = _catalogue(language)
    differing = {
        sentence: braces(sentence) ^ braces(catalogue.gettext(sentence))
        for sentence in SENTENCES
        if braces(sentence) != braces(catalogue.gettext(sentence))
    }
    assert not differing, f"{language} differs in the braces of {differing}"


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_translation_belongs_to_a_sentence_that_is_gone(language: str) -> None:
    catalogue = _catalogue(language)
    known = set(getattr(catalogue, "_catalog")) - {""}  # noqa: B009 - the compiled catalogue has no public listing
    assert known <= set(SENTENCES), f"{language} translates what nobody says: {known - set(SENTENCES)}"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", list(Code))
def test_a_missing_parameter_never_raises(code: Code, language: str) -> None:
    assert "{" not in error_message(code, {}, language)


def test_parameters_fill_the_braces() -> None:
    params = {"required": 2, "yours": 1}
    assert error_message(Code.LEVEL_TOO_LOW, params, "en") == "This item requires level 2; yours is 1."
    assert error_message("level_too_low", params, "es") == "Este elemento requiere el nivel 2; el suyo es 1."
    assert error_message("level_too_low", params, "zh-Hant") == "此項目需要 2 級權限，您的等級是 1。"  # noqa: RUF001


def test_a_parameter_that_holds_braces_is_shown_as_it_is() -> None:
    assert (
        translate("There is no customer {id}.", {"id": "{x.__class__}"}, "en") == "There is no customer {x.__class__}."
    )


def test_an_unknown_language_reads_english() -> None:
    assert error_message(Code.NOTHING_TO_DO, {}, "fr") == "No item waits for you."


def test_an_unknown_code_reads_as_an_internal_error() -> None:
    assert "went wrong" in error_message("not_of_this_release", {}, "en")


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("es", "es"),
        ("ES-mx", "es"),
        ("zh", "zh-Hant"),
        ("zh-TW", "zh-Hant"),
        ("zh-HK", "zh-Hant"),
        ("zh-Hant-HK", "zh-Hant"),
        ("fr", "en"),
        ("fr, es;q=0.5", "es"),
        ("en;q=0.5, es;q=0.9", "es"),
        ("es;q=0, zh", "zh-Hant"),
        ("*", "en"),
        ("*, es;q=0.1", "es"),
        ("fr;q=1.0, zh-x-private;q=0.8, es;q=0.7", "zh-Hant"),
        ("en-GB,en;q=0.9,es;q=0.8", "en"),
        ("es;q=2", "en"),
        ("es;q=abc", "en"),
        ("e$", "en"),
        (";;;", "en"),
        ("es," * 1000, "en"),
    ],
)
def test_the_header_chooses_the_language(header: str | None, language: str) -> None:
    assert best_language(header) == language
