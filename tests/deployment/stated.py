"""Containers as docker-compose.yml and the manifests state them, read from those files."""

from pathlib import Path
from typing import Any

from tests.deployment.container import Container
from tests.deployment.image_builder import Image
from tests.deployment.rendering import Document, compose
from tests.deployment.workloads import environment, of_kind, pods
from tests.stack import ROOT


def of_compose(name: str, image: Image, volumes: Path, log: Path) -> Container:
    """A service of the compose file. Its named volumes are folders of ``volumes``."""
    service = compose()["services"][name]
    told = {key: str(value) for key, value in service.get("environment", {}).items()}
    read: dict[str, Path] = {}
    written: dict[str, Path] = {}
    for mount in service.get("volumes", []):
        source, target, *how = mount.split(":")
        outside = ROOT / source if source.startswith(".") else volumes / source
        outside.mkdir(exist_ok=True)
        (read if how == ["ro"] else written)[target] = outside
    return Container(
        name,
        image,
        [*service.get("entrypoint", image.entrypoint), *service["command"]],
        service.get("user", image.configuration["User"]),
        image.environment | {key: _interpolated(value) for key, value in told.items()},
        read,
        written,
        [mount.partition(":")[0] for mount in service.get("tmpfs", [])],
        float(service.get("stop_grace_period", "10s").removesuffix("s")),
        log,
    )


def _interpolated(value: str) -> str:
    """``${NAME:-default}`` where nobody has set it."""
    return value.removeprefix("${").removesuffix("}").partition(":-")[2] if value.startswith("${") else value


def of_manifest(name: str, overlay: list[Document], image: Image, secrets: Path, log: Path) -> Container:
    """The one container of a workload. A Secret is a folder of ``secrets`` by the name it has without its hash."""
    pod = pods(overlay)[name]["spec"]
    (container,) = pod["containers"]
    context = pod["securityContext"]
    return Container(
        name,
        image,
        [*container.get("command", image.entrypoint), *container["args"]],
        f"{context['runAsUser']}:{context['runAsGroup']}",
        image.environment | environment(overlay, container),
        {mount["mountPath"]: _folder(pod, mount["name"], secrets) for mount in container["volumeMounts"]},
        grace=pod.get("terminationGracePeriodSeconds", 30),
        log=log,
    )


def _folder(pod: dict[str, Any], volume: str, secrets: Path) -> Path:
    (name,) = (each["secret"]["secretName"] for each in pod["volumes"] if each["name"] == volume)
    return secrets / str(name).rpartition("-")[0]


def probe(name: str, overlay: list[Document], which: str) -> tuple[str, str]:
    """The name of the port that a probe asks, and the path."""
    asked = of_kind(overlay, "Deployment")[name]["spec"]["template"]["spec"]["containers"][0][which]["httpGet"]
    return asked["port"], asked["path"]


def in_order(names: set[str]) -> list[str]:
    """These services of the compose file, each after those that its ``depends_on`` names."""
    services = compose()["services"]
    order: list[str] = []
    while waiting := sorted(names - set(order)):
        order += [name for name in waiting if not names & set(services[name]["depends_on"]) - set(order)]
    return order
