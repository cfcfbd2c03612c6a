"""The gateway on a real socket: what a server of the shelf would let through."""

import json
import socket
from contextlib import suppress

import pytest

from services.contracts.errors import CATALOGUE, Code
from services.runtime.http import body
from services.runtime.settings import Settings
from tests.unit.gateway.stage import Stage
from tests.waiting import PATIENCE

POST = b"POST /api/v1 HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"

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


PROBLEMS = {
    b"nonsense\r\n\r\n": (400, "malformed_request"),
    b"GET /" + b"x" * 9_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n": (414, "uri_too_long"),
    b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"x" * 9_000 + b"\r\n\r\n": (431, "headers_too_large"),
    b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n": (501, "transfer_coding_unknown"),
    b"GET / HTTP/3.0\r\nHost: x\r\n\r\n": (505, "http_version_unknown"),
    POST + b"Transfer-Encoding: chunked\r\n\r\nno size\r\n": (400, "malformed_request"),
    POST + b"Content-Length: 5\r\n\r\n{": (400, "malformed_request"),
}


@pytest.mark.parametrize("request_bytes", PROBLEMS)
def test_what_cannot_be_read_is_answered_with_a_problem_that_says_so(port: int, request_bytes: bytes) -> None:
    assert problem_for(port, request_bytes) == PROBLEMS[request_bytes]


def test_a_body_that_does_not_arrive_in_time_is_answered_with_408(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "REQUEST_SECONDS", 0.2)
    half = POST + b"Content-Length: 5\r\n\r\n{"
    assert problem_for(port, half, close=False) == (408, "request_timeout")


def problem_for(port: int, request_bytes: bytes, *, close: bool = True) -> tuple[int, str]:
    """Status and code of the one answer, checked to be a problem of the catalogue in words."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as client:
        client.sendall(request_bytes)
        if close:
            client.shutdown(socket.SHUT_WR)
        received = b""
        while chunk := client.recv(65_536):
            received += chunk
    head, _, content = received.partition(b"\r\n\r\n")
    assert b"\r\nContent-Type: application/problem+json" in head
    problem = json.loads(content)
    entry = CATALOGUE[Code(problem["code"])]
    assert entry.of_request
    assert (problem["number"], problem["status"]) == (entry.number, int(head.split(b" ")[1]))
    assert "?" not in problem["detail"]
    return problem["status"], problem["code"]


def test_an_absolute_target_is_answered_as_its_path_is(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as client:
        client.sendall(b"GET http://desk.example/healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.recv(65_536).startswith(b"HTTP/1.1 200 ")


def test_a_second_gateway_on_the_same_port_does_not_start(stage: Stage) -> None:
    with stage.serving() as port:
        second = Stage(settings=Settings(amqp_uri="amqp://broker", http_port=port))
        with pytest.raises(OSError, match="in use"), second.serving():
            pass
