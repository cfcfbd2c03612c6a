"""A flood, from a process of its own: ``python -m tests.system.faults.pump '<JSON>'`` prints what was answered.

The JSON: ``host``, ``port``, ``token``, ``connections``, ``seconds``, and ``rate``, the submissions a second that are
attempted (0: as many as are answered). It sends ``create_customer`` over kept-alive connections.
"""

import json
import select
import sys
import time
from collections import Counter
from typing import Any

from bench.wire import HttpConnection, WireError, request

DRAIN_SECONDS = 15.0
LOST = (OSError, WireError)


class Pump:
    """One flood. ``accepted`` are the ids of its tasks, ``answers`` counts what it was told."""

    def __init__(self, host: str, port: int, token: str, connections: int) -> None:
        self.accepted: list[str] = []
        self.answers: Counter[str] = Counter()
        self._address = (host, port)
        self._token = token
        self._poll = select.epoll()
        self._busy: set[HttpConnection] = set()
        self._held: dict[int, HttpConnection] = {}
        self._idle: set[HttpConnection] = set()
        self._sent = 0
        for _ in range(connections):
            self._connect()

    def run(self, seconds: float, rate: float) -> None:
        """Submit for so long, then wait a while for the last answers."""
        began = time.monotonic()
        while (now := time.monotonic() - began) < seconds or (self._busy and now < seconds + DRAIN_SECONDS):
            while self._idle and now < seconds and (not rate or self._sent < now * rate):
                self._submit(self._idle.pop())
            for descriptor, _ in self._poll.poll(0.01):
                self._read(self._held[descriptor])
        self.answers["no answer"] += len(self._busy)

    def _connect(self) -> None:
        connection = HttpConnection(*self._address)
        self._held[connection.fileno()] = connection
        self._poll.register(connection.fileno(), select.EPOLLIN)
        self._idle.add(connection)

    def _submit(self, connection: HttpConnection) -> None:
        self._sent += 1
        task = {"action": "create_customer", "data": {"name": f"flood {self._sent}"}}
        host, port = self._address
        try:
            connection.send(request("POST", "/api/v1", f"{host}:{port}", {"token": self._token, "task": task}))
            self._busy.add(connection)
        except LOST:
            self._renew(connection)

    def _read(self, connection: HttpConnection) -> None:
        try:
            answer = connection.receive()
        except LOST:
            return self._renew(connection)
        if answer is None:
            return None
        self._busy.discard(connection)
        self._idle.add(connection)
        status, body = answer
        shown = json.loads(body)
        if status == 202:
            self.accepted.append(shown["task"]["id"])
        told = shown.get("params", {}).get("accepted", "")
        self.answers[f"{status} {shown.get('code', 'accepted')} {told}".strip()] += 1
        return None

    def _renew(self, connection: HttpConnection) -> None:
        """The server has closed it, whether it owed an answer or not."""
        self.answers["no answer"] += connection in self._busy
        self._busy.discard(connection)
        self._idle.discard(connection)
        self._poll.unregister(connection.fileno())
        del self._held[connection.fileno()]
        connection.close()
        self._connect()


def main(plan: dict[str, Any]) -> dict[str, Any]:
    """``{"accepted": [task ids], "answers": {what was told: how often}}``."""
    pump = Pump(plan["host"], plan["port"], plan["token"], plan["connections"])
    pump.run(plan["seconds"], plan["rate"])
    return {"accepted": pump.accepted, "answers": +pump.answers}


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
