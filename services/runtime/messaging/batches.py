"""The entrypoint of the loop: batches of what waits on a shared queue, acknowledged last."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from eventlet.event import Event as Signal
from eventlet.queue import LightQueue
from nameko.extensions import Entrypoint

from services.contracts import metrics
from services.contracts.events import BATCH_TASKS, Event
from services.runtime import crash_points
from services.runtime.configuration import monitoring_of, settings_of
from services.runtime.failures import Unavailable
from services.runtime.messaging.broker import RESEND_EXCHANGE, Delivery, Message, NotAccepted, Refused, Unconfirmed
from services.runtime.messaging.broker_link import BrokerLink
from services.runtime.messaging.envelopes import Undecodable, UnknownVersion, decode
from services.runtime.messaging.topology import work_queue
from services.runtime.pauses import Pauses
from services.runtime.telemetry.tracing import WORK, tracing_of
from services.runtime.work import run_worker

log = logging.getLogger(__name__)

ALONE = "x-alone"
"""The header (true) of a message that was set aside once and is tried again: it makes a batch of its own."""


@dataclass(frozen=True)
class Letter:
    """A delivery that could be read, and when it arrived."""

    delivery: Delivery
    entries: list[dict[str, Any]]
    since: float

    @property
    def runs_alone(self) -> bool:
        """It may be what others failed with before."""
        return self.delivery.redelivered or self.delivery.headers.get(ALONE) is True


class BatchConsumer(Entrypoint):
    """Calls the method with a list of entries: what waits, at most ``BATCH_TASKS``, one batch at a time, in order.

    The messages are acknowledged when the method has returned. ``Unavailable`` holds the batch and repeats it;
    any other exception returns its messages to the queue, which counts towards their delivery limit. When the broker
    refuses what a batch publishes, its messages run one by one, and the one at fault is set aside. A message that was
    delivered or set aside before runs alone. A batch held for longer than ``hold_seconds`` is published again and
    then acknowledged, because a broker takes back what is held for too long.
    """

    link = BrokerLink()

    def __init__(self, event: Event, **options: Any) -> None:
        self.event = event
        # Deliveries, and when they arrived; None is the end.
        self._inbox: LightQueue = LightQueue()
        self._stopping = Signal()
        self._stopped = False
        super().__init__(expected_exceptions=(Unavailable,), **options)

    def setup(self) -> None:
        """Nameko: before any extension starts."""
        queue = work_queue(self.event, settings_of(self.container).queued_tasks)
        measures = monitoring_of(self.container).measures
        self._retries = monitoring_of(self.container).retries
        self._name = f"a batch of {queue.name}"
        self._sizes = measures.histogram(metrics.BATCH_TASKS).labels(queue.name)
        self._seconds = measures.histogram(metrics.BATCH_SECONDS).labels(queue.name)
        self._held = measures.counter(metrics.RETRIES).labels(queue.name, "unavailable")
        self._returned = measures.counter(metrics.RETRIES).labels(queue.name, "failed")
        self._redelivered = measures.counter(metrics.REDELIVERED).labels(queue.name)
        self._consumer = self.link.consume(queue, self.event.prefetch, self._receive)

    def start(self) -> None:
        """Nameko: begin to work."""
        self._retries.over(self._name)
        self._loop = self.container.spawn_managed_thread(self._run, f"batches of {self.event.name}")

    def stop(self) -> None:
        """Nameko: take nothing new, finish and acknowledge what is held."""
        self._consumer.cancel()
        self._stopping.send()
        self._inbox.put(None)
        self._loop.wait()

    def _receive(self, delivery: Delivery) -> None:
        if delivery.redelivered:
            self._redelivered.inc()
        if self._stopped:
            # It was on its way when the consumer was cancelled; another replica need not wait for our end.
            delivery.reject(requeue=True)
        else:
            self._inbox.put((delivery, time.monotonic()))

    def _run(self) -> None:
        going = True
        while going and not (self._stopping.ready() and self._inbox.empty()):
            letters = self._gather()
            going = not letters or self._work(letters, self._name)
        self._stopped = True
        while not self._inbox.empty():
            received = self._inbox.get()
            if received is not None:
                received[0].reject(requeue=True)

    def _gather(self) -> list[Letter]:
        """Wait for one message and take what else is waiting, up to a batch; none when it is time to stop."""
        letters: list[Letter] = []
        tasks = 0
        while not self._inbox.empty() or not (letters or self._stopping.ready()):
            received = self._inbox.get()
            if received is None:
                break
            letter = self._open(*received)
            if letter is None:
                continue
            if letters and (letter.runs_alone or tasks + len(letter.entries) > BATCH_TASKS):
                self._inbox.queue.appendleft(received)
                break
            letters.append(letter)
            tasks += len(letter.entries)
            if letter.runs_alone or tasks >= BATCH_TASKS:
                break
        return letters

    def _open(self, delivery: Delivery, since: float) -> Letter | None:
        try:
            return Letter(delivery, decode(self.event, delivery.body), since)
        except UnknownVersion as error:
            # It waits among the dead letters. Held here, a few would fill what may be held, and stop the queue.
            log.warning("%s on %s waits for a newer reader", error, delivery.queue)
            delivery.reject(requeue=False)
        except Undecodable as error:
            log.error("undecodable message on %s set aside: %s", delivery.queue, error)  # noqa: TRY400
            delivery.reject(requeue=False)
        return None

    def _work(self, letters: list[Letter], name: str) -> bool:
        """Work on a batch until it is settled; False when that could not be and the consumer is to stop.

        name: what is retried, of which there is one at a time
        """
        try:
            return self._repeat(letters, name)
        finally:
            self._retries.over(name)

    def _repeat(self, letters: list[Letter], name: str) -> bool:
        crash_points.reached(f"{self.event.name}.received")
        entries = [entry for letter in letters for entry in letter.entries]
        since = min(letter.since for letter in letters)
        pauses = Pauses(0.1, 5.0)
        self._sizes.observe(len(entries))
        while True:
            failure = self._try(letters, entries)
            if failure is None:
                crash_points.reached(f"{self.event.name}.settled")
                return _each(letters, lambda delivery: delivery.acknowledge())
            if isinstance(failure, Refused):
                return self._part(letters, name)
            if not isinstance(failure, Unavailable):
                self._returned.inc()
                return _each(letters, lambda delivery: delivery.reject(requeue=True))
            self._held.inc()
            self._retries.failed(name, failure)
            if self._stopping.ready():
                return not _each(letters, lambda delivery: delivery.reject(requeue=True))
            if not all(letter.delivery.alive for letter in letters):
                return True
            if time.monotonic() - since > settings_of(self.container).hold_seconds and self._put_back(letters):
                return True
            self._stopping.wait(timeout=pauses.next())

    def _try(self, letters: list[Letter], entries: list[dict[str, Any]]) -> BaseException | None:
        told = [(letter.delivery.headers, letter.entries) for letter in letters]
        with self._seconds.time(), tracing_of(self.container).consuming(self.event.queue, told) as work:
            return run_worker(self.container, self, entries, context={WORK: work})

    def _part(self, letters: list[Letter], name: str) -> bool:
        """The broker refuses something that came of these: work on each alone, and set aside the one at fault."""
        if len(letters) > 1:
            settled = [self._work([letter], name) for letter in letters]
            return all(settled)
        log.error("a message on %s is set aside: the broker refuses what comes of it", letters[0].delivery.queue)
        return _each(letters, lambda delivery: delivery.reject(requeue=False))

    def _put_back(self, letters: list[Letter]) -> bool:
        """Publish them again and acknowledge; False when that cannot be done now."""
        deliveries = [letter.delivery for letter in letters]
        copies = [Message(RESEND_EXCHANGE, each.queue, each.body, each.headers) for each in deliveries]
        try:
            self.link.broker.publish(copies, settings_of(self.container).publish_seconds)
        except (NotAccepted, Unconfirmed):
            return False
        except Refused:
            # A copy is not taken, so the originals go back. That counts as a try.
            return _each(letters, lambda delivery: delivery.reject(requeue=True))
        return _each(letters, lambda delivery: delivery.acknowledge())


def _each(letters: list[Letter], settle: Callable[[Delivery], None]) -> bool:
    for letter in letters:
        settle(letter.delivery)
    return True


consume: Any = BatchConsumer.decorator
