"""One live connection: whom it belongs to, what waits to be sent, and whether anybody is still there."""

import logging
import threading
import time
from collections import deque
from collections.abc import Collection, Iterable

from wsproto.utilities import LocalProtocolError

from services.contracts.tasks import Identity
from services.gateway.recent_ids import RecentIds
from services.gateway.websocket import WebSocket

log = logging.getLogger(__name__)

MOST_WAITING = 1_000
"""Messages. A connection with more to send is far behind and is dropped; with ``since`` it loses nothing."""

MOST_TOLD = 5_000
"""Outcomes that a connection is known to have been told; as many as a replay has at most (``info``)."""

AT_ONCE = 50
"""Messages sent in one go."""

PING_SECONDS = 20.0

CLOSE_SECONDS = 1.0
"""How long a close frame may take to be sent and answered before the connection is cut."""


class Connection:
    """Messages are pushed by any greenlet and sent, in order, by its own once it was started. No outcome
    is sent twice."""

    def __init__(self, socket: WebSocket, token_hash: str, identity: Identity, language: str, last_seen: str) -> None:
        self.socket = socket
        self.token_hash = token_hash
        self.identity = identity
        self.language = language
        self.last_seen = last_seen
        self._waiting: deque[tuple[str | None, str]] = deque()
        self._told = RecentIds(MOST_TOLD)
        self._wake = threading.Event()
        self._closing: tuple[int, str] | None = None
        self._ended = False

    def start(self) -> None:
        """Begin to send."""
        threading.Thread(target=self._run, name="websocket", daemon=True).start()

    def send_missed(self, task_ids: Collection[str], texts: Iterable[str]) -> None:
        """Before it is started: send the outcomes of these tasks, ahead of what has been pushed meanwhile."""
        for task_id in task_ids:
            self._told.add(task_id)
        self._waiting = deque(message for message in self._waiting if message[0] not in task_ids)
        for text in texts:
            if not self.open:
                break
            self.socket.send([text])

    def is_news(self, task_id: str) -> bool:
        """Whether it has not been told a task's outcome yet; it is about to be."""
        self.last_seen = task_id
        return self._told.add(task_id)

    def push(self, text: str, task_id: str | None = None) -> None:
        """Have a message sent. A connection that is far behind is cut instead."""
        if not self.open:
            return
        if len(self._waiting) >= MOST_WAITING:
            log.info("a connection of operator %d is too far behind and is cut", self.identity["id"])
            self.end()
            return
        self._waiting.append((task_id, text))
        self._wake.set()

    def close(self, code: int, reason: str) -> None:
        """Close it, whatever still waits, within ``CLOSE_SECONDS``."""
        if self._closing is not None or self._ended:
            return
        self._closing = (code, reason)
        self._waiting.clear()
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
        self._wake.set()
        self.socket.abort()

    def _run(self) -> None:
        try:
            self._send_until_closed()
        except (OSError, LocalProtocolError) as error:
            log.debug("a connection of operator %d ended: %s", self.identity["id"], error)
            self.end()

    def _send_until_closed(self) -> None:
        next_ping = time.monotonic() + PING_SECONDS
        while not self._ended:
            self._wake.wait(max(0.0, next_ping - time.monotonic()))
            self._wake.clear()
            if self._closing is not None:
                return self.socket.close(*self._closing)
            while self._waiting and self.open:
                self.socket.send([self._waiting.popleft()[1] for _ in range(min(AT_ONCE, len(self._waiting)))])
            now = time.monotonic()
            if now >= next_ping:
                if now - self.socket.heard_at > 2 * PING_SECONDS:
                    log.info("a connection of operator %d is dead", self.identity["id"])
                    return self.end()
                self.socket.ping()
                next_ping = now + PING_SECONDS
        return None
