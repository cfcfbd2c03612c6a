"""The load generator, a process of its own: ``python -m bench.load '<JSON of Plan>'`` prints a ``Result`` as JSON.

It sends tasks over kept-alive connections and hears their outcomes on a WebSocket an operator, all in one thread, so
that a time is taken the moment the kernel has the bytes.
"""

import json
import select
import sys
import time
from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Any

from bench.wire import HttpConnection, WebSocket, WireError, request

PATIENCE = 30.0
"""Seconds after the last task for which outcomes are waited for."""


@dataclass(frozen=True)
class Operator:
    """Who submits."""

    name: str
    token: str


@dataclass(frozen=True)
class Plan:
    """What to do.

    seconds:     how long tasks are submitted; those under way are waited for afterwards
    connections: HTTP connections, each with one request at a time
    unfinished:  the most tasks that are submitted and have no outcome yet
    pause:       seconds between a task's outcome and the next task (one connection only)
    reviews:     every second task approves a transfer that was created before
    """

    host: str
    port: int
    creator: Operator
    reviewer: Operator
    seconds: float
    connections: int
    unfinished: int
    pause: float = 0.0
    reviews: bool = False


@dataclass
class Result:
    """What was seen; times in milliseconds.

    submit:   from sending a task to its 202
    outcome:  from sending a task to its outcome on the WebSocket
    finished: outcomes in all, ``steady`` of them in the ``steady_seconds`` between the first second and the last
    cpu:      seconds of CPU of the load generator itself
    """

    submit: list[float] = field(default_factory=list)
    outcome: list[float] = field(default_factory=list)
    finished: int = 0
    steady: int = 0
    steady_seconds: float = 0.0
    seconds: float = 0.0
    cpu: float = 0.0
    faults: dict[str, int] = field(default_factory=dict)

    def fault(self, what: str) -> None:
        """Count something that should not happen."""
        self.faults[what] = self.faults.get(what, 0) + 1


class Load:
    """One run."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._result = Result()
        self._address = f"{plan.host}:{plan.port}"
        self._idle = [HttpConnection(plan.host, plan.port) for _ in range(plan.connections)]
        self._busy: dict[int, HttpConnection] = {}
        self._sent: dict[str, float] = {}
        self._early: dict[str, float] = {}
        self._unfinished = 0
        self._submitted = 0
        self._reviewable: deque[int] = deque()
        operators = [plan.creator, plan.reviewer] if plan.reviews else [plan.creator]
        for operator in operators:
            self._log_in(operator)
        self._live = {live.fileno(): live for live in map(self._listen, operators)}

    def run(self) -> Result:
        """Submit, then wait for what is under way."""
        self._began = time.perf_counter()
        self._stop_at = self._began + self._plan.seconds
        self._steady_from, self._steady_to = self._began + min(1.0, self._plan.seconds / 10), self._stop_at
        poll = select.epoll()
        for live in self._live:
            poll.register(live, select.EPOLLIN)
        for connection in self._idle:
            poll.register(connection.fileno(), select.EPOLLIN)
        while time.perf_counter() < self._stop_at or self._busy or self._unfinished:
            self._submit()
            for descriptor, _ in poll.poll(1.0):
                self._read(descriptor)
            if time.perf_counter() > self._stop_at + PATIENCE:
                self._result.fault(f"{self._unfinished} tasks without an outcome after {PATIENCE:g} s")
                break
        self._result.seconds = time.perf_counter() - self._began
        self._result.steady_seconds = self._steady_to - self._steady_from
        self._result.cpu = time.process_time()
        return self._result

    def _submit(self) -> None:
        while self._idle and self._unfinished < self._plan.unfinished and time.perf_counter() < self._stop_at:
            if self._plan.pause and self._submitted:
                time.sleep(self._plan.pause)
            connection = self._idle.pop()
            self._busy[connection.fileno()] = connection
            self._unfinished += 1
            self._submitted += 1
            connection.send(self._next_task())

    def _next_task(self) -> bytes:
        if self._plan.reviews and self._submitted % 2 == 0 and self._reviewable:
            data = {"id": self._reviewable.popleft(), "approved": True}
            return self._post(self._plan.reviewer, "review_transfer", data)
        return self._post(self._plan.creator, "create_transfer", {"cid": 1, "amount": "250.00"})

    def _post(self, operator: Operator, action: str, data: dict[str, Any]) -> bytes:
        task = {"token": operator.token, "task": {"action": action, "data": data}}
        return request("POST", "/api/v1", self._address, task)

    def _read(self, descriptor: int) -> None:
        live = self._live.get(descriptor)
        if live is not None:
            for text in live.receive():
                self._hear(text, time.perf_counter())
            return
        connection = self._busy.get(descriptor)
        if connection is None:
            raise WireError("the server closed an idle HTTP connection")
        answer = connection.receive()
        if answer is not None:
            del self._busy[descriptor]
            self._idle.append(connection)
            self._answered(connection.sent_at, *answer)

    def _answered(self, sent_at: float, status: int, body: bytes) -> None:
        if status != 202:
            self._unfinished -= 1
            self._result.fault(f"status {status}: {body[:200].decode(errors='replace')}")
            return
        self._result.submit.append((time.perf_counter() - sent_at) * 1000)
        task_id = json.loads(body)["task"]["id"]
        # An outcome can arrive before the 202 that announces its task.
        heard_at = self._early.pop(task_id, None)
        if heard_at is None:
            self._sent[task_id] = sent_at
        else:
            self._finish(sent_at, heard_at)

    def _hear(self, text: bytes, heard_at: float) -> None:
        message = json.loads(text)
        if message["type"] != "task":
            return
        task = message["task"]
        if task["status"] != "succeeded":
            self._result.fault(f"task failed: {(task['error'] or {}).get('code')}")
        elif task["action"] == "create_transfer" and self._plan.reviews:
            self._reviewable.append(task["result"]["transfer"]["id"])
        sent_at = self._sent.pop(task["id"], None)
        if sent_at is None:
            self._early[task["id"]] = heard_at
        else:
            self._finish(sent_at, heard_at)

    def _finish(self, sent_at: float, heard_at: float) -> None:
        self._unfinished -= 1
        self._result.finished += 1
        self._result.outcome.append((heard_at - sent_at) * 1000)
        if self._steady_from <= heard_at < self._steady_to:
            self._result.steady += 1

    def _log_in(self, operator: Operator) -> None:
        task = {"token": operator.token, "task": {"action": "login", "name": operator.name}}
        status, body = self._idle[0].ask(request("POST", "/api/v1", self._address, task))
        if status != 200:
            raise WireError(f"{operator.name} cannot log in: {status} {body.decode(errors='replace')}")

    def _listen(self, operator: Operator) -> WebSocket:
        live = WebSocket(self._plan.host, self._plan.port, "/api/v1/ws")
        live.send({"token": operator.token})
        if json.loads(live.wait_for_text())["type"] != "ready":
            raise WireError("the WebSocket did not begin with ready")
        return live


def read_plan(text: str) -> Plan:
    """A plan from its JSON."""
    values = json.loads(text)
    values |= {part: Operator(**values[part]) for part in ("creator", "reviewer")}
    return Plan(**values)


if __name__ == "__main__":
    print(json.dumps(asdict(Load(read_plan(sys.argv[1])).run())))
