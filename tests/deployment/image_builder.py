"""The real Dockerfile built by buildah, which needs no container engine, on base images that are made here."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.deployment import image_bases, image_supplies
from tests.stack import ROOT

IMAGE = "localhost/backoffice"


@dataclass(frozen=True)
class Image:
    """A built image: its tree, mounted, and what it says of itself."""

    tree: Path
    configuration: dict[str, Any]
    history: list[str]
    bytes: int

    @property
    def environment(self) -> dict[str, str]:
        """What ENV says."""
        return dict(entry.split("=", 1) for entry in self.configuration["Env"])

    @property
    def entrypoint(self) -> list[str]:
        """What a command is appended to."""
        return list(self.configuration["Entrypoint"])


def skip_where_it_cannot_be_built() -> None:
    """Says what is missing."""
    missing = [program for program in ("buildah", "debootstrap", "unshare") if shutil.which(program) is None]
    if missing:
        pytest.skip(f"{' and '.join(missing)} not installed (scripts/ci-tools installs what can be had)")
    if subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True).returncode:
        pytest.skip("only root can build an image and run it here")


class Buildah:
    """Buildah with a storage of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._options = ["--root", str(folder / "root"), "--runroot", str(folder / "run")]
        driver = "overlay" if self._works("overlay") else "vfs"
        self._options += ["--storage-driver", driver]

    def _works(self, driver: str) -> bool:
        command = ["buildah", *self._options, "--storage-driver", driver, "info"]
        return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 0

    def __call__(self, *words: str) -> str:
        """What it prints."""
        done = subprocess.run(
            ["buildah", *self._options, *words], cwd=ROOT, capture_output=True, text=True, timeout=600, check=False
        )
        assert done.returncode == 0, f"buildah {words[0]}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
        return done.stdout.strip()

    def forget(self) -> None:
        """Unmount and remove all of it."""
        self("rm", "--all")
        mounted = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
        for path in reversed([path for path in mounted if path.startswith(f"{self._folder}/")]):
            subprocess.run(["umount", path], check=False)
        shutil.rmtree(self._folder, ignore_errors=True)


@contextmanager
def built_image(folder: Path) -> Iterator[Image]:
    """The image that the Dockerfile makes of this tree."""
    buildah = Buildah(folder / "storage")
    try:
        for name in base_images():
            _add_base(buildah, name)
        _build(buildah, folder)
        container = buildah("from", "--pull=never", IMAGE)
        yield _described(buildah, container)
    finally:
        buildah.forget()


def base_images() -> set[str]:
    """What the Dockerfile builds on; its own stages are not among them."""
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    stages = set(re.findall(r"^FROM \S+ AS (\S+)", dockerfile, re.MULTILINE))
    return set(re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE)) - stages


def _add_base(buildah: Buildah, name: str) -> None:
    container = buildah("from", "scratch")
    tree = buildah("mount", container)
    subprocess.run(["tar", "-C", tree, "-xf", image_bases.tree_of(name)], check=True, timeout=120)
    buildah("commit", "-q", "--rm", container, f"docker.io/library/{name}")


def _build(buildah: Buildah, folder: Path) -> None:
    mounts = [word for mount in image_supplies.gathered(folder / "supplies") for word in ("--volume", mount)]
    buildah(
        *("build", "--isolation", "chroot", "--format", "docker", "--pull=never", "--no-cache"),
        *mounts,
        *("--tag", IMAGE, "."),
    )


def _described(buildah: Buildah, container: str) -> Image:
    tree = Path(buildah("mount", container))
    image = json.loads(buildah("inspect", "--type", "image", IMAGE))
    layers = sum(path.lstat().st_size for path in tree.rglob("*") if path.is_file() and not path.is_symlink())
    described = image["Docker"]
    return Image(tree, described["config"], [each["created_by"] for each in described["history"]], layers)
