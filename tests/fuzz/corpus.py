"""Writes the inputs from which the fuzzing starts, made from the declared examples: ``python -m tests.fuzz.corpus``."""

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from amqp.basic_message import Message

from services.contracts.action import ACTIONS
from services.contracts.actions import Login
from services.contracts.events import EVENTS
from services.contracts.tasks import Task
from tests.security.frames import CLOSE, PING, TEXT

CORPUS = Path(__file__).with_name("corpus")

TASK_ID = "0192f1c4-0000-7000-8000-000000000001"
SESSION = "0192f1c4-0000-4000-8000-000000000002"
TIME = "2026-11-24T14:50:56.123456Z"
UUID_OF_A_CLIENT = "01234567-89ab-4cde-8f01-23456789abcd"


def masked(kind: int, payload: bytes, *, final: bool = True) -> bytes:
    """A frame whose mask is zero, so that the file does not differ from one writing to the next."""
    length = bytes([128 | len(payload)]) if len(payload) < 126 else b"\xfe" + struct.pack(">H", len(payload))
    return bytes([(128 if final else 0) | kind]) + length + b"\0\0\0\0" + payload


def task(action: str) -> Task:
    """A task of an action's example."""
    return {
        "id": TASK_ID,
        "action": action,
        "data": dict(ACTIONS[action].example),
        "operator_id": 1,
        "session": SESSION,
        "submitted_at": TIME,
    }


def seeds() -> Iterator[tuple[str, str, bytes]]:
    """Target, name and bytes of each."""
    head = b"POST /api/v1 HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    yield "http", "length", head + b"Content-Length: 2\r\n\r\n{}"
    yield "http", "chunked", head + b"Transfer-Encoding: chunked\r\n\r\n2;a=b\r\n{}\r\n0\r\nT: x\r\n\r\n"
    yield "http", "upgrade", b"GET /api/v1/ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
    yield "http", "old", b"GET / HTTP/1.0\r\n\r\n"
    yield "chunks", "two", b"5\r\nhello\r\na;x\r\n0123456789\r\n0\r\n\r\n"
    yield "chunks", "trailer", b"1\r\na\r\n0\r\nA: b\r\n\r\n"
    for action in ACTIONS:
        body = {"token": "12qw", "task": {"action": action, "data": dict(ACTIONS[action].example)}}
        yield "submission", action, json.dumps(body).encode()
    yield (
        "submission",
        "login_beside",
        json.dumps({"token": "12qw", "task": {"action": Login.name, "name": "Alice"}}).encode(),
    )
    for number in range(len(ACTIONS)):
        yield "fields", f"action_{number}", bytes(range(256)) + bytes([number]) * 8
    first = json.dumps({"token": "12qw", "since": TASK_ID, "language": "es"}).encode()
    yield "hello", "all", first
    yield "hello", "token", b'{"token":"12qw"}'
    yield "websocket", "hello", masked(TEXT, first) + masked(PING, b"?") + masked(CLOSE, b"\x03\xe8")
    yield "websocket", "parts", masked(TEXT, first[:9], final=False) + masked(PING, b"") + masked(0, first[9:])
    outcome = {
        **{name: value for name, value in task("get_customer").items() if name not in ("operator_id", "session")},
        "status": "succeeded",
        "operator": {"id": 1, "name": "Alice", "role": "Admin"},
        "finished_at": TIME,
        "result": {"customer": {"id": 1}},
        "error": None,
    }
    letter = {"queue": "tasks.tasks_submitted", "reason": "failed twice", "body": "{}", "encoding": "utf-8"}
    refusal = {"code": "not_permitted", "number": 4031, "params": {}}
    entries: dict[str, Any] = {
        "tasks": [task("create_transfer")],
        "operations": [
            {"task": task("get_customer")},
            {"task": task("logout"), "refusal": refusal, "dead_letter": letter},
        ],
        "outcomes": [outcome],
    }
    for event in EVENTS:
        if event.member in entries:
            message = {"version": 1, event.member: entries[event.member]}
            yield "message", event.name, json.dumps(message).encode()
    yield "message", "newer", b'{"version":2,"tasks":[]}'
    yield "call", "exponent", b'{"args":[1e99999999999999999999],"kwargs":{}}'
    yield "call", "pending", b'{"args":["Compliance",2],"kwargs":{}}'
    yield (
        "call",
        "submit",
        json.dumps(
            {"args": ["12qw", "create_transfer", {"cid": 1, "amount": 250.10}], "kwargs": {"idempotency_key": "a"}}
        ).encode(),
    )
    yield (
        "properties",
        "call",
        _properties(
            application_headers={"nameko.call_id_stack": ["a.b.1", "c.d.2"]},
            reply_to=UUID_OF_A_CLIENT,
            correlation_id=UUID_OF_A_CLIENT,
            content_type="application/json",
            user_id="gateway",
        ),
    )
    yield (
        "properties",
        "death",
        _properties(
            application_headers={
                "x-death": [{"count": 1, "queue": "q", "reason": "rejected", "exchange": "e", "routing-keys": ["k"]}],
                "x-alone": True,
            },
            delivery_mode=2,
            expiration="4000",
        ),
    )
    yield "header", "wait", b"respond-async, wait=10; q=1"
    yield "header", "host", b"127.0.0.1:5000\0http://127.0.0.1:5000"


def _properties(**members: object) -> bytes:
    return bytes(Message(b"", **members)._serialize_properties())


def main() -> None:
    """Write them."""
    for target, name, data in seeds():
        (CORPUS / target).mkdir(parents=True, exist_ok=True)
        (CORPUS / target / name).write_bytes(data)


if __name__ == "__main__":
    main()
