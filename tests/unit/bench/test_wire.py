import socket
import struct
from collections.abc import Callable, Iterator

import eventlet
import pytest

from bench.wire import CLOSE, PING, PONG, TEXT, HttpConnection, WebSocket, WireError, request

Serve = Callable[[Callable[[socket.socket], None]], int]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Has the first connection to a new port answered by a function."""
    listeners: list[socket.socket] = []

    def start(answer: Callable[[socket.socket], None]) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        eventlet.spawn(lambda: answer(listener.accept()[0]))
        port: int = listener.getsockname()[1]
        return port

    yield start
    for listener in listeners:
        listener.close()


def in_pieces(connection: socket.socket, data: bytes, size: int) -> None:
    for start in range(0, len(data), size):
        connection.sendall(data[start : start + size])
        eventlet.sleep(0.001)


def frame(opcode: int, payload: bytes) -> bytes:
    """As a server sends it."""
    length = len(payload)
    if length < 126:
        return bytes([0x80 | opcode, length]) + payload
    if length < 65_536:
        return bytes([0x80 | opcode, 126]) + struct.pack(">H", length) + payload
    return bytes([0x80 | opcode, 127]) + struct.pack(">Q", length) + payload


def upgraded(connection: socket.socket) -> None:
    connection.recv(65_536)
    connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n")


def test_an_answer_that_comes_in_pieces_is_read_whole_and_the_connection_kept(serve: Serve) -> None:
    def answer(connection: socket.socket) -> None:
        for status in (202, 503):
            connection.recv(65_536)
            in_pieces(connection, b"HTTP/1.1 %d X\r\ncontent-length: 11\r\n\r\nhello world" % status, 7)

    http = HttpConnection("127.0.0.1", serve(answer))
    assert http.ask(request("GET", "/", "h")) == (202, b"hello world")
    assert http.ask(request("GET", "/", "h")) == (503, b"hello world")


def test_a_server_that_hangs_up_is_no_answer(serve: Serve) -> None:
    http = HttpConnection("127.0.0.1", serve(lambda connection: connection.close()))
    with pytest.raises((WireError, ConnectionError)):
        http.ask(request("GET", "/", "h"))


@pytest.mark.parametrize("length", [0, 125, 126, 65_535, 65_536, 200_000])
def test_messages_of_every_length_arrive_whole(serve: Serve, length: int) -> None:
    def answer(connection: socket.socket) -> None:
        upgraded(connection)
        in_pieces(connection, frame(TEXT, b"x" * length) + frame(TEXT, b"next"), 60_001)

    live = WebSocket("127.0.0.1", serve(answer), "/")
    assert live.wait_for_text() == b"x" * length
    assert live.wait_for_text() == b"next"


def test_pings_are_answered_with_what_they_carry(serve: Serve) -> None:
    pongs: list[bytes] = []

    def answer(connection: socket.socket) -> None:
        upgraded(connection)
        connection.sendall(frame(PING, b"are you there"))
        pongs.append(connection.recv(65_536))
        connection.sendall(frame(TEXT, b"good"))

    live = WebSocket("127.0.0.1", serve(answer), "/")
    assert live.wait_for_text() == b"good"
    head, mask, masked = pongs[0][:2], pongs[0][2:6], pongs[0][6:]
    assert head == bytes([0x80 | PONG, 0x80 | 13])
    assert bytes(byte ^ mask[index % 4] for index, byte in enumerate(masked)) == b"are you there"


def test_a_close_is_told_with_its_code(serve: Serve) -> None:
    def answer(connection: socket.socket) -> None:
        upgraded(connection)
        connection.sendall(frame(CLOSE, struct.pack(">H", 4401)))

    live = WebSocket("127.0.0.1", serve(answer), "/")
    with pytest.raises(WireError, match="4401"):
        live.wait_for_text()


def test_what_is_no_websocket_is_refused(serve: Serve) -> None:
    port = serve(lambda connection: connection.sendall(b"HTTP/1.1 404 Not Found\r\n\r\n"))
    with pytest.raises(WireError, match="404"):
        WebSocket("127.0.0.1", port, "/")
