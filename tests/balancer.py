"""A load balancer as Kubernetes has one: new TCP connections go, in turn, to the backends that say they are ready."""

import contextlib
import itertools
import socket
from collections.abc import Mapping
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import eventlet
import requests

PROBE_SECONDS = 0.2


class Balancer:
    """In front of servers, each given by its address and by the address that tells whether it is ready."""

    def __init__(self, backends: Mapping[str, str]) -> None:
        self._backends = backends
        self._ready: dict[str, bool] = {}
        self._turns = itertools.count()
        self._listener = eventlet.listen(("127.0.0.1", 0), backlog=512)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._greenlets = [eventlet.spawn(self._probe, url) for url in backends]
        self._greenlets.append(eventlet.spawn(self._accept))

    def __enter__(self) -> "Balancer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for greenlet in self._greenlets:
            greenlet.kill()
        self._listener.close()

    @property
    def ready(self) -> list[str]:
        """The servers that get new connections now."""
        return [url for url in self._backends if self._ready.get(url)]

    def _probe(self, url: str) -> None:
        while True:
            self._ready[url] = _is_ready(self._backends[url])
            eventlet.sleep(PROBE_SECONDS)

    def _accept(self) -> None:
        while True:
            near, _ = self._listener.accept()
            ready = self.ready
            if not ready:
                near.close()
                continue
            parts = urlsplit(ready[next(self._turns) % len(ready)])
            try:
                far = eventlet.connect((parts.hostname, parts.port))
            except OSError:
                near.close()
                continue
            eventlet.spawn(_pump, near, far)
            eventlet.spawn(_pump, far, near)


def _is_ready(readiness: str) -> bool:
    try:
        return requests.get(readiness, timeout=5).status_code == 200
    except requests.RequestException:
        return False


def _pump(source: Any, sink: Any) -> None:
    """One direction. Each pump closes what it reads itself, when its own end has come."""
    with contextlib.suppress(OSError, EOFError):
        while data := source.recv(65536):
            sink.sendall(data)
    for end in (source, sink):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
    source.close()
