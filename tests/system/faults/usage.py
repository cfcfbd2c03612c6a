"""What the system uses and holds, before and after."""

import time
from dataclasses import dataclass
from statistics import median

import eventlet
import psutil

from services.contracts.events import EVENTS
from tests.system.faults.broker_access import channel
from tests.system.faults.person import Person
from tests.system.faults.site import Site

SAMPLES = 9


@dataclass(frozen=True)
class Usage:
    """Of all processes of services together.

    memory:      MB resident
    connections: TCP connections of any state
    queued:      messages on the shared queues
    latency:     median seconds from submitting a task to its outcome
    """

    memory: float
    descriptors: int
    connections: int
    queued: int
    latency: float

    def back_to(self, before: "Usage") -> bool:
        """As it was, as far as anything is ever the same: memory keeps some slack, people come and go."""
        return (
            self.memory < before.memory * 1.3 + 40
            and self.descriptors < before.descriptors + 40
            and self.connections < before.connections + 40
            and self.queued < before.queued + 20
            and self.latency < before.latency * 3 + 0.1
        )

    def __str__(self) -> str:
        return (
            f"{self.memory:.0f} MB, {self.descriptors} descriptors, {self.connections} connections, "
            f"{self.queued} queued, {self.latency * 1000:.0f} ms a task"
        )


def measure(site: Site, person: Person) -> Usage:
    """Now. The latency is that of ``person``."""
    processes = [psutil.Process(process.pid) for process in site.processes.values() if process.running]
    return Usage(
        memory=sum(each.memory_info().rss for each in processes) / 1e6,
        descriptors=sum(each.num_fds() for each in processes),
        connections=sum(len(each.net_connections("tcp")) for each in processes),
        queued=queued(site),
        latency=median(_latency(person) for _ in range(SAMPLES)),
    )


def queued(site: Site) -> int:
    """Messages on the shared queues of work."""
    with channel(site) as asking:
        return sum(asking.queue_declare(event.queue, passive=True).message_count for event in EVENTS if event.listener)


def _latency(person: Person) -> float:
    for _ in range(100):
        began = time.monotonic()
        if person.look():
            return time.monotonic() - began
        eventlet.sleep(0.2)
    raise AssertionError(f"{person.name} gets no answer")
