"""Traces: where the time of a task goes, from the request through every message to the push. Off unless asked for.

While they are off this costs next to nothing, and nothing of OpenTelemetry is imported (``tracing_otel.py`` is it).

A trace's context travels as W3C says in the header ``traceparent`` of requests and messages. A message with tasks of
several traces has the header ``traceparents`` instead, one entry a task, in their order; readers that do not know it
lose the trace and nothing else. Spans hold ids and names, never data, tokens or the text of an exception.
"""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from nameko.containers import ServiceContainer, WorkerContext
from nameko.extensions import DependencyProvider

WORK = "trace"
"""The key of a worker's context data under which the context of its work is handed over."""

Headers = Mapping[str, Any]
Work = Any
"""The context of a piece of work, handed from the greenlet that begins it to the one that does it; None: no trace."""

_NOTHING: AbstractContextManager[None] = nullcontext()
_NO_HEADERS: AbstractContextManager[Iterable[Headers]] = nullcontext(itertools.repeat({}))
_NO_HEADER: AbstractContextManager[Headers] = nullcontext({})


def traceparents(headers: Headers, count: int) -> list[str]:
    """The ``traceparent`` of each of a message's entries; empty where there is none."""
    several = headers.get("traceparents")
    if not isinstance(several, list) or len(several) != count:
        several = [headers.get("traceparent")] * count
    return [each if isinstance(each, str) else "" for each in several]


class Call:
    """An RPC call that is answered. ``work`` is handed to its worker."""

    work: Work = None

    def end(self, failure: BaseException | None) -> None:
        """It has been answered."""


_NO_CALL = Call()


class Tracing:
    """Traces that are off."""

    def request(self, name: str, traceparent: str | None) -> AbstractContextManager[None]:
        """An HTTP request with that header is answered inside."""
        return _NOTHING

    def publishing(self, event: str, messages: Sequence[Sequence[Any]]) -> AbstractContextManager[Iterable[Headers]]:
        """An event is published inside, in messages of these entries; the headers of each message."""
        return _NO_HEADERS

    def consuming(
        self, queue: str, messages: Sequence[tuple[Headers, Sequence[Any]]]
    ) -> AbstractContextManager[Work | None]:
        """Messages (headers, entries) are worked on inside, together."""
        return _NOTHING

    def calling(self, method: str) -> AbstractContextManager[Headers]:
        """Another service is called inside; the call's headers."""
        return _NO_HEADER

    def called(self, method: str, headers: Headers, *, begin: bool) -> Call:
        """A call is about to be answered. ``begin``: a trace begins here when the caller has none."""
        return _NO_CALL

    def transaction(self) -> AbstractContextManager[None]:
        """A database transaction runs inside."""
        return _NOTHING

    def pushed(self, task_id: str, connections: int) -> None:
        """An outcome was handed to so many live connections."""

    def attach(self, work: Work) -> None:
        """This greenlet does that work from now on."""

    def stop(self) -> None:
        """Send what has not been sent, if that can be done in a moment."""


OFF = Tracing()


def tracing_of(container: ServiceContainer) -> Tracing:
    """The traces of this process; off when the host gave none."""
    tracing: Tracing = container.config.get("tracing", OFF)
    return tracing


class Traced(DependencyProvider):
    """``traced = Traced()`` on a service: its workers go on with the trace of what they work on."""

    def worker_setup(self, worker_ctx: WorkerContext) -> None:
        """Nameko: in the worker's greenlet, before the method."""
        work = worker_ctx.data.get(WORK)
        if work is not None:
            tracing_of(self.container).attach(work)

    def get_dependency(self, worker_ctx: WorkerContext) -> Tracing:
        """Nameko: for each worker."""
        return tracing_of(self.container)
