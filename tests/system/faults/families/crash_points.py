"""Processes that die at a named point of a task's path (``services/runtime/crash_points.py``)."""

from collections.abc import Callable
from itertools import cycle, islice
from random import Random

import eventlet

from services.contracts.events import OPERATIONS_DONE
from services.runtime.crash_points import POINTS
from tests.stack import Process
from tests.system.faults.broker_access import Letter, send
from tests.system.faults.registry import add
from tests.system.faults.site import Site
from tests.waiting import eventually

SERVICE = {
    "gateway": "gateway",
    "tasks": "tasks",
    "info": "info",
    "tasks_submitted": "tasks",
    "operations_requested": "info",
    "operations_done": "tasks",
    "dead_letters": "tasks",
}
"""Whose process comes to the points of that prefix."""

REACHED_SECONDS = 100.0
"""The process has to start first, and to get its share of the work."""
LOGINS = 200
"""More than there is time for."""


def crash_at(point: str) -> Callable[[Site, Random], None]:
    """A fault that has one process of the service die there."""
    prefix = point.partition(".")[0]
    rare = prefix == "dead_letters" or point == "info.session_changed"

    def strike(site: Site, chance: Random) -> None:
        name = chance.choice(site.of(SERVICE[prefix]))
        process = site.processes[name]
        with site.holding(name):
            process.kill()
            process.start(CRASH_POINT=f"{point}:{1 if rare else chance.randint(1, 3)}")
            if prefix == "dead_letters":
                with site.holding(*site.of("tasks")):
                    other = next(each for each in site.of("tasks") if each != name)
                    site.processes[other].kill()
                    send(site, [Letter("", OPERATIONS_DONE.queue, b"no event")])
                    eventually(lambda: process.code is not None, REACHED_SECONDS, 0.05)
            else:
                people = [eventlet.spawn(_log_in, site, process)] if rare else []
                eventually(lambda: process.code is not None, REACHED_SECONDS, 0.05)
                for each in people:
                    each.wait()

    strike.__doc__ = f"SIGKILL at the point {point}."
    return strike


def _log_in(site: Site, process: Process) -> None:
    """One after the other, until the process has died: it may take long to start, and it is not the only one that is
    asked."""
    for person in islice(cycle(site.people), LOGINS):
        if process.code is not None:
            return
        person.log_in()
        eventlet.sleep(0.2)


for _point in POINTS:
    add(f"crash-at-{_point}", "crash_points", crash_at(_point), buries=_point.startswith("dead_letters"))
