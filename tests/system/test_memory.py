"""Whatever is asked for at once, and however little of it is read, no process outgrows the memory of its manifest."""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

import eventlet
import psycopg2
import pytest
import requests
from eventlet.greenpool import GreenPool

from tests.client import Client
from tests.memory import limit, peak
from tests.own_servers import own_rabbitmq
from tests.parts import temporary_database
from tests.stack import SERVICES, Stack, demo_stack
from tests.waiting import PATIENCE, eventually

LONG = "\N{GRINNING FACE}" * 10_000
ANSWERS = 205
SOCKETS = 50

_DOCUMENTS = """
INSERT INTO document (cid, level, created_by, content)
SELECT 1, 1, (SELECT id FROM operator WHERE name = 'Alice'), %s FROM generate_series(1, %s)
"""

TOKENS = {"Alice": "12qw", "Carol": "56ty", "Dave": "78ui", "Erin": "90op"}

SPARING = "max_message_size = 1048576\n"
"""A RabbitMQ that takes much smaller messages than RabbitMQ does as it comes: 16 MiB, or 128 before release 4."""


@pytest.fixture(scope="module")
def database(postgres: str) -> Iterator[str]:
    with temporary_database(postgres) as url:
        yield url


@pytest.fixture(scope="module")
def stack(database: str) -> Iterator[Stack]:
    with own_rabbitmq(SPARING) as rabbitmq, demo_stack(database, rabbitmq.uri) as running:
        yield running


@pytest.fixture(scope="module")
def people(stack: Stack, database: str) -> dict[str, Client]:
    """Everybody logged in; an inquiry with many long answers, and many long documents that wait."""
    clients = {name: Client(stack.url, token) for name, token in TOKENS.items()}
    for name, client in clients.items():
        assert client.login(name)["status"] == "succeeded"
    with psycopg2.connect(database) as connection, connection.cursor() as cursor:
        cursor.execute(_DOCUMENTS, (LONG, 1_100))
    (created,) = at_once(stack, "Alice", [("create_inquiry", {"cid": 1, "problem": LONG})])
    asked = created["result"]["inquiry"]["id"]
    answers = [("respond_inquiry", {"id": asked, "answer": LONG, "closed": False})] * ANSWERS
    assert {task["status"] for task in at_once(stack, "Dave", answers)} == {"succeeded"}
    return clients


@pytest.fixture
def inquiry(people: dict[str, Client]) -> int:
    found = people["Dave"].run("search_items", {"type": "inquiry", "descending": True, "limit": 1})
    number: int = found["result"]["items"][0]["id"]
    return number


def at_once(stack: Stack, name: str, tasks: list[tuple[str, dict[str, Any]]], size: int = 64) -> list[dict[str, Any]]:
    """The outcomes of these tasks of one operator, submitted together. One that is refused for now is repeated."""

    def run(task: tuple[str, dict[str, Any]]) -> dict[str, Any]:
        body = {"token": TOKENS[name], "task": {"action": task[0], "data": task[1]}}
        client = Client(stack.url, TOKENS[name])
        while True:
            # In UTF-8: escaped, a long text would be larger than a request may be.
            answer: dict[str, Any] = client.post(json.dumps(body, ensure_ascii=False).encode(), Prefer="wait=30").json()
            if answer.get("code") not in ("too_many_requests", "unavailable"):
                return dict(answer.get("task", answer))
            eventlet.sleep(0.1)

    return list(GreenPool(size).imap(run, tasks))


def peaks(stack: Stack) -> dict[str, int]:
    """The most memory that each service's process has ever had, in MiB."""
    return {service: peak(stack.of(service)[0].pid) for service in SERVICES}


@pytest.fixture(autouse=True)
def bounded(stack: Stack, people: dict[str, Client]) -> Iterator[None]:
    """After each test everybody is below, and goes on working."""
    yield
    assert people["Erin"].run("get_customer", {"id": 1})["status"] == "succeeded"
    assert {service: most for service, most in peaks(stack).items() if most > limit(service)} == {}


def test_long_histories_read_at_once(stack: Stack, inquiry: int) -> None:
    asked = ("get_history", {"type": "inquiry", "id": inquiry, "limit": 200})
    for task in at_once(stack, "Dave", [asked] * 11):
        assert task["status"] == "succeeded"
        assert task["result"]["entries"]
        assert task["result"]["next_cursor"]


def test_lists_of_long_documents_read_at_once(stack: Stack, people: dict[str, Client]) -> None:
    for task in at_once(stack, "Carol", [("list_tasks", {"type": "document", "limit": 200})] * 16):
        assert task["status"] == "succeeded"
        assert task["result"]["next_cursor"]


def test_long_queues_read_at_once(stack: Stack, people: dict[str, Client]) -> None:
    for task in at_once(stack, "Alice", [("list_queue", {"limit": 1_000})] * 64):
        assert task["status"] == "succeeded"


def test_long_pages_of_tasks_read_at_once(stack: Stack, people: dict[str, Client]) -> None:
    def read(number: int) -> requests.Response:
        headers = {"Authorization": f"Bearer {TOKENS['Dave']}"}
        return requests.get(f"{stack.url}/api/v1/tasks", {"limit": "200"}, headers=headers, timeout=PATIENCE)

    for answer in GreenPool(16).imap(read, range(16)):
        assert answer.status_code == 200
        assert answer.json()["tasks"]


def test_much_that_was_missed(stack: Stack, people: dict[str, Client]) -> None:
    first = people["Dave"].tasks(limit=200)[-1]["id"]
    told = [people["Dave"].live(since=first) for _ in range(2)]
    for live in told:
        eventually(lambda: len(live.tasks) > ANSWERS, 2 * PATIENCE)  # noqa: B023
        live.close()


def test_large_outcomes_pushed_to_sockets_that_do_not_read(stack: Stack, inquiry: int) -> None:
    asked = ("get_history", {"type": "inquiry", "id": inquiry, "limit": 200})
    with ExitStack() as opened:
        for _ in range(SOCKETS):
            opened.enter_context(_deaf(stack.url, TOKENS["Dave"]))
        eventually(lambda: _connections(stack) >= SOCKETS)
        for _ in range(3):
            for task in at_once(stack, "Dave", [asked] * 11):
                assert task["status"] == "succeeded"
        eventually(lambda: _connections(stack) == 0)


def _deaf(url: str, token: str) -> socket.socket:
    """A WebSocket that says who it is and reads nothing."""
    parts = urlsplit(url)
    opened = socket.socket()
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    opened.connect((parts.hostname, parts.port))
    opened.sendall(
        b"GET /api/v1/ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    hello = json.dumps({"token": token}).encode()
    opened.sendall(bytes([0x81, 0x80 | len(hello)]) + b"\0\0\0\0" + hello)
    return opened


def _connections(stack: Stack) -> int:
    text = requests.get(f"{stack.monitors['gateway-0']}/metrics", timeout=PATIENCE).text
    (line,) = (line for line in text.splitlines() if line.startswith("backoffice_websocket_connections "))
    return int(float(line.split()[1]))
