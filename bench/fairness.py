"""``python -m bench.fairness``: how long one operator's decisions take while another submits as fast as they can.

The four services run as processes on RabbitMQ and on a PostgreSQL with as many decided items as asked for. One reviewer
decides a transfer ten times a second, whether or not the earlier decisions have ended; the time of each is from when
it was due until its outcome arrived on the WebSocket.
"""

import argparse
import json
import select
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg2

from bench import stack
from bench.flood import HOST, KINDS, log_in
from bench.phases import Say
from bench.report import Row, machine
from bench.wire import HttpConnection, WebSocket, request

GOAL_MS = 500.0
PAUSE = 0.1
FLOOD_STARTS = 1.0
"""Seconds that the flood has for its start and its login."""
PATIENCE = 90.0
"""Seconds after the last decision for which outcomes are awaited."""

NAME, TOKEN = "Bob", "34er"
PENDING = 5_000
"""Transfers that await a decision: what the reviewer works on, and what a long list shows."""

# Decided items, so that the pending board stays small while a search has much to read.
_FILL = """
INSERT INTO document (cid, level, content, status, created_by, decided_by, decided_at)
SELECT 1 + n %% 5, 1, md5(n::text) || ' ' || md5((-n)::text) || ' passport, page ' || n, 'approved', 1, 3, now()
FROM generate_series(1, %(documents)s) AS n;
INSERT INTO transfer (cid, level, amount, currency, status, created_by)
SELECT 1 + n %% 5, 1, n, 'USD', 'pending', 1 FROM generate_series(1, %(pending)s) AS n;
ANALYZE;
"""


@dataclass
class Decisions:
    """The reviewer's decisions: milliseconds of those that ended, and how many did not, or not as they should."""

    milliseconds: list[float] = field(default_factory=list)
    wrong: int = 0

    def rows(self, during: str) -> Iterator[Row]:
        """As lines of the report."""
        in_order = sorted(self.milliseconds) or [0.0]
        yield Row(f"{during}: median", in_order[len(in_order) // 2], "ms", note=f"{len(self.milliseconds)} decisions")
        yield Row(f"{during}: 95th", in_order[int(len(in_order) * 0.95)], "ms", GOAL_MS)
        yield Row(f"{during}: worst", in_order[-1], "ms")


def main() -> int:
    """Exit code 1 when a decision failed or did not end (not when a goal is missed)."""
    options = _options()
    began = time.monotonic()

    def say(what: str) -> None:
        print(f"[{time.monotonic() - began:5.0f} s] {what}", file=sys.stderr, flush=True)

    rows: list[Row] = []
    wrong = 0
    say("starting a process a service")
    with stack.real(limits={}) as running:
        say(f"writing {options.items:,} items")
        transfers = deque(_fill(running.database_url, options.items))
        log_in(running.port, NAME, TOKEN)
        for kind in (None, *(options.only or KINDS)):
            say(f"deciding, during {kind or 'nothing else'}")
            with _flood(running.port, kind, options.seconds + 1, say):
                decisions = _decide(running.port, transfers, options.seconds)
            wrong += decisions.wrong
            rows += decisions.rows(kind or "nothing else")
    if wrong:
        say(f"{wrong} decisions failed or did not end")
    print(json.dumps([row.as_json() for row in rows]) if options.json else "\n".join([machine(), *map(str, rows)]))
    return 1 if wrong else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.fairness", description=__doc__)
    parser.add_argument("--items", type=int, default=300_000, help="default %(default)s")
    parser.add_argument("--seconds", type=float, default=15.0, help="of each flood (default %(default)g)")
    parser.add_argument("--only", action="append", choices=tuple(KINDS), help="one kind of flood (may be repeated)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    return parser.parse_args()


def _fill(database_url: str, items: int) -> list[int]:
    """The ids of the transfers that may be decided."""
    connection = psycopg2.connect(database_url)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(_FILL, {"documents": items, "pending": PENDING})
            cursor.execute("SELECT id FROM transfer WHERE status = 'pending' AND level = 1 ORDER BY id DESC")
            return [row[0] for row in cursor.fetchall()]
    finally:
        connection.close()


@contextmanager
def _flood(port: int, kind: str | None, seconds: float, say: Say) -> Iterator[None]:
    """Another process that floods meanwhile, and has begun."""
    if kind is None:
        yield
        return
    command = [sys.executable, "-m", "bench.flood", str(port), kind, str(seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        time.sleep(FLOOD_STARTS)
        yield
        told, _ = process.communicate()
        say(f"the flood was answered {told.strip()}")


def _decide(port: int, transfers: deque[int], seconds: float) -> Decisions:
    """Submit a decision whenever one is due, then await the outcomes of all."""
    decisions = Decisions()
    live = WebSocket(HOST, port, "/api/v1/ws")
    live.send({"token": TOKEN})
    due: dict[int, float] = {}
    submitting: dict[int, HttpConnection] = {}
    poll = select.epoll()
    poll.register(live.fileno(), select.EPOLLIN)
    began = last = time.perf_counter()
    while (now := time.perf_counter()) < began + seconds or (due and now < began + seconds + PATIENCE):
        if last + PAUSE <= now < began + seconds:
            last += PAUSE
            transfer = transfers.popleft()
            due[transfer] = last
            connection = HttpConnection(HOST, port)
            submitting[connection.fileno()] = connection
            poll.register(connection.fileno(), select.EPOLLIN)
            connection.send(_review(transfer))
        for descriptor, _ in poll.poll(0.01):
            if descriptor == live.fileno():
                for text in live.receive():
                    _hear(json.loads(text), due, decisions)
            elif (answer := submitting[descriptor].receive()) is not None:
                decisions.wrong += answer[0] != 202
                poll.unregister(descriptor)
                submitting.pop(descriptor).close()
    decisions.wrong += len(due)
    return decisions


def _review(transfer: int) -> bytes:
    task = {"action": "review_transfer", "data": {"id": transfer, "approved": True}}
    return request("POST", "/api/v1", HOST, {"token": TOKEN, "task": task})


def _hear(message: dict[str, object], due: dict[int, float], decisions: Decisions) -> None:
    task = message.get("task")
    if not isinstance(task, dict) or message.get("type") != "task":
        return
    at = due.pop(task["data"]["id"], None) if task["action"] == "review_transfer" else None
    if at is not None:
        decisions.milliseconds.append((time.perf_counter() - at) * 1000)
        decisions.wrong += task["status"] != "succeeded"


if __name__ == "__main__":
    sys.exit(main())
