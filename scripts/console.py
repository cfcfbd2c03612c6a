"""The console's page: ``python -m scripts.console`` builds it where it is stale; a wheel brings Node.js if need be."""

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "services" / "gateway" / "console"
BUILT = FOLDER / "dist" / "index.html"
NODE_LOCK = FOLDER / "node.lock"

_OLDEST_NODE = (20, 19)
_SOURCES = (
    "src",
    "public",
    "scripts",
    "index.html",
    "package-lock.json",
    "vite.config.ts",
    "svelte.config.js",
    "tsconfig.json",
)
_GENERATED = FOLDER / "src" / "api" / "generated"


class CannotBuild(Exception):
    """The page cannot be built here; the message is meant for whoever asked."""


def is_stale() -> bool:
    """Whether the page is missing, or older than what it is made of."""
    if not BUILT.exists():
        return True
    built = BUILT.stat().st_mtime
    return any(source.stat().st_mtime > built for source in sources())


def sources() -> Iterator[Path]:
    """The files that the page is made of."""
    yield ROOT / "docs" / "openapi.json"
    for name in _SOURCES:
        path = FOLDER / name
        yield from (
            (path,)
            if path.is_file()
            else (each for each in path.rglob("*") if each.is_file() and _GENERATED not in each.parents)
        )


def environment() -> Mapping[str, str]:
    """The variables with which ``node`` and ``npm`` are found: this machine's, or else those of a wheel, installed into
    this Python's environment. Raises ``CannotBuild``."""
    if _has_node(os.environ["PATH"]):
        return os.environ
    folder = sysconfig.get_path("scripts")
    path = os.pathsep.join([folder, os.environ["PATH"]])
    if not _has_node(path):
        print("console: there is no Node.js here; installing it from a wheel", file=sys.stderr, flush=True)
        install = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--require-hashes"]
        done = subprocess.run([*install, "-r", str(NODE_LOCK)], check=False)  # noqa: S603 - no shell
        if done.returncode or not _has_node(path):
            raise CannotBuild("Node.js is missing and its wheel cannot be installed")
    return {**os.environ, "PATH": path}


def install() -> Mapping[str, str]:
    """Have the packages of the lock installed; the variables to go on with. Raises ``CannotBuild``."""
    variables = environment()
    lock, installed = FOLDER / "package-lock.json", FOLDER / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        _npm(variables, "ci", "--no-audit", "--no-fund", "--ignore-scripts")
        installed.touch()
    return variables


def build() -> None:
    """Build the page where it is stale. Raises ``CannotBuild``."""
    if is_stale():
        print("console: building the page", file=sys.stderr, flush=True)
        _npm(install(), "run", "-s", "build")


def _npm(variables: Mapping[str, str], *arguments: str) -> None:
    npm = shutil.which("npm", path=variables["PATH"])
    done = subprocess.run(  # noqa: S603 - no shell
        [str(npm), *arguments], cwd=FOLDER, env=variables, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    if done.returncode:
        raise CannotBuild(f"npm {' '.join(arguments)}:\n{(done.stderr or done.stdout).strip()[-2000:]}")


def _has_node(path: str) -> bool:
    node = shutil.which("node", path=path)
    if node is None or shutil.which("npm", path=path) is None:
        return False
    told = subprocess.run([node, "--version"], capture_output=True, text=True).stdout  # noqa: S603 - no shell
    numbers = told.strip().removeprefix("v").split(".")
    return len(numbers) == 3 and tuple(int(number) for number in numbers[:2]) >= _OLDEST_NODE


def main() -> int:
    """Exit code 1 when the page cannot be built."""
    try:
        build()
    except CannotBuild as error:
        print(f"console: the page cannot be built; / tells only where the API is.\n{error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
