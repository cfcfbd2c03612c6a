"""The port for health and metrics, and what a process says there of itself."""

from collections.abc import Iterator

import pytest
import requests

from services.contracts.metrics import METRICS, TASKS_ACCEPTED
from services.runtime.telemetry.measures import Measures
from services.runtime.telemetry.monitoring import Monitoring
from services.runtime.telemetry.monitoring_port import MonitoringPort


@pytest.fixture
def monitoring() -> Monitoring:
    return Monitoring()


@pytest.fixture
def url(monitoring: Monitoring) -> Iterator[str]:
    port = MonitoringPort("127.0.0.1", 0, monitoring)
    yield f"http://127.0.0.1:{port.port}"
    port.close()


def test_a_process_that_has_not_started_is_alive_and_not_ready(url: str) -> None:
    assert requests.get(f"{url}/healthz", timeout=5).json() == {"status": "alive"}
    answer = requests.get(f"{url}/readyz", timeout=5)
    assert answer.status_code == 503
    assert answer.json() == {"status": "not ready", "reasons": ["The process is starting."]}


def test_it_is_ready_when_nothing_speaks_against_it(url: str, monitoring: Monitoring) -> None:
    monitoring.check(lambda: None)
    monitoring.started()
    assert requests.get(f"{url}/readyz", timeout=5).json() == {"status": "ready"}


def test_it_is_not_ready_once_it_drains(url: str, monitoring: Monitoring) -> None:
    monitoring.started()
    assert requests.get(f"{url}/readyz", timeout=5).status_code == 200
    monitoring.drain()
    assert requests.get(f"{url}/readyz", timeout=5).json()["reasons"] == ["The process is stopping."]
    assert requests.get(f"{url}/healthz", timeout=5).status_code == 200


def test_checks_are_asked_once_a_second() -> None:
    now, asked = [0.0], []
    monitoring = Monitoring(lambda: now[0])
    monitoring.started()

    def check() -> str:
        asked.append(now[0])
        return "The broker is away."

    monitoring.check(check)
    for _ in range(3):
        assert monitoring.reasons() == ["The broker is away."]
    assert len(asked) == 1
    now[0] += 1
    monitoring.reasons()
    assert len(asked) == 2


def test_metrics_are_scraped(url: str, monitoring: Monitoring) -> None:
    monitoring.measures.counter(TASKS_ACCEPTED).labels("create_customer").inc()
    answer = requests.get(f"{url}/metrics", timeout=5)
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert 'backoffice_tasks_accepted_total{action="create_customer"} 1.0' in answer.text.splitlines()


def test_there_is_nothing_else_on_that_port(url: str) -> None:
    assert requests.get(f"{url}/api/v1", timeout=5).status_code == 404
    assert requests.post(f"{url}/healthz", timeout=5).status_code == 405


def test_every_metric_of_the_catalogue_can_be_made_and_no_name_comes_twice() -> None:
    measures = Measures()
    for metric in METRICS:
        getattr(measures, metric.kind)(metric)
    assert len({metric.name for metric in METRICS}) == len(METRICS)
    assert all(metric.name.endswith("_total") == (metric.kind == "counter") for metric in METRICS)
