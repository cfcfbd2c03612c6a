"""How the contexts of traces travel, and what traces cost while they are off."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from services.contracts.task_ids import new_task_id
from services.runtime.telemetry.tracing import OFF, Headers
from services.runtime.telemetry.tracing_otel import OtelTracing
from tests.collector import Collector

FIRST, SECOND = "0af7651916cd43dd8448eb211c80319c", "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as collector:
        yield collector


@pytest.fixture
def tracing(collector: Collector) -> Iterator[OtelTracing]:
    tracing = OtelTracing(collector.url, "test")
    yield tracing
    tracing.stop()


def parent(trace: str) -> str:
    return f"00-{trace}-00f067aa0ba902b7-01"


def trace_of(value: str) -> str:
    return value.split("-")[1] if value else ""


def heard(tracing: OtelTracing, headers: Headers, *ids: str) -> list[str]:
    """The traces in which work on entries of a message goes on, as the next message tells it."""
    entries = [{"id": each} for each in ids]
    with tracing.consuming("queue", [(headers, entries)]) as work:
        if work is None:
            return []
        tracing.attach(work)
        with tracing.publishing("event", [entries]) as (told,):
            several = told.get("traceparents", [told.get("traceparent", "")] * len(ids))
            return [trace_of(each) for each in several]


def test_each_task_of_a_message_goes_on_in_its_own_trace(tracing: OtelTracing) -> None:
    ids = [new_task_id(), new_task_id(), new_task_id()]
    headers = {"traceparents": [parent(FIRST), "", parent(SECOND)]}
    first, untraced, second = heard(tracing, headers, *ids)
    assert (first, second) == (FIRST, SECOND)
    assert untraced not in (FIRST, SECOND)


def test_a_message_of_one_trace_has_the_standard_header(tracing: OtelTracing) -> None:
    task_id = new_task_id()
    assert heard(tracing, {"traceparent": parent(FIRST)}, task_id) == [FIRST]
    with tracing.request("POST /api/v1", parent(SECOND)), tracing.publishing("event", [[{"id": task_id}]]) as headers:
        (told,) = headers
    assert list(told) == ["traceparent"]
    assert trace_of(told["traceparent"]) == SECOND


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"traceparent": 7},
        {"traceparent": "00-zz"},
        {"traceparents": [7]},
        {"traceparents": {}},
        {"traceparents": []},
    ],
)
def test_what_is_no_context_begins_no_trace(tracing: OtelTracing, headers: Headers) -> None:
    assert heard(tracing, headers, new_task_id()) == []


def test_the_text_of_a_failure_is_not_told(tracing: OtelTracing, collector: Collector) -> None:
    with pytest.raises(ValueError, match="hunter2"), tracing.request("POST /api/v1", None):
        raise ValueError("hunter2")
    tracing.stop()
    (span,) = collector.spans
    assert span.error
    assert span.attributes == {"error.type": "ValueError"}
    assert b"hunter2" not in b"".join(collector.bodies)


def test_while_they_are_off_nothing_of_opentelemetry_is_imported() -> None:
    code = (
        "import services.gateway.service, services.info.service, services.runtime.hosting, sys;"
        "from services.runtime.settings import Settings; from services.runtime.telemetry.tracing import OFF;"
        "from services.runtime.telemetry.start_tracing import start_tracing;"
        "assert start_tracing(Settings(), ['info']) is OFF;"
        "sys.exit(any(name.startswith('opentelemetry') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=False).returncode == 0


def test_while_they_are_off_messages_have_no_headers() -> None:
    with OFF.publishing("event", [[{"id": "1"}], [{"id": "2"}]]) as headers:
        assert [told for _, told in zip(range(2), headers, strict=False)] == [{}, {}]
    with OFF.calling("info.task") as told:
        assert told == {}
