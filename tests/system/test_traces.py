"""One trace of a task, from the request through every message to the push, in a collector of the test's own."""

import re
import signal
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager

import eventlet
import pytest
import requests

from tests import parts
from tests.client import Client, Live
from tests.collector import Collector, Span
from tests.stack import Stack, demo_stack, free_port
from tests.waiting import eventually

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SETTINGS = {"OTEL_BSP_SCHEDULE_DELAY": "200"}

HOPS = [
    ("backoffice-gateway", "POST /api/v1"),
    ("backoffice-gateway", "tasks_submitted publish"),
    ("backoffice-tasks", "tasks.tasks_submitted process"),
    ("backoffice-tasks", "operations_requested publish"),
    ("backoffice-info", "info.operations_requested process"),
    ("backoffice-info", "operations_done publish"),
    ("backoffice-tasks", "tasks.operations_done process"),
    ("backoffice-tasks", "tasks_finished publish"),
    ("backoffice-gateway", "gateway.tasks_finished process"),
    ("backoffice-gateway", "push"),
]
"""Each the child of the one before."""


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as collector:
        yield collector


def stack_that_tells(database: str, amqp_uri: str, endpoint: str) -> AbstractContextManager[Stack]:
    """The four services, which send their traces there."""
    return demo_stack(database, amqp_uri, environment=SETTINGS | {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint})


def way(spans: list[Span], last: Span) -> list[tuple[str, str]]:
    """From the root of a trace to a span of it."""
    by_id = {span.id: span for span in spans}
    steps = [last]
    while steps[-1].parent in by_id:
        steps.append(by_id[steps[-1].parent])
    return [(step.service, step.name) for step in reversed(steps)]


def test_a_task_is_one_trace_from_the_request_to_the_push(postgres: str, amqp_uri: str, collector: Collector) -> None:
    with parts.temporary_database(postgres) as database:
        with stack_that_tells(database, amqp_uri, collector.url) as stack:
            alice = Client(stack.url, "12qw")
            alice.login("Alice")
            ears = Live(stack.url, "12qw")
            data = {"cid": 1, "amount": "77123.00"}
            answer = alice.submit("create_transfer", data, traceparent=f"00-{TRACE}-{PARENT}-01")
            task_id = answer["task"]["id"]
            ears.outcome(task_id)
            pushes = eventually(lambda: [s for s in collector.trace(TRACE) if s.name == "push"], pause=0.1)
            eventually(lambda: set(HOPS) <= {(s.service, s.name) for s in collector.trace(TRACE)}, pause=0.1)
            spans = collector.trace(TRACE)
            assert way(spans, pushes[0]) == HOPS
            (request,) = (span for span in spans if span.name == "POST /api/v1")
            assert request.parent == PARENT
            (executed,) = (span for span in spans if span.name == "info.operations_requested process")
            transactions = [span for span in spans if span.name == "database transaction"]
            assert any(span.parent == executed.id for span in transactions)
            assert any(span.name == "users.login call" for span in collector.spans)
            calls = {span.id: span for span in collector.spans if span.name.endswith(" call")}
            assert any(span.name == "info.open_session answer" and span.parent in calls for span in collector.spans)
            assert executed.attributes["backoffice.task.id"] == task_id
            assert not any(span.error for span in spans)

            _several_tasks_share_a_batch(alice, collector, ears)

            told = b"".join(collector.bodies)
            for secret in (b"12qw", b"77123", b"guest:guest", database.encode()):
                assert secret not in told
            ears.close()


def _several_tasks_share_a_batch(alice: Client, collector: Collector, ears: Live) -> None:
    """Each goes on in its own trace, and the batch is linked with all of them."""
    accepted: dict[str, str] = {}

    def submit(number: int) -> None:
        trace = f"{number + 1:032x}"
        client = Client(alice.base, alice.token)
        for _ in range(3):
            answer = client.submit("create_customer", {"name": "Ada"}, traceparent=f"00-{trace}-{PARENT}-01")
            accepted[answer["task"]["id"]] = trace

    for submitting in [eventlet.spawn(submit, number) for number in range(20)]:
        submitting.wait()
    for task_id in accepted:
        ears.outcome(task_id)

    def pushed() -> bool:
        told = {span.attributes["backoffice.task.id"]: span.trace for span in collector.spans if span.name == "push"}
        return accepted.items() <= told.items()

    eventually(pushed, pause=0.1)
    batches = [span for span in collector.spans if span.name.endswith(" batch")]
    assert batches
    for batch in batches:
        assert len(batch.links) == batch.attributes["messaging.batch.message_count"] > 1
        assert set(batch.links) <= set(accepted.values()) | {TRACE}


@pytest.mark.parametrize("silent", [False, True], ids=["refusing", "silent"])
def test_a_collector_that_is_away_harms_nothing(postgres: str, amqp_uri: str, silent: bool) -> None:
    listener = eventlet.listen(("127.0.0.1", 0)) if silent else None
    port = listener.getsockname()[1] if listener else free_port()
    with parts.temporary_database(postgres) as database:
        with stack_that_tells(database, amqp_uri, f"http://127.0.0.1:{port}") as stack:
            alice = Client(stack.url, "12qw")
            alice.login("Alice")
            until = time.monotonic() + 2
            while time.monotonic() < until:
                assert alice.run("get_customer", {"id": 1})["status"] == "succeeded"
                assert requests.get(f"{stack.monitors['info-0']}/readyz", timeout=5).status_code == 200
            for process in stack.processes.values():
                process.signal(signal.SIGTERM)
            assert [process.wait() for process in stack.processes.values()] == [0, 0, 0, 0]
            logs = "".join(process.log.read_text() for process in stack.processes.values())
            assert re.findall(r'"level": "(?:ERROR|CRITICAL)".*', logs) == []
            assert 1 <= logs.count("traces are not sent as they should be") <= 4
    if listener:
        listener.close()
