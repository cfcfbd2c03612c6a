"""Short runs of the fault suite, each under a seed of its own: a family of faults, or random combinations."""

import pytest

from tests.system.faults import plan, registry
from tests.system.faults.run import Run
from tests.system.faults.site import Site

FAULTS = registry.load()
STRIKES = 2
"""Enough of a family for a short run."""

pytestmark = pytest.mark.timeout(400)


def run(site: Site, seed: str, faults: list[registry.Fault], strikes: int, *, alone: bool = True) -> None:
    """Strike that often; nothing may be lost, happen twice, or be done by somebody who may not."""
    possible = [fault for fault in faults if not fault.missing()]
    if not possible:
        pytest.skip("; ".join(str(fault.missing()) for fault in faults))
    shift = Run(site, seed)
    shift.begin()
    shift.strike(plan.strikes(possible, seed, alone=alone), lambda number: number >= strikes)
    result = shift.end()
    assert sum(result.faults.values()) >= strikes, (
        f"{dict(result.failed)} could not strike, for the reasons shown above"
    )
    assert result.violations == []


@pytest.mark.parametrize("family", dict.fromkeys(fault.family for fault in FAULTS.values() if not fault.long))
def test_nothing_is_lost_and_nothing_happens_twice(site: Site, family: str) -> None:
    faults = [fault for fault in FAULTS.values() if fault.family == family and not fault.long]
    run(site, f"1 {family}", faults, min(STRIKES, len(faults)))


def test_nothing_is_lost_and_nothing_happens_twice_whatever_comes_together(site: Site) -> None:
    faults = [fault for fault in FAULTS.values() if not fault.long]
    run(site, "2 together", faults, 2, alone=False)
