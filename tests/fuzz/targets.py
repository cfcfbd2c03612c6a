"""What is fuzzed: each target takes bytes, and raises only when the code under test does what it never should.

A parser may refuse anything, in its own way. It may not fail in another way, and what it takes has to be as it says.
"""

import io
import json
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPException, parse_headers
from types import SimpleNamespace
from typing import Any

import atheris
from amqp.serialization import PROPERTY_CLASSES

from services.contracts.action import ACTIONS, find_action
from services.contracts.errors import Refusal
from services.contracts.events import EVENTS
from services.contracts.sizes import LARGEST_BODY
from services.contracts.validation import Invalid
from services.gateway.envelope import read_envelope
from services.gateway.hello import NotReady, read_hello
from services.gateway.json_body import DEEPEST, parse_object
from services.gateway.live_endpoint import same_host
from services.gateway.preferences import wait_seconds
from services.gateway.websocket import WebSocket
from services.info.requests import Malformed, read
from services.runtime.amqp import properties as amqp_properties
from services.runtime.amqp.hostile import breaks_dead_lettering, cleaned
from services.runtime.http.body import Chunks
from services.runtime.http.head import MalformedHead, StrictLines, check_headers, check_request_line, resolve_target
from services.runtime.messaging.envelopes import Undecodable, UnknownVersion, decode, to_json
from services.runtime.rpc.server import BadCall, _arguments, _call_stack
from services.tasks.dead_letters import judge
from services.tasks.messages import Unreadable, read_outcome, read_task


def http(data: bytes) -> None:
    """A request's head, and its body when it is chunked."""
    stream = io.BytesIO(data)
    line = stream.readline(8_192)
    try:
        check_request_line(line)
        headers = parse_headers(StrictLines(stream))
        method, target, version = line.decode("latin-1").split()
        check_headers(headers, version)
        assert resolve_target(method, target, headers)
    except (MalformedHead, HTTPException):
        return
    head = data[: stream.tell()]
    assert head.count(b"\n") == head.count(b"\r\n") == head.count(b"\r"), "a line that ends otherwise was taken"
    assert len(headers.get_all("host", [])) < 2
    if "transfer-encoding" in headers:
        chunks(data[stream.tell() :])


def chunks(data: bytes) -> None:
    """A chunked body: read in pieces of any size it is the same, and it is what its sizes say."""
    whole = _read_chunks(data, 1 << 20)
    assert whole == _read_chunks(data, 7)
    if whole is not None:
        assert len(whole) <= len(data)


def _read_chunks(data: bytes, size: int) -> bytes | None:
    body, parts = Chunks(io.BytesIO(data)), []
    try:
        while piece := body.read(size):
            parts.append(piece)
    except ValueError:
        return None
    return b"".join(parts) if body.finished else None


def submission(data: bytes) -> None:
    """A submission: its JSON, its envelope, and its data."""
    try:
        document = parse_object(data)
    except Refusal:
        return
    assert _depth(document) <= DEEPEST
    envelope = read_envelope(document, None)
    try:
        action = find_action(envelope.task["action"]) if envelope.states_action else None
        checked = envelope.check(action)
    except (Refusal, Invalid):
        return
    if action is not None:
        assert envelope.check(action) == checked
        assert json.loads(to_json(checked)) == checked, "what was checked does not pass a message unchanged"
        assert set(checked) <= set(action.Data.model_fields)


def fields(data: bytes) -> None:
    """An action's data with values of every type, of which each field gets one."""
    source = atheris.FuzzedDataProvider(data)
    name = source.PickValueInList(sorted(ACTIONS))
    members = {field: _value(source, 3) for field in ACTIONS[name].Data.model_fields if source.ConsumeBool()}
    body = {"token": source.ConsumeUnicode(20), "task": {"action": name, "data": members}}
    if source.ConsumeIntInRange(0, 9) == 0:
        body["task"][source.ConsumeUnicode(5)] = _value(source, 1)
    submission(json.dumps(body).encode())


def _value(source: Any, depth: int) -> Any:
    kind = source.ConsumeIntInRange(0, 9 if depth else 7)
    if kind == 8:
        return [_value(source, depth - 1) for _ in range(source.ConsumeIntInRange(0, 3))]
    if kind == 9:
        return {source.ConsumeUnicode(8): _value(source, depth - 1) for _ in range(source.ConsumeIntInRange(0, 3))}
    simple: dict[int, Callable[[], Any]] = {
        0: lambda: None,
        1: source.ConsumeBool,
        2: lambda: source.ConsumeIntInRange(-3, 300),
        3: lambda: source.ConsumeIntInRange(-(2**70), 2**70),
        4: lambda: source.ConsumeRegularFloat(),
        5: lambda: source.ConsumeUnicode(30),
        6: lambda: source.PickValueInList(["Admin", "transfer", "USD", "1.00", "pending", "amount", "a" * 64, "-0.00"]),
        7: lambda: source.PickValueInList(
            ["2026-11-24T14:50:56.123456Z", "0000-00-00T00:00:00Z", "day", "\ud800", "\0"]
        ),
    }
    return simple[kind]()


def _depth(value: Any) -> int:
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return (1 if isinstance(value, dict | list) else 0) + max((_depth(member) for member in members), default=0)


class _Transport:
    """A client's bytes, in pieces."""

    def __init__(self, data: bytes) -> None:
        self._pieces = [data[start : start + 50] for start in range(0, len(data), 50)]
        self.sent = b""

    def receive(self, seconds: float | None = None) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""

    def send(self, data: bytes, seconds: float) -> None:
        self.sent += data

    def abort(self) -> None:
        self._pieces.clear()


def websocket(data: bytes) -> None:
    """A client's frames, and the first message in them."""
    transport = _Transport(data)
    socket, first = WebSocket(transport), True
    try:
        while (text := socket.receive()) is not None:
            assert len(text) <= LARGEST_BODY
            if first:
                hello(text.encode("utf-8", "surrogatepass"))
            first = False
    except OSError:
        return
    assert len(transport.sent) <= 4 * len(data) + 200, "a client is answered more than it says"


def hello(data: bytes) -> None:
    """The first message of a WebSocket."""
    try:
        found = read_hello(data.decode("utf-8", "surrogatepass"), "en")
    except (NotReady, UnicodeDecodeError):
        return
    assert isinstance(found.token, str)


def message(data: bytes) -> None:
    """A message of the loop, on each queue: as an event, as an operation, and as a dead letter."""
    for event in EVENTS:
        try:
            entries = decode(event, data)
        except (Undecodable, UnknownVersion):
            entries = []
        for entry in entries:
            _entry(entry)
    for event in EVENTS:
        if event.listener is not None:
            verdict = judge(delivery(data, event.name))
            assert verdict.again or verdict.burials or not _entries_of(data, event.member)
            json.dumps(verdict.burials)


def _entries_of(data: bytes, member: str) -> Any:
    try:
        return json.loads(data)[member]
    except (ValueError, LookupError, TypeError, RecursionError):
        return True


def _entry(entry: dict[str, Any]) -> None:
    for reader in (read_task, read_outcome):
        with suppress(Unreadable):
            to_json(reader(entry))
    try:
        asked = read(entry)  # type: ignore[arg-type]
    except Malformed:
        return
    if asked.request is not None:
        assert "\0" not in json.dumps(asked.request.data, ensure_ascii=False)


def delivery(body: bytes, key: str, headers: Any = None) -> Any:
    """A message as a consumer holds it."""
    return SimpleNamespace(
        body=body,
        routing_key=key,
        headers=headers or {},
        queue="tasks.tasks_submitted",
        content_type=None,
        correlation_id=None,
        reply_to=None,
    )


def call(data: bytes) -> None:
    """An RPC call."""
    try:
        arguments, keywords = _arguments(delivery(data, "info.pending"))
    except BadCall:
        return
    assert isinstance(arguments, list)
    assert "caller" not in keywords


def properties(data: bytes) -> None:
    """The properties of an AMQP message, as they come over the wire, and what is made of its headers."""
    amqp_properties.install()
    found, _ = PROPERTY_CLASSES[amqp_properties.BASIC](data, 0)
    headers = found.get("application_headers") or {}
    carried = delivery(b"", "x", headers)
    assert all(isinstance(each, str) for each in _call_stack(carried))
    if breaks_dead_lettering(headers):
        assert "x-death" not in cleaned(carried).headers


def header(data: bytes) -> None:
    """Values of request headers that are parsed by hand."""
    text = data.decode("latin-1")
    assert wait_seconds(text) in (None, *range(61))
    host, _, origin = text.partition("\0")
    request = SimpleNamespace(headers={"Host": host}, environ={"SERVER_PORT": "5000"})
    assert same_host(origin, request) in (True, False)  # type: ignore[arg-type]


def broken(data: bytes) -> None:
    """Fails at once: that a failure is seen is tested with it."""
    raise AssertionError("seen")


TARGETS: dict[str, Callable[[bytes], None]] = {
    "http": http,
    "chunks": chunks,
    "submission": submission,
    "fields": fields,
    "websocket": websocket,
    "hello": hello,
    "message": message,
    "call": call,
    "properties": properties,
    "header": header,
    "broken": broken,
}
