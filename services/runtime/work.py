"""Running a service method as a nameko worker and waiting for it."""

from typing import Any

from eventlet.event import Event
from nameko.containers import ServiceContainer, WorkerContext
from nameko.extensions import Entrypoint


def run_worker(
    container: ServiceContainer, entrypoint: Entrypoint, *args: Any, context: dict[str, Any] | None = None
) -> BaseException | None:
    """Run ``entrypoint``'s method; the exception that it raised, or None. It has been logged by the container."""
    finished = Event()

    def finish(worker: WorkerContext, result: Any, exc_info: Any) -> tuple[Any, Any]:
        finished.send(exc_info[1] if exc_info else None)
        return result, exc_info

    container.spawn_worker(entrypoint, args, {}, context_data=context or {}, handle_result=finish)
    failure: BaseException | None = finished.wait()
    return failure
