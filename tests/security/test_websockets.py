"""WebSockets of pages that should have none, and of clients that break the protocol or wear the gateway out."""

import json
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit

import pytest

from tests.security.frames import BINARY, CLOSE, PING, PONG, TEXT, RawSocket, frame
from tests.security.staffed import Staffed
from tests.waiting import eventually


@pytest.fixture
def ear(system: Staffed) -> Iterator[RawSocket]:
    """Alice's connection, ready."""
    raw = RawSocket(system.stack.url)
    assert raw.hello(system.tokens["Alice"])["type"] == "ready"
    yield raw
    raw.close()


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://evil.example:5000",
        "null",
        "",
        "http://127.0.0.1.evil.example",
        "http://127.0.0.1:1",
        "http://127.0.0.1@evil.example",
        "file://",
        "chrome-extension://abc",
        "http://[::1]:bad",
    ],
)
def test_a_page_of_another_origin_gets_no_websocket(system: Staffed, origin: str) -> None:
    raw = RawSocket(system.stack.url, {"Origin": origin})
    assert raw.status == 403
    raw.close()


def test_a_page_of_this_server_gets_one(system: Staffed) -> None:
    raw = RawSocket(system.stack.url, {"Origin": f"http://{urlsplit(system.stack.url).netloc}"})
    assert raw.status == 101
    assert raw.hello(system.tokens["Alice"])["type"] == "ready"
    raw.close()


@pytest.mark.parametrize("header", ["Cookie", "Authorization", "Sec-WebSocket-Protocol"])
def test_what_a_browser_sends_by_itself_authenticates_nobody(system: Staffed, header: str) -> None:
    value = f"Bearer {system.tokens['Alice']}" if header == "Authorization" else f"token={system.tokens['Alice']}"
    raw = RawSocket(f"{system.stack.url}/?token={system.tokens['Alice']}", {header: value})
    raw.send(TEXT, b"{}")
    assert raw.closed_with() == 4401


@pytest.mark.parametrize(
    "hello",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff",
        b'{"token":1}',
        b'{"token":"a","token":"b"}',
        b'{"token":null}',
        b'{"token":{"$ne":1}}',
        b"[" * 20_000,
        b'{"token":"a","since":"x"}',
        b'{"token":"a","language":1}',
        b'{"token":"' + b"9" * 60_000 + b'"}',
    ],
)
def test_a_first_message_that_names_nobody_ends_the_connection(system: Staffed, hello: bytes) -> None:
    raw = RawSocket(system.stack.url)
    raw.send(TEXT, hello)
    assert raw.closed_with() in (4400, 4401, 1002, 1007, 1009)


def broken() -> dict[str, bytes]:
    """What RFC 6455 forbids, by what is wrong with it."""
    return {
        "not masked": frame(TEXT, b"{}", masked=False),
        "compressed, which was not agreed on": frame(TEXT, b"\x01\x02", reserved=4),
        "a reserved bit": frame(TEXT, b"{}", reserved=1),
        "an unknown kind": frame(3, b""),
        "an unknown control": frame(11, b""),
        "a ping in parts": frame(PING, b"", final=False),
        "a ping too long": frame(PING, b"x" * 126),
        "a part without a beginning": frame(0, b"x"),
        "a beginning within a message": frame(TEXT, b"a", final=False) + frame(TEXT, b"b"),
        "a length that is negative": b"\x81\xff" + b"\xff" * 8 + b"mask",
        "a length of 2^62": b"\x81\xff" + struct.pack(">Q", 2**62) + b"mask" + b"x" * 100_000,
        "a length in more bytes than it needs": b"\x81\xfe" + struct.pack(">H", 5) + b"mask" + b"xxxxx",
        "no UTF-8": frame(TEXT, b"\xff\xff"),
        "a close of one byte": frame(CLOSE, b"x"),
        "a close with a code that is none": frame(CLOSE, struct.pack(">H", 5)),
        "a message too large": frame(TEXT, b"x" * 70_000),
        "a binary message too large": frame(BINARY, b"x" * 70_000),
        "many parts of a message too large": frame(TEXT, b"", final=False) + frame(0, b"x" * 40_000, final=False) * 2,
    }


@pytest.mark.parametrize("what", broken())
def test_a_client_that_breaks_the_protocol_is_cut_off_and_nobody_else(
    system: Staffed, ear: RawSocket, what: str
) -> None:
    other = system.live("Alice")
    ear.socket.sendall(broken()[what])
    assert ear.closed_with() in (None, 1002, 1005, 1007, 1009)
    task = system.client("Alice").run("get_statistics")
    assert other.outcome(task["id"])["status"] == "succeeded"
    other.close()


def test_a_message_in_parts_with_pings_between_them_is_one_message(system: Staffed) -> None:
    raw = RawSocket(system.stack.url)
    hello = json.dumps({"token": system.tokens["Alice"]}).encode()
    raw.send(TEXT, hello[:5], final=False)
    raw.send(PING, b"?")
    raw.send(0, hello[5:])
    assert raw.frame() == (PONG, b"?")
    assert json.loads(raw.frame()[1])["type"] == "ready"
    raw.close()


@pytest.mark.parametrize("kind", [PING, PONG, TEXT, BINARY])
def test_a_flood_of_frames_is_cut_off_while_others_are_served(system: Staffed, ear: RawSocket, kind: int) -> None:
    flood = frame(kind, b"") * 20_000
    ear.socket.settimeout(0.5)
    with suppress(OSError):
        ear.socket.sendall(flood)
    ear.socket.settimeout(20)
    assert system.client("Alice").run("get_statistics")["status"] == "succeeded"
    assert ear.closed_with() in (1008, None)


def test_hundreds_of_idle_and_half_open_connections_leave_the_gateway_serving(system: Staffed) -> None:
    gateway = system.stack.of("gateway")[0].pid
    before = descriptors(gateway)
    sockets = [RawSocket(system.stack.url) for _ in range(200)]
    parts = urlsplit(system.stack.url)
    slow = [socket.create_connection((parts.hostname or "", parts.port or 80), timeout=20) for _ in range(300)]
    for number, client in enumerate(slow):
        head = b"POST /api/v1 HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
        client.sendall(head if number % 3 == 0 else b"GET / HT" if number % 3 == 1 else b"")
    eventually(lambda: descriptors(gateway) > before + 400)
    for _ in range(20):
        assert system.client("Bob").run("get_statistics")["status"] == "succeeded"
    # All of them are dropped, since none of them comes to the point.
    eventually(lambda: descriptors(gateway) <= before + 20, 60)
    assert {raw.closed_with() for raw in sockets} == {4401}
    for client in (*slow, *(raw.socket for raw in sockets)):
        client.close()


def descriptors(pid: int) -> int:
    """How many a process has open."""
    return len(os.listdir(f"/proc/{pid}/fd"))
