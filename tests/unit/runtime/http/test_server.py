"""The HTTP server against clients that behave badly, on a real socket."""

import resource
import socket
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from http import HTTPStatus
from typing import Any
from unittest.mock import Mock

import eventlet
import pytest
from eventlet.event import Event

from services.runtime.configuration import monitoring_of
from services.runtime.http import body, protocol
from services.runtime.http import server as http_server
from services.runtime.http.backlog import Backlog
from services.runtime.http.protocol import TAKE_CONNECTION, HttpProtocol
from services.runtime.http.server import HttpServer
from services.runtime.settings import Settings
from tests.waiting import PATIENCE, eventually


def describe(status: HTTPStatus) -> bytes:
    return f'{{"status":{status.value}}}'.encode()


unread: list[BaseException] = []

environs: list[dict[str, Any]] = []

in_hand: list[Event] = []
"""Requests for ``/slow``, each answered when its event is sent."""


class Large:
    """An answer that remembers what became of it."""

    def __iter__(self) -> Iterator[bytes]:
        try:
            for _ in range(500):
                yield b"x" * 100_000
        except GeneratorExit as error:
            unread.append(TimeoutError(str(error)))
            raise

    def close(self) -> None:
        unread.append(TimeoutError("closed"))


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Reads at most ten bytes, or a thousand, and tells what it got."""
    environs.append(environ)
    if environ["PATH_INFO"] == "/taken":
        connection = environ[TAKE_CONNECTION]()
        connection.send(b"raw:" + connection.receive(1), 1)
        return []
    if environ["PATH_INFO"] == "/large":
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(50_000_000))])
        return Large()
    if environ["PATH_INFO"] == "/slow":
        in_hand.append(Event())
        in_hand[-1].wait()
    if environ["PATH_INFO"] == "/broken":
        raise RuntimeError("secret")
    try:
        size = 1_000 if environ["PATH_INFO"] == "/long" else 10
        body = environ["wsgi.input"].read(size) if environ["PATH_INFO"] != "/unread" else b"-"
    except (OSError, ValueError):
        body = b"bad"
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


@pytest.fixture
def server() -> Iterator[HttpServer]:
    in_hand.clear()
    unread.clear()
    container = Mock(config={"settings": Settings(http_port=0)}, service_name="gateway", shared_extensions={})
    http = HttpServer().bind(container)
    http.serve(application, describe)
    yield http
    http.drain(1)


def exchange(server: HttpServer, *pieces: bytes, close: bool = True) -> bytes:
    """Everything that the server answers until it ends the connection."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as client:
        for piece in pieces:
            client.sendall(piece)
        if close:
            client.shutdown(socket.SHUT_WR)
        received = b""
        while chunk := client.recv(65_536):
            received += chunk
        return received


def test_a_draining_process_answers_and_ends_the_connection(server: HttpServer) -> None:
    request = b"GET /unread HTTP/1.1\r\nHost: x\r\n\r\n"
    assert exchange(server, request + request).count(b"200 OK") == 2
    monitoring_of(server.container).drain()
    answered = exchange(server, request + request, close=False)
    assert answered.count(b"200 OK") == 1
    assert b"\r\nConnection: close\r\n" in answered


def test_two_requests_share_a_connection(server: HttpServer) -> None:
    request = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi"
    assert exchange(server, request, request).count(b"200 OK") == 2


def test_a_chunked_body_is_read_to_the_limit_asked_for(server: HttpServer) -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = exchange(server, head, b"8\r\nabcdefgh\r\n", b"8\r\nijklmnop\r\n", b"0\r\n\r\n")
    assert answer.endswith(b"abcdefghij")


def test_a_small_unread_body_does_not_become_the_next_request(server: HttpServer) -> None:
    first = b"POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nGET /"
    assert exchange(server, first, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").count(b"200 OK") == 2


def test_a_large_unread_body_ends_the_connection_after_the_answer(server: HttpServer) -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n\r\n"
    answer = exchange(server, head, b"x" * 5_000_000)
    assert b"200 OK" in answer
    assert b"Connection: close" in answer
    assert answer.endswith(b"x" * 10)


@pytest.mark.parametrize("declared", [60_000, 10**30])
def test_the_answer_does_not_wait_for_a_declared_body_that_does_not_come(
    server: HttpServer, monkeypatch: pytest.MonkeyPatch, declared: int
) -> None:
    monkeypatch.setattr(body, "REQUEST_SECONDS", 3_600.0)
    head = b"POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\nab" % declared
    assert b"Connection: close" in exchange(server, head, close=False)


def test_what_follows_a_badly_chunked_body_is_not_the_next_request(server: HttpServer) -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = exchange(server, head, b"-5\r\nzz\r\n0\r\n\r\n", b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize(
    "request_head",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: abc\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET path HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET x:80 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET * HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET ftp://x/ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http:///path HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http://user@x/ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http://x/ HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01" + b"x" * 10_000,
        b"GET / HTTP/1.1\r\nno header\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length : 1\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET  / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET\t/ HTTP/1.1\r\nHost: x\r\n\r\n",
        b" GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\nHost: x\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\nX: y\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: a\rContent-Length: 5\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: \x00\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX\x0b: y\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhi",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2, 2\r\n\r\nhi",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +2\r\n\r\nhi",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0x2\r\n\r\nhi",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: \xb2\r\n\r\nhi",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + b"9" * 5_000 + b"\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
    ],
)
def test_what_is_not_http_is_answered_with_a_problem(server: HttpServer, request_head: bytes) -> None:
    assert_refused(exchange(server, request_head + SMUGGLED), 400)


def assert_refused(answer: bytes, status: int) -> None:
    """The connection ends with a problem of that status."""
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"\r\nContent-Type: application/problem+json\r\n" in answer
    assert b"\r\nConnection: close\r\n" in answer
    assert answer.endswith(b'\r\n\r\n{"status":%d}' % status)


@pytest.mark.parametrize(
    ("request_head", "status"),
    [
        (b"GET /" + b"x" * 8_192 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"GET /?" + b"x" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"x" * 8_192 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"x" * 100_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"Abcd: %s\r\n" % (b"x" * 800) * 11 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A:\r\n" * 101 + b"\r\n", 431),
        (b"GET / HTTP/9.9\r\nHost: x\r\n\r\n", 505),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        (b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501),
    ],
)
def test_what_is_too_large_or_unknown_is_refused_as_that(server: HttpServer, request_head: bytes, status: int) -> None:
    assert_refused(exchange(server, request_head), status)


def test_a_target_and_a_header_section_of_8_kib_are_read(server: HttpServer) -> None:
    head = b"GET /" + b"x" * 8_191 + b" HTTP/1.1\r\n"
    headers = b"Host: x\r\nA: " + b"x" * 4_000 + b"\r\n"
    headers += b"B: " + b"x" * (8_192 - len(headers) - 7) + b"\r\n\r\n"
    assert len(headers) == 8_192
    assert exchange(server, head + headers).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        (b"http://other:81/unread?a=/b", "/unread", "a=/b"),
        (b"HTTPS://other:81/unread", "/unread", ""),
        (b"http://other:81", "/", ""),
        (b"http://other:81?a=b", "/", "a=b"),
    ],
)
def test_an_absolute_target_names_path_and_host(server: HttpServer, target: bytes, path: str, query: str) -> None:
    environs.clear()
    answer = exchange(server, b"GET " + target + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")
    (environ,) = environs
    assert (environ["PATH_INFO"], environ.get("QUERY_STRING", "")) == (path, query)
    assert environ["HTTP_HOST"] == "other:81"


SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize(
    "body",
    [
        b"0x2\r\nhi\r\n0\r\n\r\n",
        b"+2\r\nhi\r\n0\r\n\r\n",
        b" 2\r\nhi\r\n0\r\n\r\n",
        b"0_2\r\nhi\r\n0\r\n\r\n",
        b"2\nhi\r\n0\r\n\r\n",
        b"2\r\nhi\n0\r\n\r\n",
        b"2\r\nhitherto\r\n0\r\n\r\n",
        b"2;a=\nb\r\nhi\r\n0\r\n\r\n",
        b"2;a=\rb\r\nhi\r\n0\r\n\r\n",
        b"2;" + b"x" * 5_000 + b"\r\nhi\r\n0\r\n\r\n",
        b"\r\n2\r\nhi\r\n0\r\n\r\n",
        b"fffffffff\r\nhi\r\n0\r\n\r\n",
        b"0\r\nno trailer\r\n\r\n",
        b"0\r\n X: y\r\n\r\n",
        b"0\n\n",
    ],
)
def test_a_body_whose_chunks_could_be_read_otherwise_ends_the_connection(server: HttpServer, body: bytes) -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = exchange(server, head + body + SMUGGLED)
    assert answer.count(b"HTTP/1.1 ") == 1
    assert answer.endswith(b"bad")


def test_extensions_and_trailers_of_chunks_are_passed_over(server: HttpServer) -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n"
    body = b'2;name="value"\r\nhi\r\n0\r\nX-Trailer: 1\r\n\r\n'
    answer = exchange(server, head + body, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer.count(b"200 OK") == 2
    assert b"\r\n\r\nhi" in answer


def test_a_body_that_ends_before_its_length_is_not_taken_for_whole(server: HttpServer) -> None:
    answer = exchange(server, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhi")
    assert b"\r\n\r\nhi" not in answer


def test_a_failing_application_shows_nothing(server: HttpServer) -> None:
    answer = exchange(server, b"GET /broken HTTP/1.1\r\nHost: x\r\n\r\n")
    assert_refused(answer, 500)
    assert b"secret" not in answer


def test_a_client_that_dribbles_its_head_is_dropped(server: HttpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "REQUEST_SECONDS", 0.2)
    assert exchange(server, b"GET / HTTP/1.1\r\nHo", close=False) == b""


def test_a_client_that_dribbles_its_body_is_dropped(server: HttpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "REQUEST_SECONDS", 0.2)
    answer = exchange(server, b"POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab", close=False)
    assert b"Connection: close" in answer


def test_an_idle_connection_is_dropped(server: HttpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "FIRST_REQUEST_SECONDS", 0.2)
    assert exchange(server, close=False) == b""


def test_a_connection_that_is_idle_after_a_request_is_dropped(
    server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "IDLE_SECONDS", 0.2)
    assert exchange(server, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", close=False).count(b"200 OK") == 1


def test_a_client_that_does_not_read_its_answer_is_dropped(server: HttpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "IDLE_SECONDS", 0.5)
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        eventually(lambda: unread)
    assert isinstance(unread[0], OSError)


def greedy(server: HttpServer) -> socket.socket:
    """A client that asks for much and reads little of it."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(PATIENCE)
    client.connect(("127.0.0.1", server.port))
    client.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
    return client


def test_a_client_that_reads_a_little_now_and_then_is_dropped(
    server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each byte that it reads would be a sign of life; what it has been sent waits all the same."""
    monkeypatch.setattr(protocol, "ANSWER_SECONDS", 0.5)
    with greedy(server) as client:
        dribble = eventlet.spawn(read_slowly, client)
        eventually(lambda: unread)
        dribble.kill()


def read_slowly(client: socket.socket) -> None:
    while client.recv(1):
        eventlet.sleep(0.05)


def test_when_too_much_waits_for_clients_the_slowest_is_dropped(
    server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    backlog = Backlog(250_000)  # two and a half of the pieces of an answer
    monkeypatch.setattr(HttpProtocol, "backlog", backlog)
    with greedy(server), greedy(server):
        eventually(lambda: backlog.bytes == 200_000)
        assert unread == []
        with greedy(server):
            eventually(lambda: unread)


def test_when_too_much_of_bodies_has_arrived_the_slowest_is_dropped(
    server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    backlog = Backlog(2_500)  # two and a half of what the application reads of a body
    monkeypatch.setattr(HttpProtocol, "backlog", backlog)
    with ExitStack() as opened:
        clients = []
        for number in range(1, 4):
            client = opened.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE))
            client.sendall(b"POST /long HTTP/1.1\r\nHost: x\r\nContent-Length: 2000\r\n\r\nabc")
            clients.append(client)
            eventually(lambda: backlog.bytes == 1_000 * min(number, 2))  # noqa: B023
        assert clients[0].recv(1_000) == b""
        eventually(lambda: backlog.bytes == 2_000)


def take_turns(turns: list[int]) -> None:
    """Note each turn that this greenlet gets."""
    while True:
        eventlet.sleep(0)
        turns.append(1)


def test_requests_that_have_all_arrived_leave_room_for_others(server: HttpServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        client.sendall(b"GET /unread HTTP/1.1\r\nHost: x\r\n\r\n" * 400)
        turns: list[int] = []
        counting = eventlet.spawn(take_turns, turns)
        received = b""
        while received.count(b"200 OK") < 400:
            received += client.recv(65_536)
        counting.kill()
    assert len(turns) > 200


def test_connections_that_cannot_be_accepted_do_not_end_the_server(server: HttpServer) -> None:
    accept = Mock(side_effect=[OSError(24, "Too many open files"), ConnectionAbortedError(103, "aborted"), "accepted"])
    assert http_server._patient(accept)() == "accepted"
    with pytest.raises(OSError, match="closed"):
        http_server._patient(Mock(side_effect=OSError(9, "closed")))()


def test_the_most_connections_leave_descriptors_for_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "setrlimit", Mock())
    for limits, most in (((1024, 1024), 924), ((1024, 4096), 3996), ((10**6, 10**6), 10_000), ((-1, -1), 10_000)):
        monkeypatch.setattr(resource, "getrlimit", lambda which, limits=limits: limits)
        assert http_server._most_connections() == most


def test_a_taken_connection_is_the_applications_own(server: HttpServer) -> None:
    assert exchange(server, b"GET /taken HTTP/1.1\r\nHost: x\r\n\r\nearly bytes") == b"raw:early bytes"


def test_draining_finishes_the_request_in_hand_and_takes_no_more(server: HttpServer) -> None:
    answers = eventlet.spawn(exchange, server, b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n", close=False)
    (request,) = eventually(lambda: in_hand)
    port = server.port
    draining = eventlet.spawn(server.drain, PATIENCE)
    eventlet.sleep(0)
    request.send()
    assert draining.wait()
    assert b"200 OK" in answers.wait()
    with pytest.raises(OSError, match="ECONNREFUSED"):
        socket.create_connection(("127.0.0.1", port), timeout=1)


def test_draining_gives_up_on_what_does_not_end(server: HttpServer) -> None:
    eventlet.spawn(exchange, server, b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n", close=False)
    (request,) = eventually(lambda: in_hand)
    assert not server.drain(0.05)
    request.send()
