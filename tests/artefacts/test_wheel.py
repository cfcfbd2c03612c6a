"""The wheel: its contents by a checker's rules, and the system that runs from nothing but it."""

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from scripts import console
from tests.parts import temporary_database
from tests.stack import ROOT, free_port
from tests.waiting import read_until

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of a copy of the sources, since what an earlier build left in the tree would get into it."""
    try:
        console.build()
    except console.CannotBuild as error:
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    without = shutil.ignore_patterns("node_modules", "__pycache__")
    shutil.copytree(ROOT / "services", source / "services", ignore=without)
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, source / name)
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", folder, source],
        check=True,
    )
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture
def installed(wheel: Path, tmp_path: Path) -> Path:
    """The wheel's files, unpacked."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    return tmp_path / "installed"


def test_the_checker_of_wheels_finds_no_fault(wheel: Path) -> None:
    command = Path(sys.executable).with_name("check-wheel-contents")
    done = subprocess.run([command, wheel], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_wheel_holds_no_sources_of_the_page_and_no_tests(installed: Path) -> None:
    files = [file.relative_to(installed) for file in installed.rglob("*") if file.is_file()]
    assert {file.parts[0] for file in files} == {"services", f"backoffice-{_version(installed)}.dist-info"}
    assert [file for file in files if file.suffix in (".ts", ".svelte") or "tests" in file.parts] == []


def _version(installed: Path) -> str:
    (folder,) = installed.glob("*.dist-info")
    return folder.name.removeprefix("backoffice-").removesuffix(".dist-info")


@pytest.fixture
def url(installed: Path, postgres: str, tmp_path: Path) -> Iterator[str]:
    """The address of the system with demo data, run from the wheel's files in an empty folder."""
    folder = tmp_path / "empty"
    folder.mkdir()
    with temporary_database(postgres) as database:
        environment = {name: value for name, value in os.environ.items() if name != "AMQP_URI"}
        address = f"http://127.0.0.1:{free_port()}"
        process = subprocess.Popen(
            [sys.executable, "-m", "services.cli", "up", "--demo", "--port", address.rpartition(":")[2]],
            env=environment | {"PYTHONPATH": str(installed), "DATABASE_URL": database, "PYTHONUNBUFFERED": "1"},
            cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        try:
            read_until(process, "Ctrl-C stops it.")
            yield address
        finally:
            process.terminate()
            process.communicate(timeout=60)


def test_the_system_runs_from_the_wheel_with_its_page_its_schema_and_its_languages(url: str) -> None:
    page = requests.get(f"{url}/", timeout=20).text
    refused = requests.post(
        f"{url}/api/v1",
        json={"token": "12qw", "task": {"action": "login", "name": "Bob"}},
        headers={"Accept-Language": "es"},
        timeout=20,
    )
    known = requests.post(
        f"{url}/api/v1", json={"token": "12qw", "task": {"action": "login", "name": "Alice"}}, timeout=20
    )

    assert "<!doctype html>" in page.lower()
    assert "El nombre" in refused.json()["detail"]
    assert known.json()["task"]["status"] == "succeeded"
