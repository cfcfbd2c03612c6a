"""The tools that come from npm, as the lock in this folder says."""

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from scripts import console

FOLDER = Path(__file__).parent
LOCK, INSTALLED = FOLDER / "package-lock.json", FOLDER / "node_modules" / ".package-lock.json"

Node = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def node() -> Node:
    """Run a script of Node.js with the tools at hand."""
    try:
        variables = console.environment()
    except console.CannotBuild as error:
        pytest.skip(str(error))
    _install(variables)

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["node", *arguments], cwd=FOLDER, env=variables, capture_output=True, text=True, timeout=240, check=False
        )

    return run


def _install(variables: Mapping[str, str]) -> None:
    if INSTALLED.exists() and INSTALLED.stat().st_mtime >= LOCK.stat().st_mtime:
        return
    done = subprocess.run(
        ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=FOLDER, env=variables, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        pytest.skip(f"the tools cannot be installed: {done.stderr[-500:]}")
    INSTALLED.touch()
