"""The entrypoint of what the delivery limit set aside. Nothing that it holds is ever dropped."""

import logging
from dataclasses import dataclass, field
from typing import Any

import eventlet
from eventlet.event import Event as Signal
from eventlet.queue import LightQueue
from nameko.extensions import Entrypoint

from services.runtime import crash_points
from services.runtime.configuration import monitoring_of
from services.runtime.failures import Unavailable
from services.runtime.messaging.broker import Delivery
from services.runtime.messaging.broker_link import BrokerLink
from services.runtime.messaging.topology import DEAD_LETTERS
from services.runtime.pauses import Pauses
from services.runtime.work import run_worker

log = logging.getLogger(__name__)

PREFETCH = 10


@dataclass(eq=False)
class Held:
    """A letter, and how long to wait before it is tried again."""

    delivery: Delivery
    pauses: Pauses = field(default_factory=lambda: Pauses(0.2, 30.0))


class DeadLetterConsumer(Entrypoint):
    """Calls the method with one ``Delivery`` at a time and acknowledges it when the method has returned.

    Whatever the method raises, the letter is held and tried again with growing pauses, while others have their turn:
    there is no place after this.
    """

    link = BrokerLink()

    def __init__(self, **options: Any) -> None:
        self._inbox: LightQueue = LightQueue()
        self._stopping = Signal()
        self._failing: set[Held] = set()
        super().__init__(expected_exceptions=(Unavailable,), **options)

    def setup(self) -> None:
        """Nameko: before any extension starts."""
        self._retries = monitoring_of(self.container).retries
        self._retries.over("a dead letter")
        self._consumer = self.link.consume(DEAD_LETTERS, PREFETCH, lambda delivery: self._inbox.put(Held(delivery)))

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
            held = self._inbox.get()
            if held is not None and held.delivery.alive:
                self._work(held)
            self._forget_gone()

    def _forget_gone(self) -> None:
        """A letter whose connection was lost is another consumer's, and fails here no longer."""
        self._failing = {each for each in self._failing if each.delivery.alive}
        if not self._failing:
            self._retries.over("a dead letter")

    def _work(self, held: Held) -> None:
        crash_points.reached("dead_letters.received")
        failure = run_worker(self.container, self, held.delivery)
        if failure is None:
            crash_points.reached("dead_letters.settled")
            held.delivery.acknowledge()
            self._failing.discard(held)
        else:
            self._failing.add(held)
            # It hinders nothing else that the process does.
            self._retries.failed("a dead letter", failure, hinders=False)
            # Others are worked on meanwhile: one that always fails stops nobody.
            eventlet.spawn_after(held.pauses.next(), self._inbox.put, held)


consume_dead_letters: Any = DeadLetterConsumer.decorator
