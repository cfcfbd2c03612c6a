"""Clients that are dead, slow, or leave in the middle of a sentence."""

import json
import socket
from contextlib import ExitStack, suppress
from random import Random
from typing import Any
from urllib.parse import urlsplit

import eventlet
import requests
import simple_websocket

from tests.system.faults.registry import fault
from tests.system.faults.site import STAFF, Site

MANY = 30


def _connect(url: str) -> Any:
    parts = urlsplit(url)
    return socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5)


@fault()
def clients_dead(site: Site, chance: Random) -> None:
    """WebSockets of every operator that are open and never read."""
    with ExitStack() as stack:
        for name in list(STAFF) * 3:
            with suppress(OSError, simple_websocket.ConnectionError, eventlet.Timeout), eventlet.Timeout(5):
                opened = stack.enter_context(_connect(chance.choice(site.stack.gateways)))
                opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
                opened.sendall(_UPGRADE)
                hello = json.dumps({"token": STAFF[name]}).encode()
                opened.sendall(bytes([0x81, 0x80 | len(hello)]) + b"\0\0\0\0" + hello)
        eventlet.sleep(chance.uniform(4, 8))


_UPGRADE = (
    b"GET /api/v1/ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


@fault()
def clients_slow(site: Site, chance: Random) -> None:
    """Requests that come a byte at a time, and never end."""
    body = json.dumps({"token": "12qw", "task": {"action": "create_customer", "data": {"name": "never"}}}).encode()
    head = b"POST /api/v1 HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(
        body
    )
    with ExitStack() as stack:
        opened = []
        for _ in range(MANY):
            with suppress(OSError):
                opened.append(stack.enter_context(_connect(chance.choice(site.stack.gateways))))
        for byte in head + body[:-1]:
            for each in opened:
                with suppress(OSError):
                    each.sendall(bytes([byte]))
            eventlet.sleep(0.02)


@fault()
def clients_leave(site: Site, chance: Random) -> None:
    """Submissions whose clients hang up before the answer: done once or not at all, like any other."""
    for _ in range(MANY):
        person = chance.choice(site.people)
        session = requests.Session()
        session.trust_env = False
        body = {"token": person.token, "task": {"action": "get_customer", "data": {"id": 1}}}
        with suppress(requests.RequestException, OSError):
            session.post(f"{chance.choice(site.stack.gateways)}/api/v1", json=body, timeout=(2, 0.002))
        session.close()
        eventlet.sleep(0.05)
