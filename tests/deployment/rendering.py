"""The compose file and the overlays as whoever runs them sees them: merged, rendered, with new credentials."""

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.stack import ROOT

Document = dict[str, Any]
OVERLAYS = ("demo", "production")
SERVERS = {
    "demo": (),
    "production": (
        *("--broker", "rabbitmq.backoffice.svc:5671", "--broker-ca", "/run/secrets/broker-ca/ca.crt"),
        *("--database", "postgres-rw:5432"),
        *("--database-options", "sslmode=verify-full&sslrootcert=/run/secrets/database-ca/ca.crt"),
    ),
}
"""What ``deploy/make_secrets.py`` is told for each overlay, as docs/operating.md has it."""

OLDEST_KUSTOMIZE = 5
TOOLS = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "backoffice"
"""Where ``scripts/ci-tools`` puts what no package of the system is."""


@cache
def kubectl() -> str | None:
    """A kubectl whose kustomize is new enough."""
    for candidate in (shutil.which("kubectl"), str(TOOLS / "kubectl")):
        if candidate and Path(candidate).exists() and _kustomize_of(candidate) >= OLDEST_KUSTOMIZE:
            return candidate
    return None


def _kustomize_of(program: str) -> int:
    done = subprocess.run([program, "version", "--client"], capture_output=True, text=True, timeout=30, check=False)
    stated = [line for line in done.stdout.splitlines() if line.startswith("Kustomize Version: v")]
    return int(stated[0].partition(": v")[2].partition(".")[0]) if stated else 0


def with_credentials(folder: Path) -> Path:
    """A copy of what the overlays are made from, with credentials as ``deploy/make_secrets.py`` makes them."""
    for part in ("k8s", "deploy"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("secrets"))
    for overlay in OVERLAYS:
        make_secrets(folder / "k8s" / "overlays" / overlay / "secrets", *SERVERS[overlay])
    return folder


def make_secrets(folder: Path, *options: str) -> None:
    """Run the tool."""
    subprocess.run([sys.executable, ROOT / "deploy" / "make_secrets.py", folder, *options], check=True, timeout=30)


def kustomize(folder: Path) -> subprocess.CompletedProcess[str]:
    """What kubectl makes of a folder."""
    program = kubectl()
    assert program is not None
    return subprocess.run([program, "kustomize", folder], capture_output=True, text=True, timeout=60, check=False)


def documents(text: str) -> list[Document]:
    """The resources in a stream of YAML."""
    return [document for document in yaml.safe_load_all(text) if document]


@cache
def compose() -> Document:
    """``docker-compose.yml`` with its anchors resolved."""
    loaded: Document = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    return loaded
