"""The table of reply codes: complete, and what the code does."""

import pytest
from amqp.exceptions import ERROR_MAP, AMQPError, error_for_code

from services.runtime.amqp.failures import REPLIES, Reply, reply_of
from services.runtime.amqp.trial import failure
from services.runtime.failures import Reaction, Unavailable
from services.runtime.messaging.broker import Message, NotAccepted, Refused, Unconfirmed

MESSAGE = Message("exchange", "key", b"{}")
WITHOUT_CODE = {"312", "nack", "none", "unencodable"}
"""No exception of py-amqp's stands for these: they are answers to one message, or silence."""


def test_every_reply_code_that_closes_a_channel_or_a_connection_is_in_the_table() -> None:
    assert {str(code) for code in ERROR_MAP} == set(REPLIES) - WITHOUT_CODE


@pytest.mark.parametrize("code", ERROR_MAP)
def test_a_reply_code_is_found_by_what_py_amqp_raises(code: int) -> None:
    assert reply_of(error_for_code(code, "because", (60, 40), AMQPError)).code == str(code)


@pytest.mark.parametrize("error", [None, OSError(), EOFError(), AMQPError("unheard of", reply_code=599)], ids=repr)
def test_what_has_no_row_says_nothing_of_a_message(error: Exception | None) -> None:
    assert reply_of(error) is REPLIES["none"]


@pytest.mark.parametrize("reply", [REPLIES[str(code)] for code in ERROR_MAP], ids=lambda reply: str(reply.code))
def test_a_message_that_was_alone_meets_what_its_row_says(reply: Reply) -> None:
    met = failure(reply, "because", MESSAGE)
    if reply.reaction is Reaction.FAIL:
        assert isinstance(met, Refused)
        assert met.items == [MESSAGE]
        assert not isinstance(met, Unavailable), "it would be repeated"
    else:
        assert reply.reaction is Reaction.HOLD
        assert isinstance(met, NotAccepted if reply.by_message else Unconfirmed)


def test_only_what_a_message_may_have_caused_fails_one() -> None:
    assert [code for code, reply in REPLIES.items() if reply.reaction is Reaction.FAIL and not reply.by_message] == [
        "unencodable"
    ]
