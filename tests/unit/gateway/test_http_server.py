"""The gateway on a real socket: what a server of the shelf would let through."""

import socket
from contextlib import suppress

import pytest

from services.runtime.settings import Settings
from tests.unit.gateway.stage import Stage

MEGABYTE = b" " * 2**20


@pytest.mark.parametrize("stated", [True, False], ids=["length stated", "chunked"])
def test_a_body_of_50_mb_is_refused(stage: Stage, stated: bool) -> None:
    length = b"Content-Length: 52428800" if stated else b"Transfer-Encoding: chunked"
    head = b"POST /api/v1 HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + length + b"\r\n\r\n"
    piece = MEGABYTE if stated else b"100000\r\n" + MEGABYTE + b"\r\n"
    with stage.serving() as port, socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        client.sendall(head)
        client.settimeout(0.3)
        with suppress(OSError):  # The server need not read all of it.
            for _ in range(50):
                client.sendall(piece)
        client.settimeout(5)
        answer = client.recv(65_536)
    assert answer.startswith(b"HTTP/1.1 413")
    assert stage.events.said == []


def test_a_second_gateway_on_the_same_port_does_not_start(stage: Stage) -> None:
    with stage.serving() as port:
        second = Stage(settings=Settings(amqp_uri="amqp://broker", http_port=port))
        with pytest.raises(OSError, match="in use"), second.serving():
            pass
