"""A command in an image's tree as a container runtime would run it: tree read-only, as its user, without capabilities.

``buildah run`` can keep no tree read-only, so a mount namespace and chroot do what a runtime does. The network is the
host's, so each container is given ports of its own; the rest of what it is told is what compose and the manifests say.
"""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.deployment.image_builder import Image
from tests.stack import free_port
from tests.waiting import eventually

_SCRIPT = r"""
set -eu
tree=$1; user=$2; shift 2
mount --bind "$tree" "$tree"
for given in proc dev; do mount --rbind "/$given" "$tree/$given"; done
while [ "$1" != -- ]; do
  case $1 in
    tmpfs) mount -t tmpfs -o mode=1777 tmpfs "$tree$2"; shift 2;;
    ro) mount --bind "$2" "$tree$3"; mount -o remount,bind,ro "$tree$3"; shift 3;;
    rw) mount --bind "$2" "$tree$3"; shift 3;;
  esac
done
shift
mount -o remount,bind,ro "$tree"
exec setpriv --no-new-privs --bounding-set=-all,+sys_chroot,+setuid,+setgid \
  chroot --userspec="$user" --groups= "$tree" "$@"
"""


@dataclass
class Container:
    """What compose or a manifest says of one. ``environment`` has what the image says, and above it what is stated.

    mounts:       in the container: on this machine, read-only
    written:      in the container: on this machine, to be written
    grace:        seconds from SIGTERM until it would be killed
    """

    name: str
    image: Image
    command: list[str]
    user: str
    environment: dict[str, str]
    mounts: Mapping[str, Path] = field(default_factory=dict)
    written: Mapping[str, Path] = field(default_factory=dict)
    scratch: Sequence[str] = ()
    grace: float = 10
    log: Path = Path(os.devnull)

    def __post_init__(self) -> None:
        """The host's network is shared by all of them."""
        self.environment |= {"METRICS_PORT": str(free_port()), "HTTP_PORT": str(free_port())}
        for path in (*self.mounts, *self.written, *self.scratch):
            (self.image.tree / path.lstrip("/")).mkdir(parents=True, exist_ok=True)

    def _arguments(self, command: Sequence[str]) -> list[str]:
        given = [word for path in self.scratch for word in ("tmpfs", path)]
        given += [word for inside, outside in self.mounts.items() for word in ("ro", str(outside), inside)]
        given += [word for inside, outside in self.written.items() for word in ("rw", str(outside), inside)]
        told = [f"{name}={value}" for name, value in self.environment.items()]
        prefix = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _SCRIPT, "container"]
        return [*prefix, str(self.image.tree), self.user, *given, "--", "env", "-i", *told, *command]

    def run(self, *command: str, timeout: float = 90) -> "subprocess.CompletedProcess[str]":
        """Run another command in it, or its own, to the end."""
        return subprocess.run(
            self._arguments(command or self.command), capture_output=True, text=True, timeout=timeout, check=False
        )

    def start(self) -> None:
        """Run its own command."""
        with self.log.open("wb") as output:
            self._process = subprocess.Popen(
                self._arguments(self.command), stdout=output, stderr=output, stdin=subprocess.DEVNULL
            )

    def stop(self) -> int:
        """SIGTERM; the exit code, which has to come within its grace."""
        self._process.send_signal(signal.SIGTERM)
        eventually(lambda: self._process.poll() is not None, self.grace, 0.05)
        return int(self._process.returncode)

    def kill(self) -> None:
        """Whatever it was doing."""
        if hasattr(self, "_process") and self._process.poll() is None:
            self._process.kill()
            self._process.wait(20)

    @property
    def alive(self) -> bool:
        """It has been started and has not ended."""
        return self._process.poll() is None

    def status(self) -> dict[str, str]:
        """What the kernel says of the process."""
        lines = Path(f"/proc/{self._process.pid}/status").read_text(encoding="utf-8").splitlines()
        return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
