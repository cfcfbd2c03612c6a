"""The entrypoint of events that every replica hears, each on a transient queue of its own."""

import logging
from typing import Any

from eventlet.queue import LightQueue
from nameko.extensions import Entrypoint

from services.contracts.events import Event
from services.runtime.messaging.broker_link import BrokerLink, connected
from services.runtime.messaging.envelopes import Undecodable, UnknownVersion, decode
from services.runtime.messaging.topology import subscription
from services.runtime.telemetry.tracing import WORK, tracing_of
from services.runtime.work import run_worker

log = logging.getLogger(__name__)

PREFETCH = 32
"""Messages that are held here, each of which may be large."""


class Listener(Entrypoint):
    """Calls the method with a message's list of entries, one message at a time, in order.

    Nothing is repeated: what is missed while the connection is down, or fails, has to be read anew (``connected``).
    """

    link = BrokerLink()

    def __init__(self, event: Event, **options: Any) -> None:
        self.event = event
        self._inbox: LightQueue = LightQueue()
        super().__init__(**options)

    def setup(self) -> None:
        """Nameko: before any extension starts."""
        queue = subscription(self.event, self.link.subscriber)
        self._consumer = self.link.consume(queue, PREFETCH, self._inbox.put)

    def start(self) -> None:
        """Nameko: begin to listen."""
        self._loop = self.container.spawn_managed_thread(self._run, f"hears {self.event.name}")

    def stop(self) -> None:
        """Nameko: hear what has arrived, and no more."""
        self._consumer.cancel()
        self._inbox.put(None)
        self._loop.wait()

    def _run(self) -> None:
        while (delivery := self._inbox.get()) is not None:
            try:
                entries = decode(self.event, delivery.body)
            except (Undecodable, UnknownVersion) as error:
                log.warning("cannot hear a message of %s: %s", self.event.name, error)
            else:
                name = f"{self.container.service_name}.{self.event.name}"
                with tracing_of(self.container).consuming(name, [(delivery.headers, entries)]) as work:
                    run_worker(self.container, self, entries, context={WORK: work})
            delivery.acknowledge()


listen: Any = Listener.decorator

__all__ = ["Listener", "connected", "listen"]
