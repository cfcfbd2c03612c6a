"""A TCP proxy between the system and one of its parts, which can be cut, refused and silenced."""

import contextlib
import socket
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit, urlunsplit

import eventlet
from eventlet.event import Event

RESET = b"\x01\x00\x00\x00\x00\x00\x00\x00"
"""Linger for no time at all: closing sends a reset."""


class Proxy:
    """Forwards a free local port to ``host:port``, inside the test's own process.

    ``cut`` resets every connection; while ``refusing`` new ones are closed at once; while ``silent`` nothing passes
    and nobody is told. ``delay`` is how many seconds whatever passes takes on its way. The answer of who is ``deaf``
    is not passed on: the connection is cut when it comes.
    """

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._pairs: list[tuple[tuple[Any, Any], list[Any]]] = []
        self._flowing = Event()
        self._flowing.send()
        self.refusing = False
        self.delay = 0.0
        self.deaf: set[Any] = set()
        self._listener = eventlet.listen(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._acceptor = eventlet.spawn(self._accept)

    @classmethod
    def before(cls, url: str) -> Self:
        """A proxy to the server of a URL."""
        parts = urlsplit(url)
        return cls(parts.hostname or "127.0.0.1", parts.port or {"amqp": 5672, "postgresql": 5432}[parts.scheme])

    def url(self, url: str) -> str:
        """That URL, through this proxy."""
        parts = urlsplit(url)
        credentials = parts.netloc.rpartition("@")[0]
        netloc = f"{credentials}@127.0.0.1:{self.port}" if credentials else f"127.0.0.1:{self.port}"
        return urlunsplit(parts._replace(netloc=netloc))

    def cut(self) -> None:
        """Reset every connection that is open now."""
        pairs, self._pairs = self._pairs, []
        for ends, pumps in pairs:
            # A descriptor that is closed while somebody waits for it troubles whoever gets its number next.
            for pump in pumps:
                pump.kill()
            for end in ends:
                with contextlib.suppress(OSError):
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                _shut(end)
                end.close()

    def stop(self) -> None:
        """The server is gone: cut, and refuse until ``restore``."""
        self.refusing = True
        self.cut()

    def lead_to(self, url: str) -> None:
        """The address belongs to another server from now on."""
        parts = urlsplit(url)
        self._target = (parts.hostname or "127.0.0.1", parts.port or 0)
        self.cut()

    def silence(self) -> None:
        """Let nothing through, in either direction, until ``restore``."""
        if self._flowing.ready():
            self._flowing = Event()

    def restore(self) -> None:
        """All is well again."""
        self.refusing = False
        self.delay = 0.0
        if not self._flowing.ready():
            self._flowing.send()

    def passing(self, data: bytes, source: Any, sink: Any) -> bool:
        """Whether what ``source`` sent may go to ``sink``; otherwise the connection ends."""
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._acceptor.kill()
        self._listener.close()
        self.stop()

    def _accept(self) -> None:
        while True:
            near, _ = self._listener.accept()
            if self.refusing:
                near.close()
                continue
            try:
                far = eventlet.connect(self._target)
            except OSError:
                near.close()
                continue
            self._pairs = [pair for pair in self._pairs if not all(pump.dead for pump in pair[1])]
            pumps = [eventlet.spawn(self._pump, near, far), eventlet.spawn(self._pump, far, near)]
            self._pairs.append(((near, far), pumps))

    def _pump(self, source: Any, sink: Any) -> None:
        with contextlib.suppress(OSError, EOFError):
            while data := source.recv(65536):
                self._flowing.wait()
                if self.delay:
                    eventlet.sleep(self.delay)
                if source in self.deaf or not self.passing(data, source, sink):
                    break
                sink.sendall(data)
        self.deaf.discard(source)
        # Each pump closes what it reads itself: the other one is woken by the end of its own.
        _shut(source)
        _shut(sink)
        source.close()


def _shut(end: Any) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
