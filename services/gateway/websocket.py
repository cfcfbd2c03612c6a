"""The WebSocket protocol (RFC 6455) on a connection taken from the HTTP server."""

import base64
import binascii
import hashlib
import logging
import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Protocol

from flask import Request
from wsproto import ConnectionType
from wsproto.connection import Connection as Frames
from wsproto.connection import ConnectionState
from wsproto.events import BytesMessage, CloseConnection, Event, Ping, TextMessage
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

from services.contracts.errors import Code, Refusal
from services.contracts.sizes import LARGEST_BODY, LARGEST_HELLO
from services.contracts.validation import Invalid, fault

log = logging.getLogger(__name__)

_KEY_SUFFIX = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

VERSION = "13"

SEND_SECONDS = 10.0
"""A client that does not read what it is sent for this long is far behind."""

MESSAGE_TOO_BIG = 1009
PROTOCOL_ERROR = 1002
POLICY_VIOLATION = 1008

MOST_FRAMES = 200
FRAMES_SECONDS = 10.0
"""A client sends at most so many frames in so many seconds. It has one thing to say, and pings to answer."""

DISMISS_SECONDS = 1.0


class Violation(ConnectionError):
    """The client broke the protocol or a bound, and has been told so. ``reason``: what it did, in one word."""

    def __init__(self, reason: str, detail: object) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason


class Transport(Protocol):
    """A connection (``services.runtime.http.protocol.Connection``)."""

    def receive(self, seconds: float | None = None) -> bytes: ...

    def send(self, data: bytes, seconds: float) -> None: ...

    def abort(self) -> None: ...


def accepting(request: Request) -> bytes:
    """The bytes that accept a request's upgrade.

    Raises ``Refusal``: ``not_found`` when it is none, ``upgrade_required`` for another version, or ``invalid_request``
    (``Invalid``) naming the headers that are not as they should be.
    """
    headers = request.headers
    if request.method != "GET" or headers.get("Upgrade", "").strip().lower() != "websocket":
        raise Refusal(Code.NOT_FOUND)
    faults = []
    if "upgrade" not in {option.strip().lower() for option in headers.get("Connection", "").split(",")}:
        faults.append(fault("header" if "Connection" in headers else "missing", "header.Connection"))
    version = headers.get("Sec-WebSocket-Version", "").strip()
    if not version:
        faults.append(fault("missing", "header.Sec-WebSocket-Version"))
    elif version != VERSION:
        raise Refusal(Code.UPGRADE_REQUIRED, {"version": VERSION})
    key = headers.get("Sec-WebSocket-Key", "").strip()
    if not _is_key(key):
        faults.append(fault("header" if key else "missing", "header.Sec-WebSocket-Key"))
    if faults:
        raise Invalid(faults)
    accept = base64.b64encode(hashlib.sha1(key.encode() + _KEY_SUFFIX, usedforsecurity=False).digest())
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )


def _is_key(text: str) -> bool:
    try:
        return len(base64.b64decode(text, validate=True)) == 16
    except (binascii.Error, ValueError):
        return False


class WebSocket:
    """One WebSocket. One greenlet receives; any may send. All but ``abort`` raise ``OSError`` when it is broken:
    ``Violation`` when it was the client's fault."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._frames = Frames(ConnectionType.SERVER)
        self._sending = threading.Lock()
        self._parts: list[str] = []
        self._length = 0
        self._most = LARGEST_HELLO
        self._count = 0
        self._counting_since = time.monotonic()
        self.heard_at = time.monotonic()

    def trust(self) -> None:
        """Who speaks is known now: messages may be as large as a request."""
        self._most = LARGEST_BODY

    def receive(self, seconds: float | None = None) -> str | None:
        """The next text message; None when the client has closed.

        Raises ``SlowClient`` (an ``OSError``) when none has arrived after ``seconds``.
        """
        end = None if seconds is None else time.monotonic() + seconds
        while True:
            for event in self._events():
                self._check_rate()
                text = self._handle(event)
                if text is not None or isinstance(event, CloseConnection):
                    return text
            left = None if end is None else max(0.001, end - time.monotonic())
            self._feed(self._transport.receive(left))

    def _events(self) -> Iterable[Event]:
        try:
            yield from self._frames.events()
        except RemoteProtocolError as error:
            self.close(PROTOCOL_ERROR, "not a WebSocket frame")
            raise Violation("not_a_frame", error) from None

    def _feed(self, data: bytes) -> None:
        self.heard_at = time.monotonic()
        try:
            self._frames.receive_data(data or None)
        except (LocalProtocolError, RemoteProtocolError) as error:
            raise Violation("not_a_frame", error) from None

    def _check_rate(self) -> None:
        """Whoever floods us with frames would keep everybody else waiting."""
        now = time.monotonic()
        if now - self._counting_since > FRAMES_SECONDS:
            self._count, self._counting_since = 0, now
        self._count += 1
        if self._count > MOST_FRAMES:
            self.close(POLICY_VIOLATION, "too many frames")
            raise Violation("too_many_frames", self._count)

    def _handle(self, event: Event) -> str | None:
        if isinstance(event, Ping | CloseConnection):
            # Of what is no frame the parser makes a close, which the client has not sent.
            broken = isinstance(event, CloseConnection) and self._frames.state is ConnectionState.OPEN
            self._answer(event)
            if broken:
                raise Violation("not_a_frame", event)
        elif isinstance(event, TextMessage | BytesMessage):
            return self._collect(event)
        return None

    def _answer(self, event: Ping | CloseConnection) -> None:
        try:
            self._send(event.response())
        except LocalProtocolError:
            log.debug("the close frame answers ours")

    def _collect(self, event: TextMessage | BytesMessage) -> str | None:
        """A whole text message, or None while parts are missing. Binary messages are not read."""
        self._length += len(event.data.encode() if isinstance(event, TextMessage) else event.data)
        if self._length > self._most:
            self.close(MESSAGE_TOO_BIG, "message too big")
            raise Violation("too_large", self._length)
        if isinstance(event, TextMessage):
            self._parts.append(event.data)
        if not event.message_finished:
            return None
        text = "".join(self._parts)
        self._parts, self._length = [], 0
        return text if isinstance(event, TextMessage) else None

    def send(self, frames: Sequence[bytes]) -> None:
        """Send these frames (``services.gateway.frames``) together. Raises ``LocalProtocolError`` after ``close``."""
        with self._sending:
            if self._frames.state is not ConnectionState.OPEN:
                raise LocalProtocolError("it has been closed")
            self._transport.send(b"".join(frames), SEND_SECONDS)

    def ping(self) -> None:
        """Ask the client for a sign of life."""
        self._send(Ping())

    def close(self, code: int, reason: str) -> None:
        """Say good-bye, once; nothing can be sent after it."""
        with suppress(LocalProtocolError):
            self._send(CloseConnection(code=code, reason=reason))

    def dismiss(self, code: int, reason: str) -> None:
        """Say good-bye and wait for the answer, so that what the client still sends does not reset the connection."""
        self.close(code, reason)
        with suppress(TimeoutError):
            while self.receive(DISMISS_SECONDS) is not None:
                pass

    def abort(self) -> None:
        """End the connection now."""
        self._transport.abort()

    def _send(self, *events: Event) -> None:
        with self._sending:
            self._transport.send(b"".join(self._frames.send(event) for event in events), SEND_SECONDS)
