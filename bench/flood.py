"""One operator who submits as fast as they can: ``python -m bench.flood PORT KIND SECONDS`` prints a count of answers.

A kind that is sent once is sent at once, on a connection for each task. The outcomes are read on a WebSocket, as the
console does.
"""

import json
import select
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bench.wire import HttpConnection, WebSocket, WireError, request

HOST = "127.0.0.1"
NAME, TOKEN = "Alice", "12qw"


@dataclass(frozen=True)
class Kind:
    """What is submitted.

    connections: requests under way at a time
    once:        one task for each connection and no more
    """

    action: str
    data: Mapping[str, Any]
    connections: int
    once: bool = False


_SEARCH = {"text": "zq", "limit": 200}

_LONG_TEXT = "".join(chr(0xAC00 + 7919 * position % 11_172) for position in range(10_000))
"""Syllables with few repetitions: each three of them are a key of the index for searches."""

KINDS = {
    "30 searches at once": Kind("search_items", _SEARCH, 30, once=True),
    "commands": Kind("create_transfer", {"cid": 1, "amount": "1.00"}, 8),
    "long texts": Kind("create_document", {"cid": 1, "content": _LONG_TEXT}, 30),
    "long lists": Kind("list_queue", {"limit": 1000}, 8),
    "searches": Kind("search_items", _SEARCH, 8),
}


def flood(port: int, kind: Kind, seconds: float) -> Counter[str]:
    """Submit until the time is over; the answers by their HTTP status."""
    submission = request(
        "POST", "/api/v1", HOST, {"token": TOKEN, "task": {"action": kind.action, "data": dict(kind.data)}}
    )
    connections = {each.fileno(): each for each in (HttpConnection(HOST, port) for _ in range(kind.connections))}
    live = WebSocket(HOST, port, "/api/v1/ws")
    live.send({"token": TOKEN})
    answers: Counter[str] = Counter()
    poll = select.epoll()
    for descriptor in (live.fileno(), *connections):
        poll.register(descriptor, select.EPOLLIN)
    end = time.monotonic() + seconds
    for connection in connections.values():
        connection.send(submission)
    while time.monotonic() < end:
        for descriptor, _ in poll.poll(0.1):
            if descriptor == live.fileno():
                answers["outcomes"] += sum(b'"finished_at"' in text for text in live.receive())
                continue
            answer = connections[descriptor].receive()
            if answer is not None:
                answers[str(answer[0])] += 1
                if not kind.once:
                    connections[descriptor].send(submission)
    return answers


def log_in(port: int, name: str, token: str) -> None:
    """Open the operator's session. Raises ``WireError``."""
    body = {"token": token, "task": {"action": "login", "name": name}}
    status, answer = HttpConnection(HOST, port).ask(request("POST", "/api/v1", HOST, body))
    if status != 200:
        raise WireError(f"{name} cannot log in: {status} {answer.decode(errors='replace')}")


if __name__ == "__main__":
    log_in(int(sys.argv[1]), NAME, TOKEN)
    print(json.dumps(flood(int(sys.argv[1]), KINDS[sys.argv[2]], float(sys.argv[3]))))
