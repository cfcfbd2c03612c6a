"""The dependency through which a message goes to one work queue, and to no other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nameko.extensions import DependencyProvider

from services.runtime.configuration import settings_of
from services.runtime.messaging.broker import RESEND_EXCHANGE, Broker, Message, Refused
from services.runtime.messaging.broker_link import BrokerLink


@dataclass(frozen=True)
class Letter:
    """A message for a work queue."""

    queue: str
    body: bytes
    headers: Mapping[str, Any] = field(default_factory=dict)


class Resender:
    """Sends to work queues by name."""

    def __init__(self, broker: Broker, timeout: float) -> None:
        self._broker = broker
        self._timeout = timeout

    def send(self, letters: Sequence[Letter]) -> None:
        """Returns when the broker has confirmed all. Raises ``NotAccepted`` or ``Unconfirmed``, and ``Refused`` with
        the letters that it will never take."""
        messages = [Message(RESEND_EXCHANGE, letter.queue, letter.body, letter.headers) for letter in letters]
        if not messages:
            return
        try:
            self._broker.publish(messages, self._timeout)
        except Refused as refusal:
            refused = [letter for letter, message in zip(letters, messages, strict=True) if message in refusal.items]
            raise Refused(str(refusal), refused) from None


class Resending(DependencyProvider):
    """``resending = Resending()`` on a service: a ``Resender``."""

    link = BrokerLink()

    def setup(self) -> None:
        """Nameko: before any extension starts."""
        self._resender = Resender(self.link.broker, settings_of(self.container).publish_seconds)

    def get_dependency(self, worker_ctx: Any) -> Resender:
        """Nameko: for each worker."""
        return self._resender
