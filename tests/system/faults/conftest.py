"""One site for all tests of the fault suite."""

from collections.abc import Iterator

import pytest

from tests.system.faults.site import Site, running_site


@pytest.fixture(scope="package")
def site() -> Iterator[Site]:
    """A site in good order, on a machine that may be slow."""
    with running_site(print) as running:
        running.patience = 4.0
        yield running
