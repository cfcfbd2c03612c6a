"""What the services tell Prometheus after the scenario, against what clients saw and what the database holds."""

import json
from collections import Counter
from typing import Any

import psycopg2
import pytest
import requests
import simple_websocket

import services.contracts.actions  # noqa: F401 - declares them
from services.contracts.action import ACTIONS
from services.contracts.metrics import METRICS
from tests import parts
from tests.client import Client, Live
from tests.monitoring import Samples, alerts, dashboard_expressions, metrics_of, scrape, values
from tests.stack import SERVICES, demo_stack
from tests.test_script import difference, log_of
from tests.waiting import eventually

SESSIONS = ("login", "logout")


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[requests.Response]:
    """Every answer that a client got at the API."""
    seen: list[requests.Response] = []
    send = requests.Session.send

    def sending(session: requests.Session, request: Any, **options: Any) -> requests.Response:
        answer = send(session, request, **options)
        if "/api/v1" in request.url:
            seen.append(answer)
        return answer

    monkeypatch.setattr(requests.Session, "send", sending)
    return seen


def rows(database: str, query: str) -> dict[tuple[str, ...], float]:
    """A query's last column by the others."""
    connection = psycopg2.connect(database)
    try:
        with connection.cursor() as cursor:
            cursor.execute(query)
            return {tuple(str(value) for value in row[:-1]): float(row[-1]) for row in cursor.fetchall()}
    finally:
        connection.close()


def test_the_metrics_are_right_after_the_scenario(
    postgres: str, amqp_uri: str, answers: list[requests.Response]
) -> None:
    with parts.temporary_database(postgres) as database, demo_stack(database, amqp_uri) as stack:
        assert difference(log_of(stack.gateways)) == ""
        carol = Client(stack.url, "56ty")
        listening = Live(stack.url, carol.token)
        with pytest.raises(simple_websocket.ConnectionClosed):
            Live(stack.url, "nobody")
        finished = sum(rows(database, "SELECT count(*) FROM task WHERE action NOT IN ('login', 'logout')").values())
        eventually(lambda: _told(stack.monitors["tasks-0"]) == finished, pause=0.1)
        # The gateway hears by and by that the clients of the scenario have gone.
        eventually(lambda: _connections(stack.monitors["gateway-0"]) == 1, pause=0.1)
        scraped = {service: scrape(stack.monitors[f"{service}-0"]) for service in SERVICES}
        listening.close()

        named = {name for expression in dashboard_expressions() for name in metrics_of(expression)}
        named |= {name for rule in alerts() for name in metrics_of(rule["expr"])}
        there = {name for samples in scraped.values() for name in samples}
        assert named - there == set()
        assert {sample for metric in METRICS for sample in metric.samples} - there == set()
        for metric in METRICS:
            for samples in scraped.values():
                for sample in metric.samples:
                    labels = {name for key in samples.get(sample, {}) for name, _ in key} - {"le"}
                    assert labels <= set(metric.labels)

        _check_tasks(scraped, database, answers)
        _check_state(scraped, database)
        refused = dict(values(scraped["gateway"], "backoffice_websockets_refused_total", "reason"))
        assert refused == {("not_authenticated",): 1}


def _told(monitor: str) -> float:
    return sum(value for _, value in values(scrape(monitor), "backoffice_task_seconds_count", "action"))


def _connections(monitor: str) -> float:
    return sum(value for _, value in values(scrape(monitor), "backoffice_websocket_connections"))


def _check_tasks(scraped: dict[str, Samples], database: str, answers: list[requests.Response]) -> None:
    """What was accepted, refused and finished."""
    accepted, refused = Counter[tuple[str, ...]](), Counter[tuple[str, ...]]()
    for answer in answers:
        body = answer.json()
        if "code" in body:
            refused[(body["code"],)] += 1
        elif answer.request.method == "POST" and body["task"]["action"] not in SESSIONS:
            accepted[(body["task"]["action"],)] += 1
    assert dict(values(scraped["gateway"], "backoffice_tasks_accepted_total", "action")) == accepted
    counted = dict(values(scraped["gateway"], "backoffice_requests_refused_total", "code"))
    # Before it was ready it said so.
    assert {code: count for code, count in counted.items() if code != ("unavailable",)} == refused

    stored = rows(database, "SELECT action, status, coalesce(error->>'code', ''), count(*) FROM task GROUP BY 1, 2, 3")
    assert len(stored) > 20
    assert dict(values(scraped["info"], "backoffice_tasks_finished_total", "action", "status", "code")) == stored
    told = rows(database, "SELECT action, count(*) FROM task WHERE action NOT IN ('login', 'logout') GROUP BY 1")
    assert dict(values(scraped["tasks"], "backoffice_task_seconds_count", "action")) == told
    seconds = dict(values(scraped["tasks"], "backoffice_task_seconds_sum", "action"))
    assert all(0 < seconds[action] / told[action] < 20 for action in told)
    worked = dict(values(scraped["tasks"], "backoffice_batch_tasks_sum", "queue"))
    assert worked[("tasks.tasks_submitted",)] == sum(told.values())
    worked = dict(values(scraped["info"], "backoffice_batch_tasks_sum", "queue"))
    looks = sum(count for (action,), count in told.items() if ACTIONS[action].reads)
    assert worked[("info.reads_requested",)] == looks > 10
    assert worked[("info.operations_requested",)] == sum(told.values()) - looks


def _check_state(scraped: dict[str, Samples], database: str) -> None:
    """What waits, and who is there."""
    pending = rows(
        database,
        """SELECT type, CASE WHEN level > 9 THEN '10+' ELSE level::text END, count(*) FROM (
            SELECT 'document' AS type, level FROM document WHERE status = 'pending' UNION ALL
            SELECT 'transfer', level FROM transfer WHERE status = 'pending' UNION ALL
            SELECT 'inquiry', level FROM inquiry WHERE status = 'open') AS item GROUP BY 1, 2""",
    )
    assert dict(values(scraped["info"], "backoffice_items_pending", "type", "level")) == pending
    oldest = dict(values(scraped["info"], "backoffice_items_oldest_seconds", "type", "level"))
    assert oldest.keys() == pending.keys()
    assert all(0 < seconds < 300 for seconds in oldest.values())
    for service, samples in scraped.items():
        assert dict(values(samples, "backoffice_broker_connected", "service")) == {(service,): 1.0}
    assert dict(values(scraped["gateway"], "backoffice_websocket_connections")) == {(): 1.0}
    pushed = rows(database, "SELECT count(*) FROM task WHERE action NOT IN ('login', 'logout')")
    assert 0 < dict(values(scraped["gateway"], "backoffice_outcomes_pushed_total"))[()] <= pushed[()]
    assert dict(values(scraped["info"], "backoffice_database_connections_max")) == {(): 8.0}
    for nothing in (
        "backoffice_dead_letters_kept",
        "backoffice_dead_letters_total",
        "backoffice_database_waiting",
        "backoffice_requests_waiting",
    ):
        assert [list(values(samples, nothing)) for samples in scraped.values()] == [[]] * len(scraped)
    known = {json.dumps(sorted(key)) for key in scraped["info"]["backoffice_queue_messages"]}
    assert known == {
        json.dumps([["queue", queue]]) for queue in ("info.operations_requested", "info.reads_requested", "rpc-info")
    }
