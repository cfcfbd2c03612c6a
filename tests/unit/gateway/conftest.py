"""A gateway among fakes for every test of it."""

from collections.abc import Iterator

import pytest

from tests.unit.gateway.stage import Stage


@pytest.fixture
def stage() -> Stage:
    """A gateway among fakes."""
    return Stage()


@pytest.fixture
def port(stage: Stage) -> Iterator[int]:
    """Where a real server of it listens."""
    with stage.serving() as port:
        yield port
