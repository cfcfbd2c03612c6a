"""Clocks that are an hour off, or that step by an hour while a process works."""

from pathlib import Path
from random import Random

import eventlet

from tests.stack import SERVICES
from tests.system.faults.registry import fault
from tests.system.faults.site import Site

LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))


def no_faketime() -> str | None:
    """Why clocks cannot be moved here, if they cannot."""
    return None if LIBRARIES else "libfaketime is not installed (apt-get install libfaketime)"


def _under_a_clock(offset: Path) -> dict[str, str]:
    return {
        "LD_PRELOAD": str(LIBRARIES[-1]),
        "FAKETIME_TIMESTAMP_FILE": str(offset),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


def _step(site: Site, chance: Random, name: str, offsets: tuple[str, ...]) -> None:
    clock = site.stack.folder / f"{name}.clock"
    clock.write_text(offsets[0])
    process = site.processes[name]
    with site.holding(name):
        process.kill()
        process.start(**_under_a_clock(clock))
        for offset in offsets:
            clock.write_text(offset)
            eventlet.sleep(chance.uniform(4, 6))
        process.kill()


@fault(missing=no_faketime)
def clock_an_hour_fast(site: Site, chance: Random) -> None:
    """One process of each service lives an hour in the future, and then no more."""
    workers = [eventlet.spawn(_step, site, chance, site.of(service)[0], ("+3600s",)) for service in SERVICES]
    for worker in workers:
        worker.wait()


@fault(missing=no_faketime)
def clock_an_hour_slow(site: Site, chance: Random) -> None:
    """One process of each service lives an hour in the past, and then no more."""
    workers = [eventlet.spawn(_step, site, chance, site.of(service)[1], ("-3600s",)) for service in SERVICES]
    for worker in workers:
        worker.wait()


@fault(missing=no_faketime, long=True)
def clock_steps(site: Site, chance: Random) -> None:
    """The clock of a process jumps an hour ahead and back while it works."""
    name = chance.choice(list(site.processes))
    _step(site, chance, name, ("+0s", "+3600s", "+0s", "-3600s", "+0s"))
