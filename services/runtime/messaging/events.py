"""The dependency through which a service says its events."""

from collections.abc import Sequence
from typing import Any

from services.contracts.events import Event, Service
from services.contracts.sizes import parts
from services.runtime.configuration import Provider, settings_of
from services.runtime.messaging.broker import Broker, Message
from services.runtime.messaging.broker_link import BrokerLink
from services.runtime.messaging.envelopes import envelopes
from services.runtime.telemetry.tracing import OFF, Tracing, tracing_of

PUBLISHED_AT_ONCE = 4 * 1024 * 1024
"""Bytes that are on their way to the broker at a time, of those that are published together."""


class Speaker:
    """Says events on one service's exchange."""

    def __init__(self, service: Service, broker: Broker, timeout: float, tracing: Tracing = OFF) -> None:
        self._tracing = tracing
        self._service = service
        self._broker = broker
        self._timeout = timeout

    def say(self, event: Event, entries: Sequence[Any]) -> None:
        """Publish ``entries`` in as few messages as the event allows; returns when the broker has confirmed all.

        An event with a shared queue has to reach it; one without may be heard by nobody.
        Raises ``NotAccepted`` or ``Unconfirmed`` (``services.runtime.messaging.broker``), and ``TooLarge``.
        """
        if self._service not in event.speakers:
            raise ValueError(f"{self._service} does not say {event.name}")
        shared = event.listener is not None
        if not entries:
            return
        said = list(envelopes(event, entries))
        with self._tracing.publishing(event.name, [envelope.entries for envelope in said]) as headers:
            messages = [
                Message(self._service.exchange, event.name, envelope.body, carried, mandatory=shared, persistent=shared)
                for envelope, carried in zip(said, headers, strict=False)
            ]
            for part in parts((len(message.body) for message in messages), PUBLISHED_AT_ONCE, len(messages)):
                self._broker.publish(messages[part], self._timeout)


class Events(Provider):
    """``events = Events()`` on a service: a ``Speaker`` on its own exchange."""

    link = BrokerLink()

    def setup(self) -> None:
        """Nameko: before any extension starts."""
        service, tracing = Service(self.container.service_name), tracing_of(self.container)
        self._speaker = Speaker(service, self.link.broker, settings_of(self.container).publish_seconds, tracing)

    def get_dependency(self, worker_ctx: Any) -> Speaker:
        """Nameko: for each worker."""
        return self._speaker
