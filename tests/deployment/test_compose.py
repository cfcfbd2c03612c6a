"""docker-compose.yml fits the Compose specification, and runs everything with as little as it needs."""

import json
from importlib.resources import files
from typing import Any

import jsonschema
import pytest

from tests.deployment.rendering import compose

ONCE = {"migrate", "demo", "secrets"}
SERVICES: dict[str, dict[str, Any]] = compose()["services"]


def test_it_fits_the_schema_of_the_compose_specification() -> None:
    schema = json.loads((files("check_jsonschema") / "builtin_schemas/vendor/compose-spec.json").read_text())

    jsonschema.validators.validator_for(schema)(schema).validate(compose())


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_may_write_nowhere_gains_nothing_and_is_bounded(name: str) -> None:
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "pid", "ipc", "devices"} & set(service)
    assert {"cpus", "memory"} <= set(service["deploy"]["resources"]["limits"])
    assert service["restart"] == ("no" if name in ONCE else "unless-stopped")


@pytest.mark.parametrize("name", SERVICES)
def test_a_port_is_published_on_this_machine_alone(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))


@pytest.mark.parametrize("name", SERVICES)
def test_no_credential_stands_in_the_file(name: str) -> None:
    environment = SERVICES[name].get("environment", {})

    secret = {variable for variable in environment if any(word in variable for word in ("URI", "URL", "PASSWORD"))}
    assert all(variable.endswith("_FILE") for variable in secret)
    assert all(environment[variable].startswith("/run/secrets/") for variable in secret)


def test_only_the_maker_of_the_credentials_runs_as_root_and_it_has_no_network() -> None:
    assert {name for name, service in SERVICES.items() if service.get("user", "").startswith("0")} == {"secrets"}
    assert SERVICES["secrets"]["network_mode"] == "none"


def test_everything_starts_after_what_it_needs_is_healthy_or_done() -> None:
    order = started_in_order()

    for before, after in [
        ("secrets", "rabbitmq"),
        ("secrets", "postgres"),
        ("postgres", "migrate"),
        ("migrate", "info"),
        ("rabbitmq", "info"),
        ("info", "users"),
        ("info", "tasks"),
        ("users", "gateway"),
        ("tasks", "gateway"),
    ]:
        assert order.index(before) < order.index(after)


def started_in_order() -> list[str]:
    """An order in which ``depends_on`` lets the services start. Each condition has to be one that can come true."""
    started: list[str] = []
    while waiting := [name for name in SERVICES if name not in started]:
        ready = [name for name in waiting if set(SERVICES[name].get("depends_on", {})) <= set(started)]
        assert ready, f"{waiting} wait for each other"
        started += ready
    for service in SERVICES.values():
        for needed, how in service.get("depends_on", {}).items():
            assert how["condition"] == ("service_completed_successfully" if needed in ONCE else "service_healthy")
    return started


def test_what_is_waited_for_until_it_is_healthy_has_a_health_check() -> None:
    """The services' own is in the Dockerfile."""
    assert all("healthcheck" in SERVICES[name] for name in ("rabbitmq", "postgres"))


def test_a_service_is_killed_only_after_its_drain() -> None:
    for name in ("gateway", "users", "tasks", "info"):
        drain = float(SERVICES[name]["environment"]["DRAIN_SECONDS"])
        assert float(SERVICES[name]["stop_grace_period"].removesuffix("s")) > drain


def test_demo_data_comes_only_when_it_is_asked_for() -> None:
    assert {name for name, service in SERVICES.items() if "profiles" in service} == {"demo"}
    assert SERVICES["migrate"]["depends_on"]["demo"]["required"] is False
