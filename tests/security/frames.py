"""A WebSocket client that sends what a good one never would, byte by byte."""

import base64
import json
import os
import socket
import struct
from typing import Any
from urllib.parse import urlsplit

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class RawSocket:
    """A connection to a gateway's WebSocket address."""

    def __init__(self, url: str, headers: dict[str, str] | None = None, timeout: float = 20) -> None:
        parts = urlsplit(url)
        self.socket = socket.create_connection((parts.hostname or "", parts.port or 80), timeout=timeout)
        self._buffer = b""
        lines = {
            "Host": parts.netloc,
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        } | (headers or {})
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self.socket.sendall(f"GET /api/v1/ws HTTP/1.1\r\n{head}\r\n".encode())
        while b"\r\n\r\n" not in self._buffer and self._receive():
            pass
        self.head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")

    @property
    def status(self) -> int:
        """How the upgrade was answered."""
        return int(self.head.split(b" ")[1])

    def hello(self, token: str) -> dict[str, Any]:
        """Say who it is; the answer."""
        self.send(TEXT, json.dumps({"token": token}).encode())
        kind, payload = self.frame()
        assert kind == TEXT, payload
        answer: dict[str, Any] = json.loads(payload)
        return answer

    def send(self, kind: int, payload: bytes, *, final: bool = True, masked: bool = True, reserved: int = 0) -> None:
        """One frame."""
        self.socket.sendall(frame(kind, payload, final=final, masked=masked, reserved=reserved))

    def frame(self) -> tuple[int, bytes]:
        """The next frame that the gateway sends; ``(0, b"")`` at the end."""
        while True:
            if len(self._buffer) >= 2:
                length, start = self._buffer[1] & 127, 2
                if length == 126:
                    length, start = struct.unpack(">H", self._buffer[2:4])[0], 4
                elif length == 127:
                    length, start = struct.unpack(">Q", self._buffer[2:10])[0], 10
                if len(self._buffer) >= start + length:
                    kind, payload = self._buffer[0] & 15, self._buffer[start : start + length]
                    self._buffer = self._buffer[start + length :]
                    return kind, payload
            if not self._receive():
                return 0, b""

    def closed_with(self) -> int | None:
        """The code of the close frame, once it has come; None when the connection ended without one."""
        while True:
            kind, payload = self.frame()
            if kind == CLOSE:
                return int(struct.unpack(">H", payload[:2])[0])
            if kind == 0:
                return None

    def _receive(self) -> bool:
        try:
            piece = self.socket.recv(65_536)
        except ConnectionError:
            piece = b""
        self._buffer += piece
        return bool(piece)

    def close(self) -> None:
        """Leave without a word."""
        self.socket.close()


def frame(kind: int, payload: bytes, *, final: bool = True, masked: bool = True, reserved: int = 0) -> bytes:
    """The bytes of a frame."""
    first = bytes([(128 if final else 0) | reserved << 4 | kind])
    flag = 128 if masked else 0
    if len(payload) < 126:
        head = first + bytes([flag | len(payload)])
    elif len(payload) < 65_536:
        head = first + bytes([flag | 126]) + struct.pack(">H", len(payload))
    else:
        head = first + bytes([flag | 127]) + struct.pack(">Q", len(payload))
    if not masked:
        return head + payload
    mask = os.urandom(4)
    return head + mask + bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
