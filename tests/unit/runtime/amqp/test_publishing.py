"""What a call that publishes several messages one by one raises."""

import time

import pytest

from services.runtime.amqp.publishing import Publishing
from services.runtime.messaging.broker import BrokerUnavailable, Message, NotAccepted, Refused, Unconfirmed


class Trial:
    """Raises for each message what it is named after."""

    def publish(self, message: Message, seconds: float) -> None:
        failures = {"refused": Refused("", [message]), "not accepted": NotAccepted(""), "unconfirmed": Unconfirmed("")}
        raise failures[message.routing_key]


def one_by_one(*names: str) -> list[str]:
    """The names of the messages that were refused."""
    publishing = Publishing("amqp://127.0.0.1:1//", "test")
    publishing._trial = Trial()  # type: ignore[assignment]
    messages = [Message("exchange", name, b"") for name in names]
    return [message.routing_key for message in publishing._one_by_one(messages, time.monotonic())]


def test_those_that_are_refused_are_answered() -> None:
    assert one_by_one("refused", "refused") == ["refused", "refused"]


@pytest.mark.parametrize(
    ("names", "failure"),
    [
        (("not accepted", "unconfirmed", "refused"), Unconfirmed),
        (("unconfirmed", "not accepted"), Unconfirmed),
        (("refused", "not accepted"), NotAccepted),
    ],
)
def test_a_call_is_unconfirmed_when_one_of_its_messages_is(
    names: tuple[str, ...], failure: type[BrokerUnavailable]
) -> None:
    with pytest.raises(failure):
        one_by_one(*names)
