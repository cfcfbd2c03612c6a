"""The process that hosts services: starts them, watches them, and stops them as it should.

A service that dies takes the process with it, so that whoever supervises it (a container runtime, systemd) starts it
anew: a process of which half is dead would be worse. The process must have been monkey-patched by eventlet before
anything else was imported; see ``services.cli``.
"""

import importlib
import logging
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

import eventlet
from eventlet.queue import LightQueue
from nameko.containers import ServiceContainer

from services.contracts.events import Service
from services.runtime import crash_points
from services.runtime.addresses import host_and_port
from services.runtime.amqp.broker import AmqpBroker
from services.runtime.finishing import Finishing
from services.runtime.inprocess.broker import InProcessBroker
from services.runtime.messaging.broker import Broker
from services.runtime.settings import Settings, SettingsError
from services.runtime.telemetry.monitoring import Monitoring
from services.runtime.telemetry.monitoring_port import MonitoringPort
from services.runtime.telemetry.start_tracing import start_tracing
from services.runtime.telemetry.tracing import Tracing

log = logging.getLogger(__name__)

MAX_WORKERS = 200
"""The most calls that a service works on at a time."""

FINISHING = 0.75
"""The part of the time to stop that what listens has for finishing; the rest is for everything else."""

CLASSES = {
    Service.INFO: "services.info.service:InfoService",
    Service.USERS: "services.users.service:UsersService",
    Service.TASKS: "services.tasks.service:TasksService",
    Service.GATEWAY: "services.gateway.service:GatewayService",
}
"""Every service, in the order in which they start; they stop in the opposite one, the one that takes requests first."""

Abandon = Callable[[], None]


def run(
    services: Sequence[str],
    settings: Settings,
    *,
    on_ready: Callable[[dict[str, Any]], None] = lambda started: None,
    on_abandon: Abandon = lambda: None,
) -> int:
    """Host these services until a signal or a death, and answer the exit code.

    on_ready:   called once all of them work, with ``{"port": the gateway's}`` when the gateway is among them
    on_abandon: called when a second signal ends the process at once

    SIGTERM and SIGINT let the services finish what they hold, for at most ``drain_seconds``: exit code 0, or 1 when
    something had to be cut off (it will be delivered again). The death of a service stops the others: exit code 1.
    Raises ``SettingsError`` when the settings do not go with these services, or the database does not.
    """
    chosen = _check(services, settings)
    crash_points.arm(settings.crash_point)
    happenings: LightQueue = LightQueue()
    monitoring = Monitoring()
    tracing = start_tracing(settings, chosen)
    with _signals(happenings.put, on_abandon), _monitored(settings, monitoring), _ended(tracing):
        classes = [_load(service) for service in chosen]
        if Service.INFO in chosen:
            _check_database(settings)
        hosting = Hosting(classes, settings, monitoring, tracing, happenings.put)
        hosting.start(on_ready)
        happening = happenings.get()
        monitoring.drain()
        if isinstance(happening, signal.Signals):
            log.info("%s: stopping", happening.name)
            if Service.GATEWAY in chosen:
                eventlet.sleep(settings.drain_delay_seconds)
            return 0 if hosting.stop(settings.drain_seconds) else 1
        hosting.stop(settings.drain_seconds)
        return 1


@contextmanager
def _ended(tracing: Tracing) -> Iterator[None]:
    try:
        yield
    finally:
        tracing.stop()


@contextmanager
def _monitored(settings: Settings, monitoring: Monitoring) -> Iterator[None]:
    """Answer on the port for health and metrics, if there is to be one, before anything else starts."""
    if not settings.metrics_port:
        yield
        return
    try:
        port = MonitoringPort(settings.metrics_host, settings.metrics_port, monitoring)
    except OSError as error:
        address = host_and_port(settings.metrics_host, settings.metrics_port)
        raise SettingsError(f"METRICS_PORT: the address {address} cannot be used: {error.strerror}.") from None
    log.info("health and metrics on http://%s", host_and_port(settings.metrics_host, port.port))
    try:
        yield
    finally:
        port.close()


def _check(services: Sequence[str], settings: Settings) -> list[Service]:
    unknown = [name for name in services if name not in set(Service)]
    if unknown or not services:
        known = ", ".join(Service)
        raise SettingsError(f"There is no service {unknown[0]!r}; there are {known}." if unknown else f"Name {known}.")
    if settings.embedded_broker and set(services) != set(Service):
        raise SettingsError(
            "Services in processes of their own need AMQP_URI: the in-process broker reaches no further than its "
            "process. Set AMQP_URI, or start all four with `backoffice up`."
        )
    if Service.INFO in services and not settings.database_url:
        raise SettingsError("info needs DATABASE_URL.")
    return [service for service in CLASSES if service in services]


def _load(service: Service) -> type:
    """The service's class. Only what is hosted is imported: the others need neither a database driver nor Flask."""
    if service is Service.INFO:
        eventlet.monkey_patch(psycopg=True)
    module, _, name = CLASSES[service].partition(":")
    found: type = getattr(importlib.import_module(module), name)
    return found


def _check_database(settings: Settings) -> None:
    """Raises ``SettingsError`` when it will never do. One that is not there yet is waited for."""
    from services.runtime.postgres.requirements import refuse_unsuitable

    refuse_unsuitable(settings.database_url, settings.database_role)


class Hosting:
    """The containers of one process. ``tell`` is called with the service that died."""

    def __init__(
        self,
        classes: Sequence[type],
        settings: Settings,
        monitoring: Monitoring,
        tracing: Tracing,
        tell: Callable[[Any], None],
    ) -> None:
        broker_for = _brokers(settings)
        self._monitoring = monitoring
        self._tell = tell
        self._stopping = False
        self._running: list[ServiceContainer] = []
        self._began = time.monotonic()
        self._containers = [
            ServiceContainer(
                each,
                {
                    "settings": settings,
                    "broker": broker_for(_name(each)),
                    "monitoring": monitoring,
                    "tracing": tracing,
                    "max_workers": MAX_WORKERS,
                },
            )
            for each in classes
        ]

    def start(self, on_ready: Callable[[dict[str, Any]], None]) -> None:
        """Begin to start the services, one after the other; each waits for the broker as long as it takes."""
        self._starting = eventlet.spawn(self._start, on_ready)

    def _start(self, on_ready: Callable[[dict[str, Any]], None]) -> None:
        for container in self._containers:
            try:
                container.start()
            except Exception:
                log.exception("%s does not start", container.service_name)
                self._tell(container.service_name)
                return
            self._running.append(container)
            eventlet.spawn(self._watch, container)
        names = ", ".join(container.service_name for container in self._containers)
        log.info("ready: %s after %.1f s", names, time.monotonic() - self._began)
        self._monitoring.started()
        on_ready(_started(self._containers))

    def _watch(self, container: ServiceContainer) -> None:
        try:
            container.wait()
        except Exception:
            log.exception("%s died", container.service_name)
        if not self._stopping:
            self._tell(container.service_name)

    def stop(self, seconds: float) -> bool:
        """Let every service finish what it holds; whether all of them did within ``seconds``."""
        self._stopping = True
        self._starting.kill()
        finished = False
        with eventlet.Timeout(seconds, False):
            for container in reversed(self._running):
                _finish(container, seconds * FINISHING)
            stopped = [_stop(container) for container in reversed(self._running)]
            finished = all(stopped)
        if not finished:
            log.warning("not everything was finished within %g seconds; the rest is cut off", seconds)
        for container in self._containers:
            container.kill()
        return finished


def _finish(container: ServiceContainer, seconds: float) -> None:
    for extension in container.extensions:
        if isinstance(extension, Finishing):
            try:
                extension.finish(seconds)
            except Exception:
                log.exception("%s does not finish", container.service_name)


def _stop(container: ServiceContainer) -> bool:
    try:
        container.stop()
    except Exception:
        log.exception("%s does not stop", container.service_name)
        return False
    return True


def _brokers(settings: Settings) -> Callable[[str], Broker]:
    if settings.embedded_broker:
        return InProcessBroker().connection
    return lambda name: AmqpBroker(settings.amqp_uri, name=name)


def _name(service: Any) -> str:
    return str(service.name)


def _started(containers: Sequence[ServiceContainer]) -> dict[str, Any]:
    for container in containers:
        if container.service_name == Service.GATEWAY:
            from services.runtime.http.server import HttpServer

            servers = [each for each in container.extensions if isinstance(each, HttpServer)]
            return {"port": servers[0].port} if servers else {}
    return {}


@contextmanager
def _signals(tell: Callable[[signal.Signals], None], on_abandon: Abandon) -> Iterator[None]:
    """``tell`` the first SIGTERM or SIGINT; the second ends the process at once.

    A signal does not wake eventlet's hub, which may be asleep for a minute; a byte on a socket does.
    """
    received, sent = socket.socketpair()
    count = 0

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal count
        count += 1
        if count > 1:
            on_abandon()
            os._exit(128 + number)

    def wait_for_signal() -> None:
        tell(signal.Signals(received.recv(1)[0]))

    watched = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.signal(number, handle) for number in watched}
    previous = signal.set_wakeup_fd(sent.fileno(), warn_on_full_buffer=False)
    waiter = eventlet.spawn(wait_for_signal)
    try:
        yield
    finally:
        waiter.kill()
        signal.set_wakeup_fd(previous)
        for number, handler in before.items():
            signal.signal(number, handler)
        received.close()
        sent.close()
