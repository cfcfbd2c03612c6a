"""Traces by OpenTelemetry, sent by OTLP over HTTP (gRPC would block eventlet's hub)."""

import logging
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any

import eventlet
from opentelemetry import context as contexts
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, Span, SpanKind, StatusCode, get_current_span, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from services.contracts.errors import Refusal
from services.contracts.task_ids import is_task_id
from services.runtime.telemetry.tracing import Call, Headers, Tracing, Work, traceparents

log = logging.getLogger(__name__)

EXPORT_SECONDS = 5.0
STOP_SECONDS = 3.0
TELL_SECONDS = 300.0

_ONE, _SEVERAL = "traceparent", "traceparents"
_TASKS = contexts.create_key("tasks")
_propagator = TraceContextTextMapPropagator()


class OtelTracing(Tracing):
    """See ``Tracing``.

    endpoint: where a collector takes OTLP over HTTP; the SDK reads the other standard variables (``OTEL_…``) itself
    name:     the service's name in the traces
    """

    def __init__(self, endpoint: str, name: str) -> None:
        exporting = logging.getLogger("opentelemetry")
        exporting.handlers[:], exporting.propagate = [_Seldom()], False
        self._provider = TracerProvider(resource=Resource.create({"service.name": name}), shutdown_on_exit=False)
        # Its thread is a greenlet, since threading is monkey-patched, and waits for sockets as all others do.
        exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=EXPORT_SECONDS)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("backoffice")

    @contextmanager
    def request(self, name: str, traceparent: str | None) -> Iterator[None]:
        """See ``Tracing``."""
        with self._span(name, SpanKind.SERVER, _context(traceparent)):
            yield

    @contextmanager
    def publishing(self, event: str, messages: Sequence[Sequence[Any]]) -> Iterator[Iterable[Headers]]:
        """See ``Tracing``."""
        tasks: Mapping[str, Context] = contexts.get_value(_TASKS) or {}  # type: ignore[assignment]
        here = contexts.get_current()
        spans: dict[str, Span] = {}
        owners = [[_task_id(entry) for entry in entries] for entries in messages]
        for owner in chain.from_iterable(owners):
            # What is about a task of the batch belongs to its trace or to none; all else to what is done here.
            parent = tasks.get(owner, Context()) if owner and tasks else here
            if owner not in spans and _is_traced(parent):
                attributes = {"messaging.destination.name": event} | _about(owner)
                spans[owner] = self._tracer.start_span(f"{event} publish", parent, SpanKind.PRODUCER, attributes)
        with _ending(spans.values()):
            yield [_headers([_parent(spans.get(owner)) for owner in each]) for each in owners]

    @contextmanager
    def consuming(self, queue: str, messages: Sequence[tuple[Headers, Sequence[Any]]]) -> Iterator[Work | None]:
        """See ``Tracing``."""
        found = [
            (_task_id(entry), parent)
            for headers, entries in messages
            for entry, parent in zip(entries, _contexts(headers, len(entries)), strict=True)
            if _is_traced(parent)
        ]
        traced = dict(found)
        if not traced:
            yield None
            return
        batch = self._batch(queue, traced.values()) if len(traced) > 1 else None
        links = [Link(batch.get_span_context())] if batch else []
        spans = {
            owner: self._tracer.start_span(
                f"{queue} process",
                parent,
                SpanKind.CONSUMER,
                {"messaging.destination.name": queue} | _about(owner),
                links,
            )
            for owner, parent in traced.items()
        }
        work = set_span_in_context(batch or next(iter(spans.values())), Context())
        each = {owner: set_span_in_context(span, Context()) for owner, span in spans.items()}
        with _ending([*spans.values(), *([batch] if batch else [])]):
            yield contexts.set_value(_TASKS, each, work)

    def _batch(self, queue: str, parents: Iterable[Context]) -> Span:
        """What is done for several tasks at once belongs to none of their traces, and is linked with all."""
        links = [Link(get_current_span(parent).get_span_context()) for parent in parents]
        attributes: dict[str, Any] = {"messaging.destination.name": queue, "messaging.batch.message_count": len(links)}
        return self._tracer.start_span(f"{queue} batch", Context(), SpanKind.CONSUMER, attributes, links)

    @contextmanager
    def calling(self, method: str) -> Iterator[Headers]:
        """See ``Tracing``."""
        if not _is_traced(contexts.get_current()):
            yield {}
            return
        with self._span(f"{method} call", SpanKind.CLIENT) as span:
            yield _headers([_parent(span)])

    def called(self, method: str, headers: Headers, *, begin: bool) -> Call:
        """See ``Tracing``."""
        parent = _context(headers.get(_ONE))
        if not begin and not _is_traced(parent):
            return Call()
        return _OtelCall(self._tracer.start_span(f"{method} answer", parent, SpanKind.SERVER))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """See ``Tracing``."""
        if not _is_traced(contexts.get_current()):
            yield
            return
        with self._span("database transaction", SpanKind.CLIENT, attributes={"db.system.name": "postgresql"}):
            yield

    def pushed(self, task_id: str, connections: int) -> None:
        """See ``Tracing``."""
        tasks: Mapping[str, Context] = contexts.get_value(_TASKS) or {}  # type: ignore[assignment]
        if task_id in tasks:
            attributes = {"backoffice.connections": connections} | _about(task_id)
            self._tracer.start_span("push", tasks[task_id], SpanKind.PRODUCER, attributes).end()

    def attach(self, work: Work) -> None:
        """See ``Tracing``."""
        contexts.attach(work)

    def stop(self) -> None:
        """See ``Tracing``."""
        stopping = eventlet.spawn(self._provider.shutdown)
        with eventlet.Timeout(STOP_SECONDS, False):
            stopping.wait()

    @contextmanager
    def _span(
        self, name: str, kind: SpanKind, context: Context | None = None, attributes: Mapping[str, Any] | None = None
    ) -> Iterator[Span]:
        span = self._tracer.start_span(name, context, kind, attributes)
        token = contexts.attach(set_span_in_context(span, context))
        try:
            with _ending([span]):
                yield span
        finally:
            contexts.detach(token)


class _Seldom(logging.Handler):
    """A collector that is away is told of again and again, with a traceback each time: here now and then, in a line."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._next = 0.0

    def emit(self, record: logging.LogRecord) -> None:
        """Called by logging."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + TELL_SECONDS
            log.warning("traces are not sent as they should be: %s", record.getMessage()[:300])


class _OtelCall(Call):
    def __init__(self, span: Span) -> None:
        self.work = set_span_in_context(span, Context())
        self._span = span

    def end(self, failure: BaseException | None) -> None:
        """See ``Call``."""
        _end(self._span, failure)


@contextmanager
def _ending(spans: Iterable[Span]) -> Iterator[None]:
    failure: BaseException | None = None
    try:
        yield
    except BaseException as error:
        failure = error
        raise
    finally:
        for span in spans:
            _end(span, failure)


def _end(span: Span, failure: BaseException | None) -> None:
    """The name of a failure is told, never its text. A refusal is an answer."""
    if isinstance(failure, Refusal):
        span.set_attribute("error.type", str(failure.code))
    elif failure is not None:
        span.set_attribute("error.type", type(failure).__name__)
        span.set_status(StatusCode.ERROR)
    span.end()


def _task_id(entry: Any) -> str:
    """The task of a message's entry; empty when it is about none."""
    task = entry.get("task") if isinstance(entry.get("task"), dict) else entry
    return str(task["id"]) if is_task_id(task.get("id")) else ""


def _about(task_id: str) -> dict[str, Any]:
    return {"backoffice.task.id": task_id} if task_id else {}


def _is_traced(context: Context) -> bool:
    return get_current_span(context).get_span_context().is_valid


def _parent(span: Span | None) -> str:
    carrier: dict[str, str] = {}
    if span is not None:
        _propagator.inject(carrier, set_span_in_context(span, Context()))
    return carrier.get(_ONE, "")


def _headers(parents: Sequence[str]) -> Headers:
    if len(set(parents)) == 1:
        return {_ONE: parents[0]} if parents[0] else {}
    return {_SEVERAL: list(parents)}


def _contexts(headers: Headers, count: int) -> list[Context]:
    """The context of each entry of a message; whatever is no context reads as none."""
    return [_context(parent) for parent in traceparents(headers, count)]


def _context(parent: Any) -> Context:
    return _propagator.extract({_ONE: parent} if isinstance(parent, str) else {}, Context())
