"""Every rendered resource is one that the API server, or the operator behind it, takes: unknown fields are refused."""

from collections.abc import Iterator
from pathlib import Path

import jsonschema
import kubernetes_validate
import pytest
import yaml

from tests.deployment.rendering import Document

VERSIONS = ("1.29", "1.31", "1.34", "1.37")
CUSTOM = yaml.safe_load((Path(__file__).parent / "custom_resources.yaml").read_text(encoding="utf-8"))


def kind_of(document: Document) -> str:
    """As the schemas name it."""
    return f"{document['apiVersion']}/{document['kind']}"


@pytest.mark.parametrize("version", VERSIONS)
def test_what_kubernetes_knows_fits_its_schema_strictly(overlay: list[Document], version: str) -> None:
    for document in overlay:
        if kind_of(document) not in CUSTOM:
            kubernetes_validate.validate(document, version, strict=True)


def test_what_an_operator_knows_fits_what_it_documents(overlay: list[Document]) -> None:
    for document in overlay:
        if kind_of(document) in CUSTOM:
            schema = CUSTOM[kind_of(document)] | {"$defs": CUSTOM["$defs"]}
            jsonschema.Draft202012Validator(schema).validate(document["spec"])
            assert set(document) == {"apiVersion", "kind", "metadata", "spec"}


@pytest.mark.parametrize("version", VERSIONS)
def test_what_stands_inside_custom_resources_as_kubernetes_has_it_fits_too(
    overlay: list[Document], version: str
) -> None:
    for document in overlay:
        for inner in embedded(document):
            kubernetes_validate.validate(inner, version, strict=True)


def embedded(document: Document) -> Iterator[Document]:
    """Parts of a custom resource that have a schema of Kubernetes', each in a resource that may hold it."""
    if document["kind"] == "RabbitmqCluster":
        patch = document["spec"]["override"]["statefulSet"]["spec"]
        yield {
            "apiVersion": "apps/v1",
            "kind": "StatefulSet",
            "metadata": {"name": "patched"},
            "spec": {"serviceName": "patched", "selector": {}} | patch,
        }
    if document["kind"] == "ScaledObject":
        yield {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "made-by-keda"},
            "spec": {
                "scaleTargetRef": {"kind": "Deployment", "name": "any"},
                "maxReplicas": 2,
                "behavior": document["spec"]["advanced"]["horizontalPodAutoscalerConfig"]["behavior"],
            },
        }


def test_a_schema_refuses_what_is_misspelt() -> None:
    """The checks above would pass whatever a schema that refuses nothing is given."""
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(
            {
                "apiVersion": "v1",
                "kind": "ServiceAccount",
                "metadata": {"name": "a"},
                "automountServiceAccountTokens": 1,
            },
            VERSIONS[0],
            strict=True,
        )
    schema = CUSTOM["keda.sh/v1alpha1/TriggerAuthentication"] | {"$defs": CUSTOM["$defs"]}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema).validate({"secretTargetRefs": []})
