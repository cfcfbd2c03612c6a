"""The console without a browser: its types, its logic, and how much a first visit loads."""

import re
import subprocess
from collections.abc import Mapping

import pytest

from scripts import console

FIRST_LOAD_BYTES = 150_000


@pytest.fixture(scope="module")
def node() -> Mapping[str, str]:
    """The variables with which the console's packages run."""
    try:
        return console.install()
    except console.CannotBuild as error:
        pytest.skip(str(error))


@pytest.mark.timeout(600)
@pytest.mark.parametrize("script", ["check", "test"])
def test_the_page_passes_its_own(script: str, node: Mapping[str, str]) -> None:
    done = subprocess.run(["npm", "run", "-s", script], cwd=console.FOLDER, env=node, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


@pytest.mark.timeout(600)
def test_a_first_visit_loads_little(node: Mapping[str, str]) -> None:
    console.build()
    page = console.BUILT.read_text()
    named = re.findall(r'(?:src|href)="/([^"]+)"', page)
    assert len(named) >= 3
    files = [console.BUILT, *(console.BUILT.parent / name for name in named)]
    loaded = sum(file.with_name(file.name + ".gz").stat().st_size for file in files)
    assert loaded < FIRST_LOAD_BYTES, f"{loaded} bytes of {[file.name for file in files]}"


def test_the_page_holds_nothing_inline(node: Mapping[str, str]) -> None:
    console.build()
    page = console.BUILT.read_text()
    assert "<style" not in page
    assert "style=" not in page
    assert re.search(r"<script(?![^>]*\ssrc=)", page) is None
    assert re.search(r"https?://", page) is None


def test_the_lock_names_no_registry() -> None:
    assert '"resolved"' not in (console.FOLDER / "package-lock.json").read_text()
