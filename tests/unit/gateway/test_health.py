"""Alive, ready, and the metrics."""

from services.contracts.errors import Refusal
from services.gateway.health import Readiness
from services.runtime.messaging.broker import NotAccepted
from services.runtime.rpc.client import RpcTimeout
from tests.unit.fakes import FakeService
from tests.unit.gateway.stage import Stage, refused


def test_the_process_is_alive_even_without_a_broker(stage: Stage) -> None:
    stage.broker_connected = False
    assert stage.client.get("/healthz").get_json() == {"status": "alive"}


def test_it_is_ready_when_the_broker_and_the_services_answer(stage: Stage) -> None:
    assert stage.client.get("/readyz").get_json() == {"status": "ready"}


def test_it_is_not_ready_without_the_broker(stage: Stage) -> None:
    stage.broker_connected = False
    response = stage.client.get("/readyz")
    assert refused(response) == (503, "unavailable")
    assert response.get_json()["params"] == {"reasons": ["The broker is not connected."]}


def test_it_names_the_services_that_do_not_answer(stage: Stage) -> None:
    stage.users.methods["authenticate"] = RpcTimeout("late")
    stage.tasks.methods["get"] = NotAccepted("none")
    reasons = stage.client.get("/readyz").get_json()["params"]["reasons"]
    assert reasons == ["The service users does not answer.", "The service tasks does not answer."]


def test_it_is_not_ready_while_it_stops(stage: Stage) -> None:
    stage.gateway.drain()
    assert refused(stage.client.get("/readyz")) == (503, "unavailable")


def test_the_services_are_asked_once_a_second() -> None:
    now = [0.0]
    users = FakeService(authenticate=Refusal("not_authenticated"))
    readiness = Readiness(lambda: True, users, FakeService(get=Refusal("not_authenticated")), clock=lambda: now[0])
    for _ in range(5):
        assert readiness.reasons() == []
    assert len(users.calls) == 1
    now[0] += 1
    readiness.reasons()
    assert len(users.calls) == 2


def test_it_is_not_ready_from_the_moment_its_process_is_told_to_stop(stage: Stage) -> None:
    stage.monitoring.drain()
    assert refused(stage.client.get("/readyz")) == (503, "unavailable")
    assert stage.client.get("/healthz").status_code == 200


def test_the_metrics_count_what_happens(stage: Stage) -> None:
    stage.submit()
    stage.submit(token="nobody")
    text = stage.client.get("/metrics").text
    for line in (
        'backoffice_tasks_accepted_total{action="create_customer"} 1.0',
        'backoffice_requests_refused_total{code="not_authenticated"} 1.0',
        "backoffice_websocket_connections 0.0",
        "backoffice_requests_waiting 0.0",
    ):
        assert line in text.splitlines()
