"""What pip and npm fetch during a build, fetched before by this machine's own, as it is set up.

So the Dockerfile needs to know nothing of this machine: both are mounted, with a configuration that says where they
are, and nothing of that is in the image.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from scripts import console
from tests.deployment.image_bases import run
from tests.stack import ROOT


def gathered(folder: Path) -> list[str]:
    """What to mount where, as buildah is told: the path on this machine, that in the build, and how."""
    wheels, cache = folder / "wheels", folder / "npm"
    lock = str(ROOT / "requirements.lock")
    run(sys.executable, "-m", "pip", "download", "-q", "--require-hashes", "-r", lock, "-d", str(wheels))
    (folder / "pip.conf").write_text("[global]\nno-index = true\nfind-links = /wheels\n", encoding="utf-8")
    registry = _fill(cache, folder / "console")
    (folder / "npmrc").write_text(f"offline=true\ncache=/npm\nregistry={registry}\n", encoding="utf-8")
    return [
        f"{wheels}:/wheels:ro",
        f"{folder / 'pip.conf'}:/etc/pip.conf:ro",
        f"{cache}:/npm:rw",
        f"{folder / 'npmrc'}:/root/.npmrc:ro",
    ]


def _fill(cache: Path, folder: Path) -> str:
    """Have npm's cache hold what the lock names; the address of the registry, by which it is kept there."""
    variables = console.environment()
    npm = str(shutil.which("npm", path=variables["PATH"]))
    folder.mkdir()
    for name in ("package.json", "package-lock.json"):
        shutil.copy(console.FOLDER / name, folder)
    install = [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--cache", str(cache)]
    subprocess.run(install, cwd=folder, env=variables, check=True, capture_output=True, timeout=600)
    shutil.rmtree(folder)
    asked = [npm, "config", "get", "registry"]
    return subprocess.run(asked, env=variables, check=True, capture_output=True, text=True, timeout=60).stdout.strip()
