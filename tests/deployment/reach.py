"""Who reaches whom through the NetworkPolicies, decided as a network plugin decides it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any

from tests.deployment.rendering import Document
from tests.deployment.workloads import of_kind, pods

HERE = "backoffice"
Labels = Mapping[str, str]


@dataclass(frozen=True)
class Peer:
    """A pod, or an address outside the cluster."""

    name: str
    labels: Labels = field(default_factory=dict)
    namespace: str = HERE
    ports: Mapping[str, int] = field(default_factory=dict)
    address: str | None = None


def peers(overlay: Sequence[Document]) -> list[Peer]:
    """The pods of an overlay, one for each workload; those that operators make have the labels that they are told."""
    found = []
    for name, pod in pods(overlay).items():
        ports = {port["name"]: port["containerPort"] for port in pod["spec"]["containers"][0].get("ports", [])}
        found.append(Peer(name, pod["metadata"]["labels"], ports=ports))
    for name, cluster in of_kind(overlay, "Cluster").items():
        found.append(Peer(name, cluster["spec"]["inheritedMetadata"]["labels"]))
    return found


def reaches(overlay: Sequence[Document], source: Peer, target: Peer, port: int) -> bool:
    """Whether both ends let a TCP connection be: what no policy selects is free, the rest needs one that allows it."""
    policies = list(of_kind(overlay, "NetworkPolicy").values())
    return _lets(policies, "Egress", source, target, target, port) and _lets(
        policies, "Ingress", target, source, target, port
    )


def _lets(policies: list[Document], way: str, subject: Peer, other: Peer, target: Peer, port: int) -> bool:
    if subject.namespace != HERE or subject.address is not None:
        return True
    selecting = [
        policy["spec"]
        for policy in policies
        if way in policy["spec"]["policyTypes"] and _selects(policy["spec"]["podSelector"], subject.labels)
    ]
    return not selecting or any(_allows(rule, way, other, target, port) for rule in _rules(selecting, way))


def _rules(specs: list[dict[str, Any]], way: str) -> Iterator[dict[str, Any]]:
    for spec in specs:
        yield from spec.get(way.lower(), [])


def _allows(rule: dict[str, Any], way: str, other: Peer, target: Peer, port: int) -> bool:
    ends = rule.get("from" if way == "Ingress" else "to")
    at_end = ends is None or any(_is(end, other) for end in ends)
    ports = rule.get("ports")
    at_port = ports is None or any(
        each.get("protocol", "TCP") == "TCP" and port == target.ports.get(each["port"], each["port"]) for each in ports
    )
    return at_end and at_port


def _is(end: dict[str, Any], other: Peer) -> bool:
    if "ipBlock" in end:
        return other.address is not None and ip_address(other.address) in ip_network(end["ipBlock"]["cidr"])
    if other.address is not None:
        return False
    namespace = {"kubernetes.io/metadata.name": other.namespace}
    if "namespaceSelector" in end:
        return _selects(end["namespaceSelector"], namespace) and _selects(end.get("podSelector", {}), other.labels)
    return other.namespace == HERE and _selects(end["podSelector"], other.labels)


def _selects(selector: dict[str, Any], labels: Labels) -> bool:
    for expression in selector.get("matchExpressions", []):
        assert expression["operator"] == "In"
        if labels.get(expression["key"]) not in expression["values"]:
            return False
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())
