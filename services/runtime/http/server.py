"""HTTP for a service: a WSGI application on eventlet's server, spoken to by :mod:`services.runtime.http.protocol`."""

import errno
import logging
import resource
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import eventlet
from eventlet import wsgi
from eventlet.support.greenlets import GreenletExit
from nameko.extensions import SharedExtension

from services.runtime.addresses import host_and_port
from services.runtime.configuration import monitoring_of, settings_of
from services.runtime.http.head import LINE_BYTES
from services.runtime.http.protocol import Application, Describe, GuardedApplication, HttpProtocol

log = logging.getLogger(__name__)

CONNECTIONS = 10_000
"""The most connections at a time, if so many descriptors may be open; further ones wait in the kernel."""

OTHER_DESCRIPTORS = 100
"""Kept free for the broker, logs and whatever else a process opens."""

ACCEPT_PAUSE = 0.1


class HttpServer(SharedExtension):
    """The container's HTTP server. A provider calls ``serve`` in its ``start`` and ``drain`` in its ``stop``."""

    def __init__(self) -> None:
        self._loop: Any = None
        self._draining = False
        self._listener: Any = None

    def serve(self, application: Application, describe: Describe) -> None:
        """Listen on the settings' address.

        describe: the body, ``application/problem+json``, of an answer that the application never sees
        Raises ``OSError`` when the address cannot be had.
        """
        settings = settings_of(self.container)
        family = socket.AF_INET6 if ":" in settings.http_host else socket.AF_INET
        self._listener = eventlet.listen(
            (settings.http_host, settings.http_port), family, backlog=512, reuse_port=False
        )
        self._listener.accept = _patient(self._listener.accept)
        log.info("listening on http://%s", host_and_port(settings.http_host, self.port))
        monitoring = monitoring_of(self.container)
        protocol = type("Protocol", (HttpProtocol,), {"describe": staticmethod(describe)})
        self._loop = eventlet.spawn(
            wsgi.server,
            self._listener,
            GuardedApplication(application, describe, lambda: monitoring.draining),
            custom_pool=eventlet.GreenPool(_most_connections()),
            protocol=protocol,
            url_length_limit=LINE_BYTES,
            log_output=False,
            debug=False,
            keepalive=True,
        )

    @property
    def port(self) -> int:
        """The port that it listens on, also when the settings said 0."""
        port: int = self._listener.getsockname()[1]
        return port

    def drain(self, seconds: float) -> bool:
        """Take no further connections or requests and let those in hand finish; whether they did in time."""
        if self._loop is None:
            return True
        if not self._draining:
            self._draining = True
            eventlet.kill(self._loop)
            self._listener.close()
        with eventlet.Timeout(seconds, False):
            with suppress(GreenletExit):
                self._loop.wait()
            self._loop = None
        return self._loop is None

    def stop(self) -> None:
        """Nameko: a provider has drained it before."""
        if not self.drain(0):
            log.warning("requests are still running and are cut off")


def _most_connections() -> int:
    most, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and most < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        most = hard
    if most == resource.RLIM_INFINITY:
        return CONNECTIONS
    return max(1, min(CONNECTIONS, most - OTHER_DESCRIPTORS))


def _patient(accept: Callable[[], Any]) -> Callable[[], Any]:
    """Eventlet's server ends for good over one connection that cannot be accepted: without descriptors, for one."""

    def accept_in_the_end() -> Any:
        while True:
            try:
                return accept()
            except OSError as error:
                if error.errno in (errno.EBADF, errno.EINVAL):
                    raise  # the listener itself is closed
                log.warning("a connection could not be accepted: %s", error.strerror)
                eventlet.sleep(ACCEPT_PAUSE)

    return accept_in_the_end
