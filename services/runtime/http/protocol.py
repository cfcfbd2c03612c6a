"""The HTTP protocol of :mod:`services.runtime.http.server`: eventlet's, hardened against slow and broken clients.

An application finds two things of ours in its environment: a ``wsgi.input`` that gives up on a client which takes too
long to send its body (``SlowClient``, an ``OSError``), and under ``TAKE_CONNECTION`` a function which hands it the raw
connection (a WebSocket); it then answers nothing.
"""

import logging
import socket
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import Any

import eventlet
from eventlet import wsgi

from services.runtime.http import body
from services.runtime.http.backlog import Backlog
from services.runtime.http.body import LEFTOVER_BYTES, Body, SlowClient
from services.runtime.http.head import MalformedHead, StrictLines, check_headers, check_request_line, resolve_target

log = logging.getLogger(__name__)

TAKE_CONNECTION = "backoffice.take_connection"
END_CONNECTION = "backoffice.end_connection"

IDLE_SECONDS = 75.0
"""How long a connection may stay open without a further request."""

ANSWER_SECONDS = 30.0
"""How long a client may take to read what it is sent in one piece: an answer, or a part of a large file."""

MOST_BYTES = 64 * 1024 * 1024
"""Of answers that the clients of this process have not read yet, and of bodies that they have not sent to the end."""

SEND_BUFFER = 256 * 1024
"""Bytes that the kernel keeps for a client that does not read, beside what waits here. Linux keeps twice as many."""

FIRST_REQUEST_SECONDS = 10.0
"""How long a new connection may stay open without any."""

LEFTOVER_SECONDS = 1.0
"""How long that may take: the answer waits for it."""

LINGER_SECONDS = 5.0
"""How long a connection that we end is still listened to, so that the client gets to read our answer."""

PROBLEM = "application/problem+json"

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

Describe = Callable[[HTTPStatus], bytes]
"""The body (``application/problem+json``) of an answer that the server itself gives."""


class Connection:
    """A connection that the application took over."""

    def __init__(self, stream: Any, sock: Any) -> None:
        self._stream = stream
        self._sock = sock

    def receive(self, seconds: float | None = None) -> bytes:
        """What arrived, empty at the end. Raises ``SlowClient`` after ``seconds`` and ``OSError``."""
        with eventlet.Timeout(seconds, SlowClient("nothing was received")):
            data: bytes = self._stream.read1(65_536)
            return data

    def send(self, data: bytes, seconds: float) -> None:
        """All of ``data``. Raises ``SlowClient`` after ``seconds`` and ``OSError``."""
        with eventlet.Timeout(seconds, SlowClient("the client does not read")):
            self._sock.sendall(memoryview(data))  # eventlet copies what is left of anything else

    def abort(self) -> None:
        """End it now: whoever receives on it gets the end."""
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)


class Answers:
    """What is written to a client. One that does not read it in time is cut, and so is the slowest of all when too
    much waits for clients together."""

    def __init__(self, stream: Any, cut: Callable[[], None], backlog: Backlog) -> None:
        self._stream = stream
        self._cut = cut
        self._backlog = backlog

    def writelines(self, data: Sequence[bytes]) -> None:
        """All of ``data``. Raises ``SlowClient`` or another ``OSError``."""
        try:
            with (
                self._backlog.waiting(self._cut, sum(map(len, data))),
                eventlet.Timeout(ANSWER_SECONDS, SlowClient("the client does not read")),
            ):
                self._stream.writelines(data)
                self._stream.flush()
        except SlowClient:
            self._cut()
            raise

    def write(self, data: bytes) -> None:
        """As ``writelines``."""
        self.writelines([data])

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class HttpProtocol(wsgi.HttpProtocol):
    """One connection. ``describe``: the body of a refusal of the server's own."""

    describe: Describe
    backlog = Backlog(MOST_BYTES)
    rfile: Any
    wfile: Any
    path: str
    _taken = False
    _linger = False
    _requests = 0

    def setup(self) -> None:
        super().setup()
        with suppress(OSError):
            self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        self.connection.settimeout(IDLE_SECONDS)
        self.wfile = Answers(self.wfile, self._cut, self.backlog)

    def handle(self) -> None:
        try:
            super().handle()
        except OSError as error:
            log.debug("connection of %s ended: %s", self.client_address[0], error)
        except Exception:
            log.exception("a connection failed")

    def finish(self) -> None:
        with suppress(OSError):
            if self._linger and not self._taken:
                self._wait_for_reader()
        with suppress(OSError):
            super().finish()

    def _wait_for_reader(self) -> None:
        """A close while unread data waits would reset the connection and destroy our answer on its way."""
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_WR)
        with eventlet.Timeout(LINGER_SECONDS, False):
            while self.connection.recv(65_536):
                pass

    def _read_request_line(self) -> Any:
        # Requests that have arrived already would keep everybody else waiting, since reading them never does.
        eventlet.sleep(0)
        with eventlet.Timeout(IDLE_SECONDS if self._requests else FIRST_REQUEST_SECONDS, SlowClient("idle")):
            line = super()._read_request_line()
        self.connection.settimeout(IDLE_SECONDS)  # eventlet has set its own
        self._requests += 1
        try:
            if line:
                check_request_line(line)
        except MalformedHead as fault:
            return self._refuse(fault.status) or b""
        return line

    def parse_request(self) -> bool:
        self.rfile = StrictLines(self.rfile)
        try:
            with eventlet.Timeout(body.REQUEST_SECONDS, SlowClient("the head took too long")):
                if not super().parse_request():
                    return False
                check_headers(self.headers, self.request_version)
                self.path = resolve_target(self.command, self.path, self.headers)
                return True
        except MalformedHead as fault:
            return self._refuse(fault.status)
        except (wsgi.HeaderLineTooLong, wsgi.HeadersTooLarge):
            return self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """The standard library calls it for a head that it does not take, such as one of more than 100 headers."""
        self._refuse(HTTPStatus(code))

    def _refuse(self, status: HTTPStatus) -> bool:
        self.close_connection = True
        self._linger = True
        body = self.describe(status)
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: {PROBLEM}\r\n"
            f"Content-Length: {len(body)}\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n"
        )
        self.wfile.write(head.encode() + body)
        return False

    def get_environ(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environ()
        environ["wsgi.input"] = Body(environ["eventlet.input"], lambda size: self.backlog.waiting(self._cut, size))
        environ["wsgi.input_terminated"] = True
        environ[TAKE_CONNECTION] = self._take
        environ[END_CONNECTION] = self._end_connection
        return environ

    def _cut(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def _take(self) -> Connection:
        wsgi.WSGI_LOCAL.already_handled = True
        self._taken = True
        self.connection.settimeout(None)
        return Connection(self.rfile, self.connection)

    def _end_connection(self) -> None:
        self.close_connection = True
        self._linger = True


class GuardedApplication:
    """The application, and what it leaves of a request's body.

    describe: the body of the answer when the application fails
    draining: once it says so, every connection ends with the answer that is given on it
    """

    def __init__(
        self, application: Application, describe: Describe, draining: Callable[[], bool] = lambda: False
    ) -> None:
        self._application = application
        self._describe = describe
        self._draining = draining

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        try:
            answer = self._application(environ, start_response)
        except Exception:
            log.exception("the application failed")
            return self._failed(environ, start_response)
        body: Body = environ["wsgi.input"]
        if self._draining() or (not body.finished and not body.unwanted and not self._read_rest(body)):
            environ[END_CONNECTION]()
        return answer

    def _failed(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        environ[END_CONNECTION]()
        body = self._describe(HTTPStatus.INTERNAL_SERVER_ERROR)
        headers = [("Content-Type", PROBLEM), ("Content-Length", str(len(body)))]
        start_response("500 Internal Server Error", headers, sys.exc_info())
        return [body]

    def _read_rest(self, body: Body) -> bool:
        if body.endless:
            return False
        with suppress(OSError, ValueError), eventlet.Timeout(LEFTOVER_SECONDS, SlowClient("the rest took too long")):
            body.read(LEFTOVER_BYTES)
            return body.finished
        return False
