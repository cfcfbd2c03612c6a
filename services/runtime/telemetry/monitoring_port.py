"""The port on which a process is supervised: ``/healthz``, ``/readyz`` and ``/metrics``. It is not for the public."""

import socket
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

import eventlet
from eventlet import wsgi
from prometheus_client import CONTENT_TYPE_LATEST

from services.runtime.http.head import LINE_BYTES
from services.runtime.http.protocol import GuardedApplication, HttpProtocol
from services.runtime.messaging.envelopes import to_json
from services.runtime.telemetry.monitoring import Monitoring

CONNECTIONS = 100

Answer = tuple[str, str, bytes]


class MonitoringApplication:
    """The three addresses as a WSGI application.

    ``/healthz`` answers as long as the hub turns; ``/readyz`` 503 with the reasons while the process is not ready.
    """

    def __init__(self, monitoring: Monitoring) -> None:
        self._monitoring = monitoring
        self._paths: dict[str, Callable[[], Answer]] = {
            "/healthz": lambda: _json("200 OK", {"status": "alive"}),
            "/readyz": self._ready,
            "/metrics": lambda: ("200 OK", CONTENT_TYPE_LATEST, monitoring.measures.exposition()),
        }

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """WSGI."""
        answer = self._paths.get(environ["PATH_INFO"])
        if answer is None:
            status, content_type, body = _json("404 Not Found", {"status": "not found"})
        elif environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            status, content_type, body = _json("405 Method Not Allowed", {"status": "method not allowed"})
        else:
            status, content_type, body = answer()
        start_response(status, [("Content-Type", content_type), ("Content-Length", str(len(body)))])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def _ready(self) -> Answer:
        reasons = self._monitoring.reasons()
        if reasons:
            return _json("503 Service Unavailable", {"status": "not ready", "reasons": reasons})
        return _json("200 OK", {"status": "ready"})


def _json(status: str, value: Any) -> Answer:
    return status, "application/json", to_json(value)


def _describe(status: HTTPStatus) -> bytes:
    return to_json({"type": "about:blank", "title": status.phrase, "status": status.value})


class MonitoringPort:
    """Serves from the moment it is made until ``close``. Raises ``OSError`` when the address cannot be had."""

    def __init__(self, host: str, port: int, monitoring: Monitoring) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = eventlet.listen((host, port), family, backlog=64, reuse_port=False)
        self.port: int = self._listener.getsockname()[1]
        self._loop = eventlet.spawn(
            wsgi.server,
            self._listener,
            GuardedApplication(MonitoringApplication(monitoring), _describe),
            custom_pool=eventlet.GreenPool(CONNECTIONS),
            protocol=type("Protocol", (HttpProtocol,), {"describe": staticmethod(_describe)}),
            url_length_limit=LINE_BYTES,
            log_output=False,
            debug=False,
        )

    def close(self) -> None:
        """Answer nobody any more."""
        self._loop.kill()
        self._listener.close()
