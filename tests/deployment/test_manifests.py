"""What the manifests promise: pods that may do little, probes that mean what they say, upgrades that nobody notices."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.contracts.events import EVENTS, Service
from services.runtime.settings import Settings
from tests.deployment.rendering import OVERLAYS, Document, documents, kubectl, kustomize
from tests.deployment.workloads import SERVICES, containers, environment, of_kind, pods
from tests.stack import ROOT

NAMESPACE = "pod-security.kubernetes.io/"


@pytest.mark.parametrize("overlay_name", OVERLAYS)
def test_without_credentials_nothing_is_rendered(overlay_name: str, tmp_path: Path) -> None:
    if kubectl() is None:
        pytest.skip("no kubectl with kustomize 5 or later is installed (scripts/ci-tools gets one)")
    for part in ("k8s", "deploy"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("secrets"))

    done = kustomize(tmp_path / "k8s" / "overlays" / overlay_name)

    assert done.returncode != 0
    assert "secrets/" in done.stderr


def test_no_secret_stands_in_the_repository() -> None:
    committed = [path for path in (ROOT / "k8s").rglob("*.yaml") if "secrets" not in path.parts]

    kinds = {each.get("kind") for path in committed for each in documents(path.read_text(encoding="utf-8"))}
    assert {"Deployment", "Kustomization"} <= kinds
    assert "Secret" not in kinds


def test_everything_is_in_the_namespace_that_refuses_pods_which_ask_for_more(overlay: list[Document]) -> None:
    labels = of_kind(overlay, "Namespace")["backoffice"]["metadata"]["labels"]

    assert {labels[NAMESPACE + mode] for mode in ("enforce", "audit", "warn")} == {"restricted"}
    assert {each["metadata"]["namespace"] for each in overlay if each["kind"] != "Namespace"} == {"backoffice"}


def test_every_pod_fits_the_restricted_standard_and_writes_nowhere(overlay: list[Document]) -> None:
    for name, pod in pods(overlay).items():
        context = pod["spec"]["securityContext"]
        assert context["runAsNonRoot"] is True, name
        assert context["runAsUser"] > 0, name
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod["spec"]), name
        assert all(restricted(volume) for volume in pod["spec"].get("volumes", [])), name
        for container in containers(pod):
            own = container["securityContext"]
            assert own["allowPrivilegeEscalation"] is False, name
            assert own["capabilities"] == {"drop": ["ALL"]}, name
            if "image" in container:
                assert own["readOnlyRootFilesystem"] is True, name


def restricted(volume: dict[str, Any]) -> bool:
    """Whether a volume is of a type that the standard allows."""
    return bool(set(volume) - {"name"} <= {"configMap", "emptyDir", "secret", "projected", "persistentVolumeClaim"})


def test_no_pod_is_given_an_account_of_the_cluster(overlay: list[Document]) -> None:
    for name, pod in pods(overlay).items():
        if "image" in pod["spec"]["containers"][0]:
            assert pod["spec"]["automountServiceAccountToken"] is False
            assert pod["spec"]["serviceAccountName"] == name
            assert of_kind(overlay, "ServiceAccount")[name]["automountServiceAccountToken"] is False
    assert not of_kind(overlay, "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding")


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_rolled_without_ever_being_fewer(overlay: list[Document], service: str) -> None:
    deployment = of_kind(overlay, "Deployment")[service]
    rolling = deployment["spec"]["strategy"]["rollingUpdate"]

    assert rolling == {"maxUnavailable": 0, "maxSurge": 1}
    assert of_kind(overlay, "PodDisruptionBudget")[service]["spec"]["maxUnavailable"] == 1
    spread = deployment["spec"]["template"]["spec"]["topologySpreadConstraints"]
    assert {each["topologyKey"] for each in spread} == {"topology.kubernetes.io/zone", "kubernetes.io/hostname"}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_killed_only_after_its_drain(overlay: list[Document], service: str) -> None:
    pod = pods(overlay)[service]
    settings = settings_of(overlay, pod)

    grace = pod["spec"]["terminationGracePeriodSeconds"]
    assert settings.drain_delay_seconds > 0
    assert grace >= settings.drain_delay_seconds + settings.drain_seconds + 10


def settings_of(overlay: list[Document], pod: Document) -> Settings:
    """The settings as the service would read them: a wrong value is refused."""
    found = environment(overlay, pod["spec"]["containers"][0])
    return Settings.from_environment({name: value for name, value in found.items() if not name.endswith("_FILE")})


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_told_nothing_that_is_no_setting(overlay: list[Document], service: str) -> None:
    known = {name.upper() for name in Settings.__dataclass_fields__}

    stated = set(environment(overlay, pods(overlay)[service]["spec"]["containers"][0]))
    assert {name.removesuffix("_FILE") for name in stated} <= known


@pytest.mark.parametrize("service", SERVICES)
def test_probes_ask_what_they_mean(overlay: list[Document], service: str) -> None:
    container = pods(overlay)[service]["spec"]["containers"][0]

    def asked(probe: str) -> dict[str, Any]:
        asked: dict[str, Any] = container[probe]["httpGet"]
        return asked

    assert asked("livenessProbe") == asked("startupProbe") == {"path": "/healthz", "port": "metrics"}
    assert asked("readinessProbe") == {"path": "/readyz", "port": "metrics"}
    assert {"name": "metrics", "containerPort": 9000} in container["ports"]
    # It leaves the endpoints while it waits for DRAIN_DELAY_SECONDS, and is not killed for being slow.
    ready, alive = container["readinessProbe"], container["livenessProbe"]
    assert ready["periodSeconds"] * ready["failureThreshold"] < alive["periodSeconds"] * alive["failureThreshold"]


def test_tasks_is_known_to_info_by_its_own_user(overlay: list[Document]) -> None:
    assert settings_of(overlay, pods(overlay)["info"]).tasks_broker_user == Service.TASKS


def test_the_ingress_speaks_tls_and_leaves_websockets_open(overlay: list[Document]) -> None:
    (ingress,) = of_kind(overlay, "Ingress").values()

    hosts = {rule["host"] for rule in ingress["spec"]["rules"]}
    assert {host for tls in ingress["spec"]["tls"] for host in tls["hosts"]} == hosts
    annotations = ingress["metadata"]["annotations"]
    assert annotations["nginx.ingress.kubernetes.io/force-ssl-redirect"] == "true"
    assert int(annotations["nginx.ingress.kubernetes.io/proxy-read-timeout"]) >= 3600
    assert settings_of(overlay, pods(overlay)["gateway"]).trusted_proxies == 1


def test_prometheus_is_told_the_alerts_and_grafana_the_dashboard(rendered: dict[str, list[Document]]) -> None:
    production = rendered["production"]
    alerts, dashboard = ((ROOT / "deploy/monitoring" / name).read_text() for name in ("alerts.yaml", "dashboard.json"))

    assert of_kind(production, "PrometheusRule")["backoffice"]["spec"] == yaml.safe_load(alerts)
    assert of_kind(production, "ConfigMap")["dashboard"]["data"] == {"backoffice.json": dashboard}


def test_prometheus_scrapes_the_port_that_every_service_has(rendered: dict[str, list[Document]]) -> None:
    production = rendered["production"]
    (monitor,) = of_kind(production, "ServiceMonitor").values()

    (expression,) = monitor["spec"]["selector"]["matchExpressions"]
    assert set(expression["values"]) == set(SERVICES)
    ports = {endpoint["port"] for endpoint in monitor["spec"]["endpoints"]}
    for service in SERVICES:
        found = of_kind(production, "Service")[service]
        assert found["metadata"]["labels"]["app.kubernetes.io/name"] == service
        assert ports <= {port["name"] for port in found["spec"]["ports"]}


def test_replicas_follow_the_queues_that_a_service_reads(rendered: dict[str, list[Document]]) -> None:
    production = rendered["production"]
    scaled = of_kind(production, "ScaledObject")

    for service in (Service.TASKS, Service.INFO):
        read = {event.queue for event in EVENTS if event.listener is service}
        triggers = scaled[service]["spec"]["triggers"]
        assert {trigger["metadata"]["queueName"] for trigger in triggers} == read
        assert {trigger["authenticationRef"]["name"] for trigger in triggers} == {service}
    assert [trigger["type"] for trigger in scaled["gateway"]["spec"]["triggers"]] == ["cpu"]
    for name, each in scaled.items():
        assert each["spec"]["minReplicaCount"] >= 2
        assert each["spec"]["scaleTargetRef"] == {"name": name}
        assert "replicas" not in of_kind(production, "Deployment")[name]["spec"]


def test_info_never_asks_for_more_connections_than_the_database_has(rendered: dict[str, list[Document]]) -> None:
    production = rendered["production"]
    replicas = of_kind(production, "ScaledObject")["info"]["spec"]["maxReplicaCount"]
    connections = settings_of(production, pods(production)["info"]).database_connections
    database = of_kind(production, "Cluster")["postgres"]["spec"]["postgresql"]["parameters"]

    # One more while they are rolled, each listens on one, and ten are left for people and for the operator.
    assert (replicas + 1) * (connections + 1) + 10 <= int(database["max_connections"])


def test_production_survives_the_loss_of_a_zone(rendered: dict[str, list[Document]]) -> None:
    production = rendered["production"]

    broker = of_kind(production, "RabbitmqCluster")["rabbitmq"]["spec"]
    assert broker["replicas"] == 3
    (spread,) = pods(production)["rabbitmq"]["spec"]["topologySpreadConstraints"]
    assert spread["topologyKey"] == "topology.kubernetes.io/zone"
    assert spread["whenUnsatisfiable"] == "DoNotSchedule"
    database = of_kind(production, "Cluster")["postgres"]["spec"]
    assert database["instances"] == 3
    assert database["postgresql"]["synchronous"]["number"] >= 1
    assert database["affinity"]["podAntiAffinityType"] == "required"


def test_everything_that_runs_the_product_runs_one_image(overlay: list[Document]) -> None:
    images = {pods(overlay)[name]["spec"]["containers"][0]["image"] for name in (*SERVICES, "migrate")}

    (image,) = images
    assert image.endswith("backoffice:0.1.0")


def test_the_migration_can_be_applied_alone_and_first(overlay: list[Document]) -> None:
    """``kubectl apply -l app.kubernetes.io/name=migrate``: the Job, its account and its Secret."""
    selected = {
        each["kind"]
        for each in overlay
        if each["metadata"].get("labels", {}).get("app.kubernetes.io/name") == "migrate"
    }
    assert selected == {"ServiceAccount", "Job", "Secret"}


def test_the_demo_alone_has_demo_data(rendered: dict[str, list[Document]]) -> None:
    arguments = {name: pods(found)["migrate"]["spec"]["containers"][0]["args"] for name, found in rendered.items()}

    assert arguments == {"demo": ["migrate", "--demo"], "production": ["migrate"]}


def test_the_kustomizations_use_nothing_deprecated() -> None:
    for path in (ROOT / "k8s").rglob("kustomization.yaml"):
        stated = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert not {"bases", "commonLabels", "patchesStrategicMerge", "patchesJson6902", "vars"} & set(stated)
