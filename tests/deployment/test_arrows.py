"""Networks, Secrets and environment allow the arrows of the architecture and no other.

The arrows are those of ARCHITECTURE.md's table: every service speaks to RabbitMQ; those that know SQL to PostgreSQL;
the one that knows HTTP is spoken to from outside.
"""

import base64
import json
from collections.abc import Iterator
from itertools import product
from typing import Any
from urllib.parse import urlsplit

import pytest

from services.contracts.calls import SYSTEMS
from services.contracts.events import Service
from tests.deployment.reach import Peer, peers, reaches
from tests.deployment.rendering import Document, compose
from tests.deployment.workloads import containers, environment, of_kind, pods, secrets_of
from tests.documents import rows
from tests.stack import ROOT

ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
IGNORANT = {
    service.value: row[2]
    for service in Service
    for row in rows(ARCHITECTURE)
    if row[0].startswith(f"[{service}]") and len(row) >= 6
}
"""What each service does not know, in the words of the table."""

ALL = {service.value for service in Service}
OF_THE_DATABASE = {service for service, unknown in IGNORANT.items() if "SQL" not in unknown}
OF_THE_EDGE = {service for service, unknown in IGNORANT.items() if "HTTP" not in unknown}

PORTS = (22, 53, 80, 443, 4369, 5000, 5432, 5671, 5672, 6443, 8000, 9000, 15671, 15672, 15691, 15692, 25672)
AUTHORITIES = {"postgres-ca", "rabbitmq-tls"}
"""Of these Secrets a pod is given the authority's certificate alone: ``test_tls.py``."""

WORLD = Peer("world", address="192.0.2.1")
STRANGER = Peer("stranger", {"app.kubernetes.io/name": "gateway"}, "elsewhere")
INGRESS = Peer("ingress", {"app.kubernetes.io/name": "ingress-nginx"}, "ingress-nginx")
PROMETHEUS = Peer("prometheus", {"app.kubernetes.io/name": "prometheus"}, "monitoring")
GRAFANA = Peer("grafana", {"app.kubernetes.io/name": "grafana"}, "monitoring")
KEDA = Peer("keda", {"app": "keda-operator"}, "keda")
OPERATORS = [Peer("rabbitmq-operator", {}, "rabbitmq-system"), Peer("cnpg-operator", {}, "cnpg-system")]
OUTSIDE = [WORLD, STRANGER, INGRESS, PROMETHEUS, GRAFANA, KEDA, *OPERATORS]


def test_the_architecture_says_who_is_at_the_database_and_who_at_the_edge() -> None:
    assert set(IGNORANT) == ALL
    assert {"info"} == OF_THE_DATABASE
    assert {"gateway"} == OF_THE_EDGE


def test_pods_reach_what_the_architecture_draws(overlay: list[Document]) -> None:
    here = peers(overlay)
    several = not of_kind(overlay, "StatefulSet")

    allowed = {("rabbitmq", 5671 if several else 5672): ALL, ("postgres", 5432): {*OF_THE_DATABASE, "migrate"}}
    expected = {(source, target, port) for (target, port), sources in allowed.items() for source in sources}
    if several:
        expected |= {("rabbitmq", "rabbitmq", port) for port in (4369, 25672)}
        expected |= {("postgres", "postgres", port) for port in (5432, 8000)}
    found = {
        (source.name, target.name, port)
        for source, target, port in product(here, here, PORTS)
        if reaches(overlay, source, target, port)
    }
    assert found == expected


def test_from_outside_only_the_edge_is_reached_and_metrics_are_by_prometheus(
    rendered: dict[str, list[Document]],
) -> None:
    ours = {("ingress", service, 5000) for service in OF_THE_EDGE}
    watched = {("prometheus", service, 9000) for service in ALL}
    operated = {
        ("keda", "rabbitmq", 5671),
        ("rabbitmq-operator", "rabbitmq", 15671),
        ("cnpg-operator", "postgres", 5432),
        ("cnpg-operator", "postgres", 8000),
    }

    assert reached(rendered["demo"], OUTSIDE, peers(rendered["demo"])) == ours
    production = rendered["production"]
    assert reached(production, OUTSIDE, peers(production)) == ours | watched | operated


def test_nothing_reaches_the_world_but_the_database_its_api_server(rendered: dict[str, list[Document]]) -> None:
    production = rendered["production"]
    asking = {("postgres", outside.name, port) for outside in [WORLD] for port in (443, 6443)}

    assert reached(rendered["demo"], peers(rendered["demo"]), OUTSIDE) == set()
    assert reached(production, peers(production), OUTSIDE) == asking


def reached(overlay: list[Document], sources: list[Peer], targets: list[Peer]) -> set[tuple[str, str, int]]:
    """Every arrow between them."""
    return {
        (source.name, target.name, port)
        for source, target, port in product(sources, targets, PORTS)
        if reaches(overlay, source, target, port)
    }


def test_the_ingress_leads_to_the_edge_alone(overlay: list[Document]) -> None:
    paths = [
        path["backend"]["service"]["name"]
        for ingress in of_kind(overlay, "Ingress").values()
        for rule in ingress["spec"]["rules"]
        for path in rule["http"]["paths"]
    ]
    assert set(paths) == OF_THE_EDGE
    assert not [
        each for each in of_kind(overlay, "Service").values() if each["spec"].get("type", "ClusterIP") != "ClusterIP"
    ]


def test_a_pod_is_given_its_own_secret_and_no_other(overlay: list[Document]) -> None:
    known = set(of_kind(overlay, "Secret"))

    for name, pod in pods(overlay).items():
        given = {without_hash(secret, known) for secret in secrets_of(pod)} - AUTHORITIES
        own = {"rabbitmq", "rabbitmq-definitions"} & {without_hash(each, known) for each in known} or {name}
        assert given == (own if name == "rabbitmq" else {name})


def without_hash(name: str, known: set[str]) -> str:
    """The name as the overlay states it; operators make some others."""
    stated, _, ending = name.rpartition("-")
    return stated if name in known and len(ending) == 10 else name


def test_a_secret_holds_the_credential_of_its_holder_and_no_other(overlay: list[Document]) -> None:
    secrets = decoded(overlay)

    for service in ALL:
        assert urlsplit(secrets[service]["amqp_uri"]).username == service
        expected = {"amqp_uri", "database_url"} if service in OF_THE_DATABASE else {"amqp_uri"}
        assert set(secrets[service]) == expected
    assert urlsplit(secrets["info"]["database_url"]).username == "backoffice_info"
    assert urlsplit(secrets["migrate"]["database_url"]).username == "backoffice_owner"
    assert set(secrets["migrate"]) == {"database_url"}


def test_a_password_is_where_its_holder_and_its_server_are_and_nowhere_else(overlay: list[Document]) -> None:
    secrets = decoded(overlay)
    servers = {name for name in secrets if name.startswith("postgres")}

    for holder, key, also in [
        *((service, "amqp_uri", set[str]()) for service in ALL),
        ("info", "database_url", servers),
        ("migrate", "database_url", servers),
    ]:
        password = urlsplit(secrets[holder][key]).password
        assert password
        assert len(password) >= 43
        assert {name for name, data in secrets.items() if password in json.dumps(data)} - also == {holder}
    text = json.dumps([each for each in overlay if each["kind"] != "Secret"])
    for data in secrets.values():
        assert not [key for key, value in data.items() if key != "username" and value in text]


def decoded(overlay: list[Document]) -> dict[str, dict[str, str]]:
    """Every Secret by the name it has without its hash."""
    found = of_kind(overlay, "Secret")
    return {
        without_hash(name, set(found)): {key: base64.b64decode(value).decode() for key, value in secret["data"].items()}
        for name, secret in found.items()
    }


def test_the_environment_names_the_database_for_those_who_are_at_it_alone(overlay: list[Document]) -> None:
    told = {
        name: {variable for container in containers(pod) for variable in environment_of(overlay, container)}
        for name, pod in pods(overlay).items()
    }

    assert {name for name, found in told.items() if "DATABASE_URL_FILE" in found} == {*OF_THE_DATABASE, "migrate"}
    assert {name for name, found in told.items() if "AMQP_URI_FILE" in found} == ALL
    assert not {"DATABASE_URL", "AMQP_URI"} & set().union(*told.values())


def environment_of(overlay: list[Document], container: Document) -> dict[str, str]:
    """Of a container of ours; of one that an operator makes, nothing is said here."""
    return environment(overlay, container) if "image" in container else {}


def test_the_broker_knows_a_user_for_each_service(overlay: list[Document]) -> None:
    name = "rabbitmq" if "rabbitmq" in decoded(overlay) else "rabbitmq-definitions"
    definitions = json.loads(decoded(overlay)[name]["definitions.json"])

    assert {user["name"] for user in definitions["users"]} == {*ALL, SYSTEMS, "admin"}
    assert all(user["password_hash"] for user in definitions["users"])
    assert {user["name"] for user in definitions["users"] if user["tags"]} == {"admin"}


# --- the same on one machine

COMPOSE: dict[str, dict[str, Any]] = compose()["services"]


def test_in_compose_the_networks_are_the_arrows() -> None:
    beside = {name: {other for other in COMPOSE if networks(name) & networks(other)} - {name} for name in COMPOSE}

    assert beside["postgres"] == {*OF_THE_DATABASE, "migrate", "demo"}
    assert beside["rabbitmq"] == ALL
    assert beside["secrets"] == set()
    closed = {name for name, network in compose()["networks"].items() if network.get("internal")}
    assert networks("postgres") <= closed
    for service in ALL - OF_THE_EDGE:
        assert networks(service) <= closed


def networks(name: str) -> set[str]:
    """Those that a service is in."""
    return set(COMPOSE[name].get("networks", []))


def test_in_compose_only_the_edge_and_the_management_interface_have_a_port_on_the_machine() -> None:
    assert {name for name, service in COMPOSE.items() if "ports" in service} == {*OF_THE_EDGE, "rabbitmq"}


def test_in_compose_each_holds_the_volume_of_its_own_credentials() -> None:
    holders: dict[str, set[str]] = {}
    for name, volume in mounted():
        holders.setdefault(volume, set()).add(name)

    owner = {"secrets-migrate": {"migrate", "demo"}, "secrets-internal": set[str]()}
    for volume in compose()["volumes"]:
        if volume.startswith("secrets-"):
            expected = owner.get(volume, {volume.removeprefix("secrets-")})
            assert holders[volume] - {"secrets"} == expected
    assert {name for name, service in COMPOSE.items() if "DATABASE_URL_FILE" in service.get("environment", {})} == {
        *OF_THE_DATABASE,
        "migrate",
        "demo",
    }


def mounted() -> Iterator[tuple[str, str]]:
    """Each service with each of its volumes."""
    for name, service in COMPOSE.items():
        for mount in service.get("volumes", []):
            yield name, mount.partition(":")[0]


@pytest.mark.parametrize(
    ("change", "arrow"),
    [
        ({"podSelector": {}}, ("tasks", "postgres", 5432)),
        ({"podSelector": {"matchLabels": {"app.kubernetes.io/name": "migrate"}}}, None),
    ],
)
def test_an_arrow_too_many_or_too_few_would_be_seen(
    rendered: dict[str, list[Document]], change: dict[str, Any], arrow: tuple[str, str, int] | None
) -> None:
    """One policy is changed at each end, as by a slip; the sets above would no longer be equal."""
    changed = json.loads(json.dumps(rendered["demo"]))
    for policy in of_kind(changed, "NetworkPolicy").values():
        if policy["metadata"]["name"] == "info-to-database":
            policy["spec"] |= change
        if policy["metadata"]["name"] == "database-from-info":
            policy["spec"]["ingress"][0]["from"] = [change]
    here = peers(changed)

    found = reached(changed, here, here)

    assert (arrow in found) if arrow else (("info", "postgres", 5432) not in found)
