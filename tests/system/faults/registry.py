"""The faults by name. A fault breaks something, waits, and leaves everything mended, whatever happens meanwhile."""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tests.system.faults import families
from tests.system.faults.site import Site

Strike = Callable[[Site, Random], None]
Missing = Callable[[], str | None]
Say = Callable[[str], None]

FAULTS: dict[str, "Fault"] = {}
"""Every fault by its name, in the order of declaration."""


@dataclass(frozen=True)
class Fault:
    """One way to break the system.

    help:    one sentence
    strike:  breaks and mends; returns when everything is as before
    missing: why it cannot be done on this machine, if it cannot
    buries:  tasks may end as failed with ``internal_error``, though nobody's data is wrong
    long:    it takes more than ten seconds
    """

    name: str
    family: str
    help: str
    strike: Strike
    missing: Missing
    buries: bool
    long: bool


def fault(*, missing: Missing = lambda: None, buries: bool = False, long: bool = False) -> Callable[[Strike], Strike]:
    """Declare a function as the fault of its name, in the family of its module."""

    def declare(strike: Strike) -> Strike:
        add(strike.__name__, strike.__module__.rpartition(".")[2], strike, missing=missing, buries=buries, long=long)
        return strike

    return declare


def add(
    name: str,
    family: str,
    strike: Strike,
    *,
    missing: Missing = lambda: None,
    buries: bool = False,
    long: bool = False,
) -> None:
    """Declare a fault. Its help is the first line of the docstring."""
    name = name.replace("_", "-").replace(".", "-")
    if name in FAULTS:
        raise ValueError(f"there are two faults called {name}")
    FAULTS[name] = Fault(name, family, (strike.__doc__ or "").split("\n")[0], strike, missing, buries, long)


def load() -> dict[str, Fault]:
    """All faults, each family's module imported."""
    for module in pkgutil.iter_modules(families.__path__):
        importlib.import_module(f"{families.__name__}.{module.name}")
    return FAULTS
