"""The order in which a run strikes: each fault alone, then random combinations, all of it by the seed."""

from collections.abc import Iterator, Sequence
from random import Random

from tests.system.faults.registry import Fault

Strikes = list[tuple[Fault, Random]]
"""Faults that strike at the same time, each with its own chance."""


def strikes(faults: Sequence[Fault], seed: str, *, alone: bool = True) -> Iterator[Strikes]:
    """Without an end. Faults of one family are never combined: they break and mend the same thing."""
    chance = Random(f"{seed} faults")

    def armed(fault: Fault) -> tuple[Fault, Random]:
        return fault, Random(chance.random())

    if alone:
        for fault in chance.sample(faults, len(faults)):
            yield [armed(fault)]
    while True:
        order = chance.sample(faults, len(faults))
        count = chance.choice((2, 2, 3))
        by_family = {fault.family: fault for fault in order}
        yield [armed(fault) for fault in list(by_family.values())[:count]]
