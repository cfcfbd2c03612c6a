"""Tokens: which are strong, and how a weak one travels."""

import pytest

from services.contracts import tokens
from services.contracts.action import ACTIONS
from services.contracts.actions import AddOperator, RotateOperator
from services.contracts.tokens import DEMO_TOKENS, new_token, presented_hash, token_hash, unmarked
from services.contracts.validation import Invalid, parse_data
from services.info.demo import OPERATORS


def test_a_generated_token_is_looked_up_by_its_hash() -> None:
    token = new_token()
    assert presented_hash(token) == token_hash(token)
    assert unmarked(presented_hash(token)) == (token_hash(token), False)


@pytest.mark.parametrize(
    "token", ["", "x", *DEMO_TOKENS, "a" * 21, "a" * 21 + " ", "a" * 21 + "é", "a b" * 20, "\ud800" * 30]
)
def test_the_hash_of_a_weak_token_is_marked_when_it_is_presented(token: str) -> None:
    assert presented_hash(token) != token_hash(token)
    assert unmarked(presented_hash(token)) == (token_hash(token), True)


def test_22_characters_of_the_alphabet_are_strong() -> None:
    assert not unmarked(presented_hash("a" * 21 + "_"))[1]
    assert tokens.LEAST_CHARACTERS == 22


@pytest.mark.parametrize("token", ["", "a", " ", *DEMO_TOKENS])
@pytest.mark.parametrize("action", [AddOperator.name, RotateOperator.name])
def test_the_hash_of_a_token_that_is_easily_guessed_cannot_be_set(action: str, token: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_data(ACTIONS[action], {**ACTIONS[action].example, "token_hash": token_hash(token)})
    assert [fault.message for fault in refused.value.faults] == ["is the hash of a token that is easily guessed"]


def test_the_tokens_of_the_demo_are_known() -> None:
    assert {each.token for each in OPERATORS} == set(DEMO_TOKENS)
