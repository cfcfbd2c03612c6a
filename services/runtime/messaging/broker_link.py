"""The container's one connection to the broker, shared by its entrypoints and dependencies."""

from collections.abc import Callable
from functools import partial
from typing import Any

from eventlet.event import Event as Signal
from nameko.extensions import Entrypoint, SharedExtension

from services.contracts.metrics import BROKER_CONNECTED
from services.runtime.configuration import broker_of, monitoring_of, settings_of
from services.runtime.failures import Unavailable
from services.runtime.messaging.broker import Broker, Consumer, Delivery, Queue
from services.runtime.messaging.queue_depths import watch_depths
from services.runtime.messaging.topology import shared_queues, subscriber
from services.runtime.pauses import Pauses
from services.runtime.work import run_worker


class BrokerLink(SharedExtension):
    """Declares the topology, carries every consumer of the container, starts first and stops last.

    Extensions call ``consume`` and ``on_connected`` in their own ``setup``.
    """

    def __init__(self) -> None:
        self._connected: list[Callable[[], None]] = []
        self._consumers = 0
        self._consumed: list[Queue] = []

    @property
    def broker(self) -> Broker:
        """The broker, for publishing."""
        return broker_of(self.container)

    @property
    def subscriber(self) -> str:
        """A name for a queue of this container alone."""
        return subscriber(self.container.service_name)

    def consume(self, queue: Queue, prefetch: int, on_delivery: Callable[[Delivery], None]) -> Consumer:
        """Have ``queue`` consumed from the start on; ``on_delivery`` must not block."""
        self._consumers += 1
        self._consumed.append(queue)
        # A broker puts all consumers of a connection in place before it announces the first of them.
        announce = self._announce if self._consumers == 1 else None
        return self.broker.consume(queue, prefetch, on_delivery, announce)

    def on_connected(self, callback: Callable[[], None]) -> None:
        """Have ``callback`` called, in a greenlet, each time the consumers are (again) in place."""
        self._connected.append(callback)

    def _announce(self) -> None:
        for callback in self._connected:
            callback()

    def setup(self) -> None:
        """Nameko: before any extension starts."""
        self.broker.declare(shared_queues(settings_of(self.container).queued_tasks))
        monitoring = monitoring_of(self.container)
        service = str(self.container.service_name)
        monitoring.check(lambda: None if self.broker.connected else f"{service} is not connected to the broker.")
        connected = monitoring.measures.gauge(BROKER_CONNECTED).labels(service)
        connected.set_function(lambda: float(self.broker.connected))

    def start(self) -> None:
        """Nameko: returns once the broker is there, however long that takes."""
        self.broker.start()
        measures = monitoring_of(self.container).measures
        watching = watch_depths(self.broker, [queue.name for queue in self._consumed if queue.durable], measures)
        self._watching = self.container.spawn_managed_thread(watching, "queue depths")

    def stop(self) -> None:
        """Nameko: after every worker has finished."""
        self._watching.kill()
        self.broker.stop()

    def kill(self) -> None:
        """Nameko: the container dies; what it holds goes back to the broker."""
        self.broker.stop()


class Connected(Entrypoint):
    """Runs the method each time the link is (again) in place: what was missed meanwhile has to be read anew.

    While it raises ``Unavailable`` it is repeated: after an outage, those who are asked are on their way back too.
    """

    link = BrokerLink()

    def __init__(self, **options: Any) -> None:
        self._connections = 0
        self._stopping = Signal()
        super().__init__(expected_exceptions=(Unavailable,), **options)

    def setup(self) -> None:
        """Nameko: before any extension starts."""
        self.link.on_connected(self._begin)

    def stop(self) -> None:
        """Nameko: repeat no more."""
        self._stopping.send()

    def _begin(self) -> None:
        self._connections += 1
        self.container.spawn_managed_thread(partial(self._run, self._connections), f"on a new connection: {self}")

    def _run(self, connection: int) -> None:
        pauses = Pauses(0.2, 5.0)
        retries, name = monitoring_of(self.container).retries, f"{self.container.service_name}.{self.method_name}"
        while connection == self._connections and not self._stopping.ready():
            failure = run_worker(self.container, self)
            if not isinstance(failure, Unavailable):
                return retries.over(name)
            # A gateway that cannot read what it missed still takes tasks.
            retries.failed(name, failure, hinders=False)
            self._stopping.wait(timeout=pauses.next())
        return None


connected: Any = Connected.decorator
