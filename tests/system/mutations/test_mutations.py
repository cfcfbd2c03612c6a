"""A build without one of the guarantees is caught by the scenario for it; the build as it is passes all of them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.system.mutations.builds import MUTATIONS, Edit, Mutation, Stale, build
from tests.system.mutations.scenarios import SCENARIOS


def broken(folder: Path, *scenarios: str) -> dict[str, dict[str, Any]]:
    """Play scenarios on the build in that folder; the promises that each found broken."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.system.mutations", *scenarios],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-5_000:]
    found: dict[str, dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_the_build_as_it_is_breaks_no_promise(tmp_path: Path, amqp_uri: str) -> None:
    build(tmp_path)
    assert broken(tmp_path, *SCENARIOS) == {scenario: {} for scenario in SCENARIOS}


@pytest.mark.parametrize("mutation", MUTATIONS.values(), ids=list(MUTATIONS))
def test_a_build_without_a_guarantee_is_caught(mutation: Mutation, tmp_path: Path, amqp_uri: str) -> None:
    build(tmp_path, mutation)
    assert mutation.promise in broken(tmp_path, mutation.scenario)[mutation.scenario]


def test_a_mutation_whose_place_has_changed_fails_and_says_so(tmp_path: Path) -> None:
    stale = Mutation("delivered twice", "", (Edit("services/info/batch.py", "no such line", ""),))
    with pytest.raises(Stale, match=r"services/info/batch\.py has this 0 times"):
        build(tmp_path, stale)


def test_every_scenario_catches_something() -> None:
    assert {mutation.scenario for mutation in MUTATIONS.values()} == set(SCENARIOS)
