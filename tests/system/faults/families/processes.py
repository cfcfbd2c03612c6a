"""Processes of services that die, stop or hang."""

import signal
from random import Random

import eventlet

from tests.stack import SERVICES
from tests.system.faults.registry import fault
from tests.system.faults.site import Site

LOST_HEARTBEATS = 35.0
"""Seconds after which the broker has given up a connection: three heartbeats, and a bit."""


@fault()
def process_killed(site: Site, chance: Random) -> None:
    """SIGKILL of one process."""
    site.processes[chance.choice(list(site.processes))].kill()


@fault()
def service_killed(site: Site, chance: Random) -> None:
    """SIGKILL of all processes of a service, which stays away for some seconds."""
    names = site.of(chance.choice(SERVICES))
    with site.holding(*names):
        for name in names:
            site.processes[name].kill()
        eventlet.sleep(chance.uniform(1, 4))


@fault()
def every_process_killed(site: Site, chance: Random) -> None:
    """SIGKILL of all processes of all services at once."""
    for process in site.processes.values():
        process.kill()


@fault(long=True)
def process_killed_again_and_again(site: Site, chance: Random) -> None:
    """SIGKILL of the same process each time it is back, so that what it held is delivered several times."""
    process = site.processes[chance.choice(site.of("info") + site.of("tasks"))]
    for _ in range(3):
        process.kill()
        eventlet.sleep(chance.uniform(1.5, 4))


@fault()
def process_stopped(site: Site, chance: Random) -> None:
    """SIGTERM: the process finishes what it holds and ends."""
    process = site.processes[chance.choice(list(site.processes))]
    if process.running:
        process.signal(signal.SIGTERM)
    eventlet.sleep(2)


@fault()
def process_frozen(site: Site, chance: Random) -> None:
    """SIGSTOP of a process for a moment."""
    with site.frozen(chance.choice(list(site.processes))):
        eventlet.sleep(chance.uniform(1, 5))


@fault(long=True)
def process_frozen_beyond_its_heartbeats(site: Site, chance: Random) -> None:
    """SIGSTOP of a process until the broker has given its connections up and delivered again what it held."""
    with site.frozen(chance.choice(list(site.processes))):
        eventlet.sleep(LOST_HEARTBEATS)


@fault(long=True)
def service_frozen_beyond_its_heartbeats(site: Site, chance: Random) -> None:
    """The same with both processes of a service."""
    with site.frozen(*site.of(chance.choice(SERVICES))):
        eventlet.sleep(LOST_HEARTBEATS)
