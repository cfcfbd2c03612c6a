"""What every answer tells browsers, and what none tells anybody."""

import socket
from urllib.parse import urlsplit

import pytest
import requests

from tests.security.staffed import Staffed

ADDRESSES = [
    ("GET", "/"),
    ("GET", "/api/v1/docs"),
    ("GET", "/api/v1/openapi.json"),
    ("GET", "/api/v1/errors"),
    ("GET", "/errors/not_found"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
    ("GET", "/api/v1/tasks"),
    ("GET", "/api/v1/ws"),
    ("GET", "/nothing/at/all"),
    ("POST", "/api/v1"),
    ("OPTIONS", "/api/v1"),
    ("DELETE", "/api/v1"),
    ("TRACE", "/"),
    ("GET", "/.git/config"),
    ("GET", "/api/v1/tasks/../../../etc/passwd"),
    ("GET", "//evil.example/"),
]


@pytest.mark.parametrize(("method", "path"), ADDRESSES)
def test_every_answer_keeps_browsers_from_guessing_framing_caching_and_going_without_tls(
    system: Staffed, method: str, path: str
) -> None:
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    answer = requests.request(method, system.stack.url + path, headers=headers, timeout=20, allow_redirects=False)
    found = answer.headers
    assert found["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'none'" in found["Content-Security-Policy"]
    assert "base-uri 'none'" in found["Content-Security-Policy"]
    assert "unsafe-inline" not in found["Content-Security-Policy"]
    assert found["Referrer-Policy"] == "no-referrer"
    assert found["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    assert found["Cache-Control"] in ("no-store", "no-cache")
    assert "Content-Type" in found
    assert not answer.is_redirect
    # Nothing for pages of other origins, no cookie that a browser would send by itself, no version to look up.
    assert not [name for name in found if name.lower().startswith("access-control-")]
    assert not {"Set-Cookie", "Server", "X-Powered-By"} & set(found)


def test_only_the_methods_of_an_address_are_answered(system: Staffed) -> None:
    for method in ("TRACE", "CONNECT", "PUT", "DELETE", "PATCH", "PROPFIND", "TRACK", "DEBUG"):
        for path in ("/", "/api/v1", "/api/v1/tasks", "/metrics"):
            answer = requests.request(method, system.stack.url + path, headers={"X-Secret": "echo me"}, timeout=20)
            assert answer.status_code in (404, 405)
            assert "echo me" not in answer.text


def test_a_method_override_is_no_method(system: Staffed) -> None:
    for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
        answer = requests.get(f"{system.stack.url}/api/v1", headers={name: "POST"}, timeout=20)
        assert answer.status_code == 405


@pytest.mark.parametrize(
    "head",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"POST /api/v1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /api/v1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n12345",
        b"POST /api/v1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nX: a\r\n\tb\r\n\r\n12345",
        b"POST /api/v1 HTTP/1.1\nHost: a\nContent-Length: 5\n\n12345",
    ],
)
def test_what_could_be_smuggled_is_refused_and_ends_the_connection(system: Staffed, head: bytes) -> None:
    """The cases are those of ``unit/runtime/http/test_server.py``; here they meet the whole gateway."""
    smuggled = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
    with socket.create_connection(("127.0.0.1", urlsplit(system.stack.url).port or 80), timeout=20) as client:
        client.sendall(head + smuggled)
        received = b""
        while piece := client.recv(65_536):
            received += piece
    assert received.startswith(b"HTTP/1.1 400 ")
    assert received.count(b"HTTP/1.1 ") == 1
    assert b"alive" not in received
