"""The dependency through which a service says its events."""

from collections.abc import Sequence
from typing import Any

from services.contracts.events import Event, Service
from services.contracts.sizes import parts
from services.runtime.configuration import Provider, settings_of
from services.runtime.messaging.broker import Broker, Message, Refused
from services.runtime.messaging.broker_link import BrokerLink
from services.runtime.messaging.envelopes import Envelope, envelopes
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
        Raises ``NotAccepted`` or ``Unconfirmed`` (``services.runtime.messaging.broker``), and ``Refused`` with the
        entries that the broker will never take, or that are larger than a message may be, when it has taken all others.
        """
        if self._service not in event.speakers:
            raise ValueError(f"{self._service} does not say {event.name}")
        refused = self._publish(event, list(envelopes(event, entries)))
        if any(len(envelope.entries) > 1 for envelope in refused):
            alone = [each for envelope in refused for entry in envelope.entries for each in envelopes(event, [entry])]
            refused = self._publish(event, alone)
        if refused:
            raise Refused(f"{event.name} is refused", [entry for envelope in refused for entry in envelope.entries])

    def _publish(self, event: Event, said: Sequence[Envelope]) -> list[Envelope]:
        """Publish each as a message, and answer those that are refused."""
        shared = event.listener is not None
        fit, refused = [each for each in said if each.fits], [each for each in said if not each.fits]
        if not fit:
            return refused
        with self._tracing.publishing(event.name, [envelope.entries for envelope in fit]) as headers:
            messages = [
                Message(self._service.exchange, event.name, envelope.body, carried, mandatory=shared, persistent=shared)
                for envelope, carried in zip(fit, headers, strict=False)
            ]
            for part in parts((len(message.body) for message in messages), PUBLISHED_AT_ONCE, len(messages)):
                try:
                    self._broker.publish(messages[part], self._timeout)
                except Refused as refusal:
                    together = zip(fit[part], messages[part], strict=True)
                    refused += [envelope for envelope, message in together if message in refusal.items]
        return refused


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
