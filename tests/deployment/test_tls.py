"""In production whoever speaks to RabbitMQ or PostgreSQL checks, by TLS, that it is the one that was meant."""

import base64
import posixpath
from collections.abc import Iterator
from typing import Any
from urllib.parse import SplitResult, parse_qs, urlsplit

import pytest

from tests.deployment.rendering import Document
from tests.deployment.workloads import SERVICES, of_kind, pods

Address = tuple[str, SplitResult]
"""Whose it is, and the address."""


@pytest.fixture
def production(rendered: dict[str, list[Document]]) -> list[Document]:
    """The overlay."""
    return rendered["production"]


def addresses(overlay: list[Document], key: str) -> Iterator[Address]:
    """What the Secrets hold under a key."""
    for name, secret in of_kind(overlay, "Secret").items():
        if key in secret["data"]:
            yield name.rpartition("-")[0], urlsplit(base64.b64decode(secret["data"][key]).decode())


def mounted(overlay: list[Document], workload: str, path: str) -> tuple[str, str]:
    """The Secret and the key that a workload finds in a file. Its volume holds that one key and no other."""
    pod = pods(overlay)[workload]["spec"]
    folder, file = posixpath.split(path)
    (volume,) = (each["name"] for each in pod["containers"][0]["volumeMounts"] if each["mountPath"] == folder)
    (secret,) = (each["secret"] for each in pod["volumes"] if each["name"] == volume)
    (item,) = secret["items"]
    assert item["path"] == file
    return secret["secretName"], item["key"]


def broker(overlay: list[Document]) -> dict[str, Any]:
    """How RabbitMQ is to speak TLS."""
    tls: dict[str, Any] = of_kind(overlay, "RabbitmqCluster")["rabbitmq"]["spec"]["tls"]
    return tls


def test_the_broker_listens_to_nothing_in_the_clear(production: list[Document]) -> None:
    assert broker(production) == {"secretName": "rabbitmq-tls", "disableNonTLSListeners": True}


def test_every_service_checks_the_brokers_certificate_against_its_authority(production: list[Document]) -> None:
    found = dict(addresses(production, "amqp_uri"))

    assert set(found) == set(SERVICES)
    for service, uri in found.items():
        assert (uri.scheme, uri.port) == ("amqps", 5671)
        (authority,) = parse_qs(uri.query)["cacertfile"]
        assert mounted(production, service, authority) == (broker(production)["secretName"], "ca.crt")


def test_the_brokers_certificate_is_for_the_name_by_which_it_is_called(production: list[Document]) -> None:
    certificates = of_kind(production, "Certificate")
    (shown,) = (
        each["spec"] for each in certificates.values() if each["spec"]["secretName"] == broker(production)["secretName"]
    )

    assert {uri.hostname for _, uri in addresses(production, "amqp_uri")} <= set(shown["dnsNames"])
    issuer = of_kind(production, "Issuer")[shown["issuerRef"]["name"]]["spec"]["ca"]["secretName"]
    (authority,) = (each["spec"] for each in certificates.values() if each["spec"]["secretName"] == issuer)
    assert authority["isCA"] is True


def test_the_name_of_the_broker_is_known_in_other_namespaces_too(production: list[Document]) -> None:
    """KEDA uses the same address, from its own namespace."""
    (name,) = {uri.hostname for _, uri in addresses(production, "amqp_uri")}

    assert name == f"rabbitmq.{of_kind(production, 'RabbitmqCluster')['rabbitmq']['metadata']['namespace']}.svc"


def test_keda_checks_the_brokers_certificate(production: list[Document]) -> None:
    maps = of_kind(production, "ConfigMap")

    found = of_kind(production, "TriggerAuthentication")
    assert set(found) == {"tasks", "info"}
    for each in found.values():
        (stated,) = each["spec"]["configMapTargetRef"]
        assert (stated["parameter"], maps[stated["name"]]["data"][stated["key"]]) == ("tls", "enable")
        assert {"parameter": "ca", "name": broker(production)["secretName"], "key": "ca.crt"} in each["spec"][
            "secretTargetRef"
        ]


def test_whoever_speaks_to_the_database_checks_its_certificate(production: list[Document]) -> None:
    found = dict(addresses(production, "database_url"))

    assert set(found) == {"info", "migrate"}
    for workload, url in found.items():
        query = parse_qs(url.query)
        assert query["sslmode"] == ["verify-full"]
        (authority,) = query["sslrootcert"]
        # CloudNativePG names it after the cluster.
        (cluster,) = of_kind(production, "Cluster")
        assert mounted(production, workload, authority) == (f"{cluster}-ca", "ca.crt")


def test_the_database_takes_nobody_in_the_clear(production: list[Document]) -> None:
    """CloudNativePG puts its own rule, which lets everybody in by password, after these."""
    assert of_kind(production, "Cluster")["postgres"]["spec"]["postgresql"]["pg_hba"] == [
        "hostnossl all all all reject"
    ]
