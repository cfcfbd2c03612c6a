"""The protocol, over a real server."""

import pytest

from services.contracts.sizes import LARGEST_BODY, LARGEST_HELLO
from tests.unit.gateway.stage import Stage
from tests.unit.gateway.websocket_clients import closing_code, frame, raw_socket, ready, received, socket_to
from tests.waiting import eventually


@pytest.mark.parametrize(
    "nonsense",
    [b"\xff" * 100, b"\x81\x05hello", frame(0x81, b"\xff\xfe"), frame(0x83, b""), b"GET / HTTP/1.1\r\n\r\n"],
)
def test_what_is_no_websocket_frame_ends_the_connection(stage: Stage, port: int, nonsense: bytes) -> None:
    with raw_socket(port, None) as raw:
        raw.sendall(nonsense)
        while raw.recv(4096):
            pass


@pytest.mark.parametrize("text", ["x" * (LARGEST_HELLO + 1), "漢" * 3_000])
def test_a_first_message_beyond_all_measure_closes_with_1009(port: int, text: str) -> None:
    with socket_to(port, text) as client:
        assert closing_code(client) == 1009


def test_a_later_message_may_be_as_large_as_a_request_and_no_larger(port: int) -> None:
    with socket_to(port, {"token": "12qw"}) as client:
        ready(client)
        client.send("x" * LARGEST_BODY)
        client.send('{"type":"ping"}')
        assert received(client) == {"type": "pong"}
        client.send("x" * (LARGEST_BODY + 1))
        assert closing_code(client) == 1009


def test_a_message_may_come_in_parts_and_with_the_handshake(stage: Stage, port: int) -> None:
    with raw_socket(port, None) as raw:
        raw.sendall(frame(0x01, b'{"token":') + frame(0x89, b"ping") + frame(0x80, b'"12qw"}'))
        eventually(lambda: len(stage.gateway.live) == 1)
