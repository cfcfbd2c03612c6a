"""WebSocket clients: one that keeps to the protocol, and one that sends bytes."""

import base64
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from simple_websocket import Client, ConnectionClosed

from tests.waiting import PATIENCE


@contextmanager
def socket_to(port: int, hello: Any = None, headers: dict[str, str] | None = None) -> Iterator[Client]:
    """A client that has said ``hello``."""
    client = Client(f"ws://127.0.0.1:{port}/api/v1/ws", headers=headers)
    try:
        if hello is not None:
            client.send(hello if isinstance(hello, str) else json.dumps(hello))
        yield client
    finally:
        if client.connected:
            super(Client, client).close()  # its own one closes the socket under the feet of its reader
        client.thread.join(2)


def received(client: Client) -> Any:
    """The next message."""
    text = client.receive(timeout=PATIENCE)
    assert text is not None, "nothing was received"
    return json.loads(text)


def closing_code(client: Client) -> int:
    """The code with which the server closes."""
    return closing(client)[0]


def closing(client: Client) -> tuple[int, str]:
    """The code with which the server closes, and its reason."""
    try:
        while client.receive(timeout=PATIENCE) is not None:
            pass
    except ConnectionClosed as closed:
        return int(closed.reason), str(closed.message)
    pytest.fail("it stays open")


def ready(client: Client) -> None:
    """It is let in."""
    assert received(client)["type"] == "ready"


def raw_socket(port: int, hello: bytes | None = b'{"token":"12qw"}') -> socket.socket:
    """A connection that speaks the protocol's bytes, and answers nothing by itself."""
    raw = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
    key = base64.b64encode(os.urandom(16)).decode()
    raw.sendall(
        b"GET /api/v1/ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + key.encode() + b"\r\n\r\n"
    )
    if hello is not None:
        raw.sendall(frame(0x81, hello))
    return raw


def frame(head: int, payload: bytes) -> bytes:
    """A masked frame, its mask all zero."""
    assert len(payload) < 126
    return bytes([head, 0x80 | len(payload)]) + b"\0\0\0\0" + payload
