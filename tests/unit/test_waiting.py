"""Waiting says what it waited for."""

import pytest

from tests.waiting import eventually


def test_the_first_true_answer_ends_it() -> None:
    answers = iter((None, 0, "here", "too late"))
    assert eventually(lambda: next(answers)) == "here"


def test_who_waited_in_vain_is_told_for_what_and_what_there_was_instead() -> None:
    with pytest.raises(AssertionError) as failure:
        eventually(lambda: [], timeout=0)
    assert str(failure.value) == "still [] after 0 s: eventually(lambda: [], timeout=0)"
