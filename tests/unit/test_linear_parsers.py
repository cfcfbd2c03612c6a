"""Whatever a stranger sends is read in a time that grows with its size, not with the square of it.

Each input is made twice as large, and may then take less than three times the time of the processor.
"""

import io
import json
import struct
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPException, parse_headers
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from amqp.serialization import PROPERTY_CLASSES

from services.contracts.actions import Login
from services.contracts.errors import Refusal
from services.contracts.events import EVENTS, OPERATIONS_REQUESTED, TASKS_SUBMITTED
from services.contracts.idempotency import fingerprint, is_key
from services.contracts.languages import best_language
from services.contracts.sizes import LARGEST_BODY
from services.contracts.task_ids import is_task_id
from services.contracts.validation import Invalid, parse_data
from services.gateway.envelope import read_envelope
from services.gateway.hello import NotReady, read_hello
from services.gateway.json_body import parse_object
from services.gateway.live_endpoint import same_host
from services.gateway.preferences import wait_seconds
from services.gateway.problems import problem
from services.gateway.websocket import WebSocket
from services.info.paging import a_text, a_time, an_amount, an_id, values_of
from services.info.requests import Malformed, read
from services.runtime.amqp import properties as amqp_properties
from services.runtime.amqp.hostile import breaks_dead_lettering, cleaned
from services.runtime.http.body import Chunks
from services.runtime.http.head import HEADER_BYTES, MalformedHead, StrictLines, check_headers
from services.runtime.messaging.envelopes import Undecodable, UnknownVersion, decode
from services.runtime.rpc.server import BadCall, _arguments, _call_stack
from services.runtime.telemetry.logs import hide_secrets
from services.runtime.telemetry.tracing import traceparents
from services.tasks.dead_letters import judge
from services.tasks.messages import Unreadable, read_outcome, read_task
from tests.growth import MOST_GROWTH, growth
from tests.security.frames import frame
from tests.unit.gateway.stage import Stage

REFUSALS = (
    Refusal, Invalid, NotReady, Malformed, Unreadable, BadCall, Undecodable, UnknownVersion, MalformedHead,
    HTTPException, ValueError, OSError, RecursionError,
)  # fmt: skip

Input = Callable[[int], bytes]


def filled(begin: bytes, repeated: bytes, end: bytes = b"") -> Input:
    """Inputs that repeat something."""
    return lambda size: begin + repeated * (size // len(repeated)) + end


def enclosed(begin: bytes, first: bytes, middle: bytes, second: bytes, end: bytes) -> Input:
    """Inputs that repeat one thing, and then another."""
    return lambda size: begin + first * (size // 2 // len(first)) + middle + second * (size // 2 // len(second)) + end


_TASK = b'{"token":"x","task":{"action":"login","data":'

BODIES: dict[str, Input] = {
    "an unclosed string of quotes, and brackets": filled(b'"', b'\\"', b"[" * 33),
    "backslashes": filled(b'{"a":"', b"\\", b"[" * 33),
    "quotes": filled(b"[" * 33, b'"'),
    "brackets": filled(b"", b"["),
    "brackets in strings": filled(b'{"a":[', b'"[{",', b'""]}'),
    "pairs of brackets": filled(b'{"a":[', b"[],", b"[]]}"),
    "spaces": filled(b"{", b" ", b"}"),
    "escapes": filled(b'{"a":"', b"\\u00e9", b'"}'),
    "halves of surrogates": filled(b'{"a":"', b"\\ud800", b'"}'),
    "digits": filled(b'{"a":', b"9", b"}"),
    "digits of a fraction": filled(b'{"a":0.', b"1", b"}"),
    "digits of an exponent": filled(b'{"a":1e', b"9", b"}"),
    "large numbers": filled(b'{"a":[', b"1e19,", b"1]}"),
    "numbers with fractions": filled(b'{"a":[', b"0.1,", b"1]}"),
    "members": lambda size: b"{" + b",".join(b'"%d":1' % number for number in range(size // 9)) + b"}",
    "equal members": filled(b"{", b'"a":1,', b'"a":1}'),
    "a long key over many faults": enclosed(_TASK + b'{"', b"k", b'":[', b"1e30,", b"1]}}}"),
    "a long key over many lists": enclosed(_TASK + b'{"', b"k", b'":[', b"[],", b"1]}}}"),
    "long keys inside one another": lambda size: (
        _TASK + b"".join(b'{"%s":' % (b"k" * (size // 28)) for _ in range(28)) + b"1" + b"}" * 28 + b"}}"
    ),
    "unknown members": lambda size: (
        _TASK[:-8] + b"," + b",".join(b'"%d":1' % number for number in range(size // 9)) + b"}}"
    ),
    "unknown members of the data": lambda size: (
        _TASK + b"{" + b",".join(b'"%d":1' % number for number in range(size // 9)) + b"}}}"
    ),
    "a long name": filled(_TASK + b'{"name":"', b" ", b'"}}}'),
    "a long token": filled(b'{"token":"', b"a", b'","task":{"action":"login","name":"Alice"}}'),
    "a long action": filled(b'{"token":"x","task":{"action":"', b"a", b'"}}'),
}
"""Of submissions, of the first message of a WebSocket, and of what comes by the broker."""


def submission(body: bytes) -> None:
    """As far as a submission goes before anybody is authenticated, and how it is refused."""
    envelope = read_envelope(parse_object(body), None)
    for action in (Login, None):
        try:
            envelope.check(action)
        except Invalid as invalid:
            problem(invalid, "es")


def hello(body: bytes) -> None:
    read_hello(body.decode("utf-8", "surrogatepass"), "en")


def delivery(body: bytes, key: str = "info.pending", headers: Any = None) -> Any:
    return SimpleNamespace(
        body=body, routing_key=key, headers=headers or {}, queue="q", content_type=None, correlation_id=None,
        reply_to=None,
    )  # fmt: skip


def call(body: bytes) -> None:
    _arguments(delivery(body))


def message(body: bytes) -> None:
    """A body that is no event, on every queue."""
    for event in EVENTS:
        with suppress(Undecodable, UnknownVersion):
            decode(event, body)
    hide_secrets(body.decode("latin-1"))


def entry(body: bytes) -> None:
    """What is valid JSON as an entry of an event, wherever one is read."""
    value = {"id": "0192f1c4-0000-7000-8000-000000000000", "action": "x", "operator_id": 1, "session": ""}
    task = {**value, "data": json.loads(body), "submitted_at": "2026-11-24T14:50:56Z"}
    for reader in (read_task, read_outcome, lambda task: read({"task": task})):
        with suppress(Unreadable, Malformed):
            reader(task)
    judge(delivery(json.dumps({"version": 1, "tasks": [task]}).encode(), TASKS_SUBMITTED.name))


@pytest.mark.parametrize("reader", [submission, hello, call, message, entry])
@pytest.mark.parametrize("body", BODIES)
def test_a_body_is_read_in_linear_time(reader: Callable[[bytes], None], body: str) -> None:
    assert_linear(reader, BODIES[body], LARGEST_BODY)


ENTRIES: dict[str, Input] = {
    "many": filled(b'{"version":1,"operations":[', b"{},", b"{}]}"),
    "nested": filled(b'{"version":1,"operations":[{"task":', b'{"a":', b"1"),
    "a long id": filled(b'{"version":1,"operations":[{"task":{"id":"', b"0", b'"}}]}'),
    "dead letters": filled(b'{"version":1,"operations":[', b'{"task":null,"dead_letter":{}},', b"{}]}"),
}


@pytest.mark.parametrize("name", ENTRIES)
def test_the_entries_of_a_message_are_read_in_linear_time(name: str) -> None:
    def run(body: bytes) -> None:
        judge(delivery(body, OPERATIONS_REQUESTED.name))
        for each in decode(OPERATIONS_REQUESTED, body):
            read(each)  # type: ignore[arg-type]

    assert_linear(run, ENTRIES[name], 1 << 18)


def test_a_message_in_many_frames_is_read_in_linear_time() -> None:
    def run(pieces: list[bytes]) -> None:
        feed = iter(pieces)
        transport = SimpleNamespace(
            receive=lambda seconds: next(feed, b""), send=lambda data, seconds: None, abort=lambda: None
        )
        WebSocket(transport).receive(1)

    for piece in (1, 400, 1 << 20):
        for first in (frame(1, b"x" * 60_000), frame(1, b"", final=False) + frame(0, b"", final=False) * 150):
            assert_linear(run, lambda size: cut(first, size, piece), 60_000)  # noqa: B023


def cut(data: bytes, size: int, piece: int) -> list[bytes]:
    return [data[start : start + piece] for start in range(0, min(size, len(data)), piece)]


def head(data: bytes) -> None:
    headers = parse_headers(StrictLines(io.BytesIO(data)))
    check_headers(headers, "HTTP/1.1")


def chunked(data: bytes) -> None:
    Chunks(io.BytesIO(data)).read(LARGEST_BODY + 1)


HEADS: dict[str, Input] = {
    "one long": filled(b"Host: x\r\nA: ", b"a", b"\r\n\r\n"),
    "no colon": filled(b"Host: x\r\n", b"a", b"\r\n\r\n"),
    "many": filled(b"Host: x\r\n", b"A:b\r\n", b"\r\n"),
    "empty": filled(b"Host: x\r\n", b"A:\r\n", b"\r\n"),
}
CHUNKED: dict[str, Input] = {
    "small chunks": filled(b"", b"1\r\nx\r\n", b"0\r\n\r\n"),
    "extensions": filled(b"", b"1;a=b\r\nx\r\n", b"0\r\n\r\n"),
    "zeros": filled(b"", b"0", b"1\r\nx\r\n0\r\n\r\n"),
    "trailers": filled(b"0\r\n", b"a:\r\n", b"\r\n"),
}


@pytest.mark.parametrize("name", HEADS)
def test_a_head_is_read_in_linear_time(name: str) -> None:
    assert_linear(head, HEADS[name], HEADER_BYTES)


@pytest.mark.parametrize("name", CHUNKED)
def test_a_chunked_body_is_read_in_linear_time(name: str) -> None:
    assert_linear(chunked, CHUNKED[name], LARGEST_BODY)


def text(value: bytes) -> str:
    return value.decode("latin-1")


def origin(value: bytes) -> None:
    for header, host in ((text(value), "x"), ("http://x", text(value))):
        same_host(header, SimpleNamespace(headers={"Host": host}, environ={"SERVER_PORT": "80"}))  # type: ignore[arg-type]


VALUES: dict[str, Callable[[bytes], Any]] = {
    "Accept-Language": lambda value: best_language(text(value)),
    "Prefer": lambda value: wait_seconds(text(value)),
    "Origin and Host": origin,
    "Idempotency-Key": lambda value: is_key(text(value)),
    "a task id": lambda value: is_task_id(text(value)),
    "a cursor": lambda value: values_of(text(value), an_id, a_time, an_amount, a_text),
    "a fingerprint": lambda value: fingerprint("x", {"a": text(value)}),
    "a trace": lambda value: traceparents({"traceparents": text(value)}, 1),
    "a log line": lambda value: hide_secrets(text(value)),
    "a customer's name": lambda value: parse_data_of("create_customer", name=text(value)),
    "an amount": lambda value: parse_data_of("create_transfer", cid=1, amount=text(value), currency=text(value)),
    "a time": lambda value: parse_data_of("search_items", created_from=text(value), text=text(value)),
    "a token's hash": lambda value: parse_data_of("rotate_operator", id=1, token_hash=text(value)),
}

PUMPS = (
    b"a", b"1", b" ", b"\t", b",", b";", b"-", b"a-", b"a,", b"1.", b"0", b'"', b'\\"', b"=", b"a=", b'a="', b"; q=1",
    b"wait=1,", b";a=b", b"://", b":", b"@", b"[", b"/", b"%", b"token=", b"password ", b"bearer ", b"\xa0",
)  # fmt: skip


def parse_data_of(action: str, **data: Any) -> Any:
    from services.contracts.action import ACTIONS

    return parse_data(ACTIONS[action], data)


@pytest.mark.parametrize("name", VALUES)
def test_a_value_is_read_in_linear_time(name: str) -> None:
    for pump in PUMPS:
        for begin in (b"", b'wait="', b"token='", b"2026-11-24T"):
            assert_linear(VALUES[name], filled(begin, pump), LARGEST_BODY)


def table(items: bytes) -> bytes:
    return struct.pack(">H", 0x2000) + struct.pack(">I", len(items)) + items


PROPERTIES: dict[str, Callable[[int], bytes]] = {
    "headers": lambda size: table(b"".join(b"\x05%05dt\x01" % number for number in range(size // 8))),
    "equal headers": lambda size: table(b"\x01at\x01" * (size // 4)),
    "a list of calls": lambda size: table(b"\x15nameko.call_id_stackA" + struct.pack(">I", size) + b"V" * size),
    "deaths": lambda size: table(b"\x07x-deathA" + struct.pack(">I", size) + b"F\0\0\0\0" * (size // 5)),
    "nested tables": lambda size: table(b"\x01aF\x7f\xff\xff\xff" * (size // 7)),
}


@pytest.mark.parametrize("name", PROPERTIES)
def test_the_properties_of_a_message_are_read_in_linear_time(name: str) -> None:
    amqp_properties.install()

    def run(data: bytes) -> None:
        found, _ = PROPERTY_CLASSES[amqp_properties.BASIC](data, 0)
        carried = delivery(b"", headers=found.get("application_headers") or {})
        _call_stack(carried)
        breaks_dead_lettering(carried.headers)
        cleaned(carried)
        traceparents(carried.headers, 1)

    assert_linear(run, PROPERTIES[name], 1 << 18)


@pytest.fixture
def gateway(tmp_path: Path) -> Stage:
    (tmp_path / "index.html").write_text("<p>")
    stage = Stage(console=tmp_path)
    stage.gateway.guesses._sleep = lambda seconds: None
    return stage


HEADERS = (
    "Authorization", "Prefer", "Accept-Language", "Origin", "X-Forwarded-For", "Cookie", "Content-Type",
    "Idempotency-Key", "traceparent", "Accept", "Accept-Encoding", "If-None-Match", "If-Modified-Since", "Range",
    "Host", "Sec-WebSocket-Key",
)  # fmt: skip


@pytest.mark.parametrize("header", HEADERS)
def test_a_header_costs_linear_time(gateway: Stage, header: str) -> None:
    def run(value: bytes) -> None:
        gateway.client.get("/", headers={header: text(value)})
        gateway.client.post("/api/v1", data=b"{}", headers={"Content-Type": "application/json", header: text(value)})

    for pump in PUMPS:
        assert_linear(run, filled(b"Bearer a", pump), HEADER_BYTES)


@pytest.mark.parametrize("pump", PUMPS)
def test_an_address_costs_linear_time(gateway: Stage, pump: bytes) -> None:
    for begin in ("/", "/api/v1/tasks/", "/errors/", "/api/v1/tasks?", "/api/v1/tasks?cursor="):
        assert_linear(lambda value: gateway.get(begin + text(value)), filled(b"", pump), 8_192)  # noqa: B023


def assert_linear(run: Callable[[Any], Any], make: Callable[[int], Any], largest: int) -> None:
    """Measured where it matters most: at the largest input that is read, and at half of it."""

    def quietly(value: Any) -> None:
        with suppress(*REFUSALS):
            run(value)

    grown = growth(quietly, make, largest // 2)
    assert grown < MOST_GROWTH, f"twice the input takes {grown:.1f} times the time"
