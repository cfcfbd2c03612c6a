"""The entrypoint of what the delivery limit set aside. Nothing that it holds is ever dropped."""

import logging
from typing import Any

from eventlet.event import Event as Signal
from eventlet.queue import LightQueue
from nameko.extensions import Entrypoint

from services.runtime import crash_points
from services.runtime.failures import Unavailable
from services.runtime.messaging.broker import Delivery
from services.runtime.messaging.broker_link import BrokerLink
from services.runtime.messaging.topology import DEAD_LETTERS
from services.runtime.pauses import Pauses
from services.runtime.work import run_worker

log = logging.getLogger(__name__)

PREFETCH = 10


class DeadLetterConsumer(Entrypoint):
    """Calls the method with one ``Delivery`` at a time and acknowledges it when the method has returned.

    Whatever the method raises, the letter is held and tried again with growing pauses: there is no place after this.
    """

    link = BrokerLink()

    def __init__(self, **options: Any) -> None:
        self._inbox: LightQueue = LightQueue()
        self._stopping = Signal()
        super().__init__(expected_exceptions=(Unavailable,), **options)

    def setup(self) -> None:
        """Nameko: before any extension starts."""
        self._consumer = self.link.consume(DEAD_LETTERS, PREFETCH, self._inbox.put)

    def start(self) -> None:
        """Nameko: begin to work."""
        self._loop = self.container.spawn_managed_thread(self._run, "dead letters")

    def stop(self) -> None:
        """Nameko: finish the letter in hand."""
        self._consumer.cancel()
        self._stopping.send()
        self._inbox.put(None)
        self._loop.wait()

    def _run(self) -> None:
        while not self._stopping.ready():
            delivery = self._inbox.get()
            if delivery is not None:
                self._work(delivery)

    def _work(self, delivery: Delivery) -> None:
        crash_points.reached("dead_letters.received")
        pauses = Pauses(0.2, 30.0)
        while delivery.alive and not self._stopping.ready():
            if run_worker(self.container, self, delivery) is None:
                crash_points.reached("dead_letters.settled")
                delivery.acknowledge()
                return
            self._stopping.wait(timeout=pauses.next())


consume_dead_letters: Any = DeadLetterConsumer.decorator
