"""The body of an HTTP request, read once, in time, and strictly."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import eventlet
from eventlet import wsgi

REQUEST_SECONDS = 10.0
"""How long a client may take to send the head of a request, and again its body."""

LEFTOVER_BYTES = 64 * 1024
"""A body that the application did not read is read up to this, to keep the connection; a larger one ends it."""

_CHUNK = re.compile(rb"(?P<size>[0-9A-Fa-f]{1,8})[\t ]*(?:;[\t\x20-\x7e\x80-\xff]*)?\r\n")
_TRAILER = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*\r\n")
_LONGEST_LINE = 1_024
_MOST_OVERHEAD = 64 * 1024
"""Bytes of chunk extensions and trailers, which nobody reads."""


class SlowClient(TimeoutError):
    """The client took too long to send or to receive."""


class Chunks:
    """A chunked body. Sizes are plain hexadecimal digits, each chunk ends where its size says, lines end in CRLF."""

    def __init__(self, source: Any) -> None:
        self._source = source
        self._left = 0
        self._first = True
        self._overhead = 0
        self.finished = False

    def read(self, size: int) -> bytes:
        """At most ``size`` bytes; fewer at the end alone. Raises ``ValueError`` when badly chunked."""
        parts: list[bytes] = []
        while size > 0 and not self.finished:
            if self._left == 0 and not self._next():
                break
            data = self._source.read(min(size, self._left))
            if not data:
                raise ValueError("the body ends within a chunk")
            parts.append(data)
            size -= len(data)
            self._left -= len(data)
        return b"".join(parts)

    def _next(self) -> bool:
        if not self._first and self._source.read(2) != b"\r\n":
            raise ValueError("a chunk is longer than its size")
        self._first = False
        chunk = _CHUNK.fullmatch(self._line())
        if chunk is None:
            raise ValueError("no size of a chunk")
        self._left = int(chunk["size"], 16)
        if self._left == 0:
            self._read_trailers()
        return self._left > 0

    def _read_trailers(self) -> None:
        while (line := self._line()) != b"\r\n":
            if _TRAILER.fullmatch(line) is None:
                raise ValueError("not a trailer")
        self.finished = True

    def _line(self) -> bytes:
        line: bytes = self._source.readline(_LONGEST_LINE)
        self._overhead += len(line)
        if self._overhead > _MOST_OVERHEAD:
            raise ValueError("more frame than body")
        return line


class Body:
    """A request's body, to be read once and within ``REQUEST_SECONDS``.

    holding: a context in which so many bytes of it may be held while the rest is on its way
    """

    def __init__(self, source: wsgi.Input, holding: Callable[[int], AbstractContextManager[None]]) -> None:
        self._source = source
        self._holding = holding
        self._chunks = Chunks(source.rfile) if source.chunked_input else None
        self._broken = False

    def read(self, size: int = -1) -> bytes:
        """At most ``size`` bytes. Raises ``OSError`` when they do not come, ``ValueError`` when badly chunked."""
        try:
            with (
                self._holding(self._expected(size)),
                eventlet.Timeout(REQUEST_SECONDS, SlowClient("the body took too long")),
            ):
                return self._read(size)
        except (OSError, ValueError):
            self._broken = True
            raise

    def _expected(self, size: int) -> int:
        """The most bytes that are read."""
        most = size if size >= 0 else LEFTOVER_BYTES + 1
        return most if self._chunks is not None else min(most, self._source.content_length or 0)

    def _read(self, size: int) -> bytes:
        if self._chunks is None:
            data: bytes = self._source.read(None if size < 0 else size)
            if not self.finished and (size < 0 or len(data) < size):
                raise ConnectionError("the body is shorter than its length")
            return data
        if self._source.should_send_hundred_continue:
            self._source.send_hundred_continue_response()
            self._source.is_hundred_continue_response_sent = True
        data = self._chunks.read(size if size >= 0 else LEFTOVER_BYTES + 1)
        if self._chunks.finished:
            self._source.chunk_length = 0  # the server would read on for the end of the body otherwise
        return data

    @property
    def finished(self) -> bool:
        """Nothing of it is left to be read."""
        if self._chunks is not None:
            return self._chunks.finished
        return bool(self._source.position >= (self._source.content_length or 0))

    @property
    def endless(self) -> bool:
        """Where it ends cannot be told, or is too far off to read on."""
        declared = 0 if self._source.chunked_input else self._source.content_length or 0
        return self._broken or declared - self._source.position > LEFTOVER_BYTES

    @property
    def unwanted(self) -> bool:
        """The client still waits for ``100 Continue``, so there is nothing to read."""
        return bool(self._source.should_send_hundred_continue)
