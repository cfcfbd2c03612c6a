"""A client of the HTTP and WebSocket contract, as somebody else would write it."""

import contextlib
import itertools
import json
import socket
import time
from typing import Any

import eventlet
import requests
import simple_websocket

from tests.waiting import PATIENCE


class Client:
    """One operator's token at one server. ``timeout``: seconds that it waits for an answer.

    ``submit`` and the rest return the answer's JSON with its HTTP status under ``http``.
    """

    def __init__(self, base: str, token: str, language: str = "en", timeout: float = 70) -> None:
        self.base = base.rstrip("/")
        self.token = token
        self.timeout = timeout
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.headers["Accept-Language"] = language

    def post(self, body: Any, **headers: str) -> requests.Response:
        """POST a body as it is; ``Prefer`` and others as keywords, ``_`` for ``-``."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.http.post(
            f"{self.base}/api/v1", raw, headers={"Content-Type": "application/json"} | sent, timeout=self.timeout
        )

    def submit(self, action: str, data: dict[str, Any] | None = None, **headers: str) -> dict[str, Any]:
        """Submit a task."""
        task = {"action": action} if data is None else {"action": action, "data": data}
        return _answer(self.post({"token": self.token, "task": task}, **headers))

    def run(self, action: str, data: dict[str, Any] | None = None, **headers: str) -> dict[str, Any]:
        """Submit a task and wait for its outcome: the finished task, or the problem that the request met."""
        answer = self.submit(action, data, Prefer="wait=30", **headers)
        return _task_or_problem(answer)

    def login(self, name: str) -> dict[str, Any]:
        """Log in; the finished task or the problem."""
        return _task_or_problem(self.submit("login", {"name": name}))

    def task(self, task_id: str, wait: int = 0) -> dict[str, Any]:
        """Read a task."""
        headers = {"Authorization": f"Bearer {self.token}"}
        if wait:
            headers["Prefer"] = f"wait={wait}"
        answer = self.http.get(f"{self.base}/api/v1/tasks/{task_id}", headers=headers, timeout=self.timeout)
        return _task_or_problem(_answer(answer))

    def tasks(self, **query: Any) -> list[dict[str, Any]]:
        """All own tasks, page by page, newest first."""
        found: list[dict[str, Any]] = []
        for _ in itertools.count():
            headers = {"Authorization": f"Bearer {self.token}"}
            page = _answer(
                self.http.get(f"{self.base}/api/v1/tasks", params=query, headers=headers, timeout=self.timeout)
            )
            found += page["tasks"]
            if page["next_cursor"] is None:
                break
            query["cursor"] = page["next_cursor"]
        return found

    def live(self, since: str | None = None) -> "Live":
        """A WebSocket that is ready."""
        return Live(self.base, self.token, since)


class Live:
    """One WebSocket of an operator. ``tasks`` are the outcomes by id, ``items`` the item events, as they came."""

    def __init__(self, base: str, token: str, since: str | None = None) -> None:
        self.tasks: dict[str, dict[str, Any]] = {}
        self.items: list[dict[str, Any]] = []
        self.repeats: list[dict[str, Any]] = []
        self.closed: int | None = None
        self._socket = simple_websocket.Client(base.replace("http", "ws", 1) + "/api/v1/ws")
        self._socket.send(json.dumps({"token": token, "since": since}))
        self.ready = json.loads(self._socket.receive(timeout=PATIENCE) or "{}")
        self._reader = eventlet.spawn(self._read)

    def _read(self) -> None:
        try:
            while True:
                message = json.loads(self._socket.receive())
                if message["type"] == "task":
                    known = self.tasks.setdefault(message["task"]["id"], message["task"])
                    if known is not message["task"]:
                        self.repeats.append(message["task"])
                else:
                    self.items.append(message)
        except simple_websocket.ConnectionClosed as closed:
            self.closed = closed.reason

    @property
    def ended(self) -> bool:
        """Nothing more will come."""
        return bool(self._reader.dead)

    def outcome(self, task_id: str, timeout: float = PATIENCE) -> dict[str, Any]:
        """The outcome of a task as it was pushed; fails when it does not come in time."""
        deadline = time.monotonic() + timeout
        while task_id not in self.tasks:
            if time.monotonic() > deadline:
                raise AssertionError(f"no outcome of {task_id} within {timeout:g} s")
            eventlet.sleep(0.005)
        return self.tasks[task_id]

    def close(self) -> None:
        """Leave. The library's reader is woken before its descriptor is closed, so that nobody still waits on it."""
        self._reader.kill()
        with contextlib.suppress(OSError):
            self._socket.sock.shutdown(socket.SHUT_RDWR)
        eventlet.sleep(0.05)


def _answer(response: requests.Response) -> dict[str, Any]:
    body: dict[str, Any] = response.json()
    return body | {"http": response.status_code}


def _task_or_problem(answer: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = answer.get("task", answer)
    return found
