"""Reading rendered resources: workloads, their pods, and what their containers are given."""

from collections.abc import Iterator, Sequence
from typing import Any

from tests.deployment.rendering import Document

SERVICES = ("gateway", "users", "tasks", "info")
WORKLOADS = {"Deployment", "StatefulSet", "Job"}


def of_kind(overlay: Sequence[Document], *kinds: str) -> dict[str, Document]:
    """The resources of these kinds by name."""
    return {each["metadata"]["name"]: each for each in overlay if each["kind"] in kinds}


def pods(overlay: Sequence[Document]) -> dict[str, Document]:
    """The pod template of each workload by its name; of a RabbitmqCluster, what it is patched with."""
    found = {name: each["spec"]["template"] for name, each in of_kind(overlay, *WORKLOADS).items()}
    for name, each in of_kind(overlay, "RabbitmqCluster").items():
        found[name] = each["spec"]["override"]["statefulSet"]["spec"]["template"]
    return found


def containers(pod: Document) -> Iterator[Document]:
    """Its containers, those that run first included."""
    yield from pod["spec"].get("initContainers", [])
    yield from pod["spec"]["containers"]


def secrets_of(pod: Document) -> set[str]:
    """The names of the Secrets that a pod is given, in whatever way."""
    return set(_secret_names(pod["spec"]))


def _secret_names(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        for key, value in part.items():
            if key in ("secretKeyRef", "secretRef"):
                yield value["name"]
            elif key == "secret":
                yield value.get("secretName") or value["name"]
            else:
                yield from _secret_names(value)
    elif isinstance(part, list):
        for each in part:
            yield from _secret_names(each)


def environment(overlay: Sequence[Document], container: Document) -> dict[str, str]:
    """What a container finds in its environment: its ConfigMaps and what it states itself."""
    maps = of_kind(overlay, "ConfigMap")
    found: dict[str, str] = {}
    for source in container.get("envFrom", []):
        found |= maps[source["configMapRef"]["name"]]["data"]
    return found | {each["name"]: each["value"] for each in container.get("env", [])}
