"""Each overlay, rendered once, and the image, built once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deployment.image_builder import Image, built_image, skip_where_it_cannot_be_built
from tests.deployment.rendering import OVERLAYS, Document, documents, kubectl, kustomize, with_credentials


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Document]]:
    """The resources of each overlay."""
    if kubectl() is None:
        pytest.skip("no kubectl with kustomize 5 or later is installed (scripts/ci-tools gets one)")
    folder = with_credentials(tmp_path_factory.mktemp("deployment"))
    return {overlay: _rendered(folder / "k8s" / "overlays" / overlay) for overlay in OVERLAYS}


@pytest.fixture(params=OVERLAYS)
def overlay(request: pytest.FixtureRequest, rendered: dict[str, list[Document]]) -> list[Document]:
    """The resources of one overlay after the other."""
    return rendered[request.param]


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    """The image of this tree."""
    skip_where_it_cannot_be_built()
    with built_image(tmp_path_factory.mktemp("image")) as built:
        yield built


def _rendered(folder: Path) -> list[Document]:
    done = kustomize(folder)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return documents(done.stdout)
