"""How many messages wait on the shared queues that a container reads, as metrics."""

from collections.abc import Callable, Sequence

import eventlet

from services.contracts.metrics import QUEUE_MESSAGES
from services.runtime.messaging.broker import Broker
from services.runtime.telemetry.measures import Measures

ASK_SECONDS = 5.0


def watch_depths(broker: Broker, queues: Sequence[str], measures: Measures) -> Callable[[], None]:
    """What asks for them for ever, so that a scrape waits for nobody. What cannot be had now is not shown."""
    gauge = measures.gauge(QUEUE_MESSAGES)

    def watch() -> None:
        while True:
            for queue in queues:
                depth = broker.depth(queue)
                if depth is not None:
                    gauge.labels(queue).set(depth)
                elif (queue,) in gauge._metrics:
                    gauge.remove(queue)
            eventlet.sleep(ASK_SECONDS)

    return watch
