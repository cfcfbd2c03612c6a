"""HTTP/1.1 and WebSocket on plain sockets, so that the load generator costs little next to what it measures."""

import base64
import json
import os
import select
import socket
import struct
import time
from collections.abc import Iterator
from typing import Any

CHUNK = 262_144


class WireError(Exception):
    """The server said something unexpected, or hung up."""


def connect(host: str, port: int, timeout: float = 10.0) -> socket.socket:
    """A TCP connection without Nagle's delay."""
    opened = socket.create_connection((host, port), timeout=timeout)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return opened


def request(method: str, path: str, host: str, body: Any = None, headers: str = "") -> bytes:
    """The bytes of a request; ``body`` becomes JSON."""
    content = b"" if body is None else json.dumps(body, separators=(",", ":")).encode()
    head = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n{headers}"
    if body is not None:
        head += f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n"
    return head.encode() + b"\r\n" + content


class HttpConnection:
    """A kept-alive connection with at most one request under way."""

    def __init__(self, host: str, port: int) -> None:
        self._socket = connect(host, port)
        self._received = b""
        self.sent_at = 0.0

    def fileno(self) -> int:
        """For ``select``."""
        return self._socket.fileno()

    def send(self, message: bytes) -> None:
        """Send a request made by ``request``."""
        self.sent_at = time.perf_counter()
        self._socket.sendall(message)

    def receive(self) -> tuple[int, bytes] | None:
        """Read what has arrived: status and body when the answer is complete."""
        chunk = self._socket.recv(CHUNK)
        if not chunk:
            raise WireError("the server closed an HTTP connection")
        self._received += chunk
        head, separator, rest = self._received.partition(b"\r\n\r\n")
        if not separator:
            return None
        length = _content_length(head)
        if len(rest) < length:
            return None
        self._received = rest[length:]
        return int(head[9:12]), rest[:length]

    def ask(self, message: bytes) -> tuple[int, bytes]:
        """Send, wait, and answer status and body."""
        self.send(message)
        while True:
            answer = self.receive()
            if answer is not None:
                return answer

    def close(self) -> None:
        """Hang up."""
        self._socket.close()


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise WireError("an answer without Content-Length")


TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


class WebSocket:
    """A client's side of RFC 6455, without extensions."""

    def __init__(self, host: str, port: int, path: str) -> None:
        self._socket = connect(host, port)
        key = base64.b64encode(os.urandom(16)).decode()
        headers = (
            f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
        )
        self._socket.sendall(request("GET", path, f"{host}:{port}", headers=headers))
        head = b""
        while b"\r\n\r\n" not in head:
            chunk = self._socket.recv(CHUNK)
            if not chunk:
                raise WireError("the server closed the WebSocket in its handshake")
            head += chunk
        head, _, self._received = head.partition(b"\r\n\r\n")
        if b" 101 " not in head.split(b"\r\n")[0]:
            raise WireError(f"no WebSocket: {head.splitlines()[0].decode()}")

    def fileno(self) -> int:
        """For ``select``."""
        return self._socket.fileno()

    def send(self, message: Any) -> None:
        """Send JSON."""
        self._send(TEXT, json.dumps(message).encode())

    def receive(self) -> Iterator[bytes]:
        """Read what has arrived, and answer the texts that are complete; pings are answered by the way."""
        chunk = self._socket.recv(CHUNK)
        if not chunk:
            raise WireError("the server hung up the WebSocket")
        self._received += chunk
        yield from self._texts()

    def wait_for_text(self, timeout: float = 10.0) -> bytes:
        """The next text."""
        deadline = time.monotonic() + timeout
        for text in self._texts():
            return text
        while select.select([self], [], [], max(0.0, deadline - time.monotonic()))[0]:
            for text in self.receive():
                return text
        raise WireError("nothing arrived on the WebSocket")

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _texts(self) -> Iterator[bytes]:
        while (frame := self._frame()) is not None:
            opcode, payload = frame
            if opcode == TEXT:
                yield payload
            elif opcode == PING:
                self._send(PONG, payload)
            elif opcode == CLOSE:
                raise WireError(f"the server closed the WebSocket with {int.from_bytes(payload[:2], 'big')}")

    def _frame(self) -> tuple[int, bytes] | None:
        data = self._received
        if len(data) < 2:
            return None
        if not data[0] & 0x80:
            raise WireError("a fragmented WebSocket message")
        length, start = data[1] & 0x7F, 2
        if length > 125:
            start = 4 if length == 126 else 10
            if len(data) < start:
                return None
            length = int.from_bytes(data[2:start], "big")
        if len(data) < start + length:
            return None
        self._received = data[start + length :]
        return data[0] & 0x0F, data[start : start + length]

    def _send(self, opcode: int, payload: bytes) -> None:
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
        length = len(payload)
        size = bytes([0x80 | length]) if length < 126 else b"\xfe" + struct.pack(">H", length)
        self._socket.sendall(bytes([0x80 | opcode]) + size + mask + masked)
