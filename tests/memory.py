"""How much memory processes have needed, and how much their manifests give them."""

from pathlib import Path

import yaml

MANIFESTS = Path(__file__).resolve().parents[1] / "k8s" / "base"
MEBIBYTE = 1 << 20


def peak(pid: int) -> int:
    """The most memory that a process has had since it was started, in MiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (kibibytes,) = (line.split()[1] for line in lines if line.startswith("VmHWM:"))
    return int(kibibytes) * 1024 // MEBIBYTE


def limit(service: str) -> int:
    """What the manifest of a service allows its process, in MiB."""
    documents = yaml.safe_load_all((MANIFESTS / f"{service}.yaml").read_text())
    (deployment,) = (each for each in documents if each["kind"] == "Deployment")
    memory: str = deployment["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["memory"]
    assert memory.endswith("Mi")
    return int(memory[:-2])
