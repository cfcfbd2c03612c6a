"""One live connection: whom it belongs to, what waits to be sent, and whether anybody is still there."""

import logging
import threading
import time
from collections import deque
from collections.abc import Collection, Iterable, Sequence

from wsproto.utilities import LocalProtocolError

from services.contracts.sizes import parts
from services.contracts.tasks import Identity
from services.gateway.recent_ids import RecentIds
from services.gateway.websocket import WebSocket
from services.runtime.http.backlog import Backlog

log = logging.getLogger(__name__)

MOST_WAITING = 1_000
"""Messages. A connection with more to send is far behind and is dropped; with ``since`` it loses nothing."""

MOST_BYTES = 2 * 1024 * 1024
"""Of these messages, likewise."""

MOST_TOLD = 5_000
"""Outcomes that a connection is known to have been told; as many as a replay has at most (``info``)."""

AT_ONCE = 50
"""Messages sent in one go."""

BYTES_AT_ONCE = 64 * 1024
"""Of them, unless one alone has more."""

PING_SECONDS = 20.0

CLOSE_SECONDS = 1.0
"""How long a close frame may take to be sent and answered before the connection is cut."""


class Connection:
    """Messages are pushed as frames by any greenlet and sent, in order, by its own once it was started. No outcome
    is sent twice. What waits counts in the ``backlog`` of all connections."""

    def __init__(
        self,
        socket: WebSocket,
        token_hash: str,
        identity: Identity,
        language: str,
        last_seen: str,
        backlog: Backlog,
    ) -> None:
        self.socket = socket
        self._backlog = backlog
        self._bytes = 0
        self.token_hash = token_hash
        self.identity = identity
        self.language = language
        self.last_seen = last_seen
        self._waiting: deque[tuple[str | None, bytes]] = deque()
        self._told = RecentIds(MOST_TOLD)
        self._wake = threading.Event()
        self._closing: tuple[int, str] | None = None
        self._ended = False

    def start(self) -> None:
        """Begin to send."""
        threading.Thread(target=self._run, name="websocket", daemon=True).start()

    def send_missed(self, task_ids: Collection[str], frames: Sequence[bytes]) -> None:
        """Before it is started: send the outcomes of these tasks, ahead of what has been pushed meanwhile."""
        for task_id in task_ids:
            self._told.add(task_id)
        self._keep([message for message in self._waiting if message[0] not in task_ids])
        with self._backlog.waiting(self.end, sum(map(len, frames))):
            for frame in frames:
                if not self.open:
                    break
                self.socket.send([frame])

    def is_news(self, task_id: str) -> bool:
        """Whether it has not been told a task's outcome yet; it is about to be."""
        self.last_seen = task_id
        return self._told.add(task_id)

    def push(self, frame: bytes, task_id: str | None = None) -> None:
        """Have a message sent. A connection that is far behind is cut instead."""
        if not self.open:
            return
        if len(self._waiting) >= MOST_WAITING or (self._bytes and self._bytes + len(frame) > MOST_BYTES):
            log.info("a connection of operator %d is too far behind and is cut", self.identity["id"])
            self.end()
            return
        self._waiting.append((task_id, frame))
        self._bytes += len(frame)
        self._backlog.add(self.end, len(frame))
        self._wake.set()

    def drop_items(self) -> None:
        """Send none of the changes of items that wait: they were chosen under other rights."""
        self._keep([message for message in self._waiting if message[0] is not None])

    def _keep(self, messages: Iterable[tuple[str | None, bytes]]) -> None:
        """Of what waits, send nothing but these."""
        before = _size(self._waiting)
        self._waiting = deque(messages)
        self._drop(before - _size(self._waiting))

    def _drop(self, size: int) -> None:
        """So many bytes wait no longer."""
        gone = min(size, self._bytes)
        self._bytes -= gone
        self._backlog.remove(self.end, gone)

    def close(self, code: int, reason: str) -> None:
        """Close it, whatever still waits, within ``CLOSE_SECONDS``."""
        if self._closing is not None or self._ended:
            return
        self._closing = (code, reason)
        self._keep(())
        self._wake.set()
        cut = threading.Timer(CLOSE_SECONDS, self.end)
        cut.daemon = True
        cut.start()

    @property
    def open(self) -> bool:
        """Neither closed nor about to be."""
        return self._closing is None and not self._ended

    def end(self) -> None:
        """Cut it now."""
        self._ended = True
        self._waiting.clear()
        self._drop(self._bytes)
        self._wake.set()
        self.socket.abort()

    def _run(self) -> None:
        try:
            self._send_until_closed()
        except (OSError, LocalProtocolError) as error:
            log.debug("a connection of operator %d ended: %s", self.identity["id"], error)
            self.end()

    def _next(self) -> list[bytes]:
        """What is sent in one go."""
        first = next(parts((len(frame) for _, frame in self._waiting), BYTES_AT_ONCE, AT_ONCE))
        return [self._waiting.popleft()[1] for _ in range(first.stop)]

    def _send_until_closed(self) -> None:
        next_ping = time.monotonic() + PING_SECONDS
        while not self._ended:
            self._wake.wait(max(0.0, next_ping - time.monotonic()))
            self._wake.clear()
            if self._closing is not None:
                return self.socket.close(*self._closing)
            while self._waiting and self.open:
                frames = self._next()
                self.socket.send(frames)
                self._drop(sum(map(len, frames)))
            now = time.monotonic()
            if now >= next_ping:
                if now - self.socket.heard_at > 2 * PING_SECONDS:
                    log.info("a connection of operator %d is dead", self.identity["id"])
                    return self.end()
                self.socket.ping()
                next_ping = now + PING_SECONDS
        return None


def _size(messages: Iterable[tuple[str | None, bytes]]) -> int:
    return sum(len(frame) for _, frame in messages)
