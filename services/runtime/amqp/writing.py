"""Writing to a connection in few system calls."""

from collections.abc import Callable
from typing import Any

import eventlet
from eventlet.semaphore import Semaphore


class CoalescedWrites:
    """What all greenlets write in one turn of the hub goes out together, in order.

    Sixty-four acknowledgements, or the publishes of as many requests, are one system call and a few packets for the
    broker to read, instead of as many of each. That is a quarter of the CPU that a task takes.

    send:    sends all of what it is given
    broken:  called when that fails, or hangs; the writers have gone on and learn of it by the connection's end
    seconds: how long it may hang
    """

    def __init__(self, send: Callable[[bytes], Any], broken: Callable[[], None], seconds: float) -> None:
        self._send = send
        self._broken = broken
        self._seconds = seconds
        self._waiting: list[bytes] = []
        self._scheduled = False
        self._order = Semaphore(1)

    def write(self, data: bytes | memoryview) -> None:
        """Have it sent, soon. It is copied, since py-amqp builds every frame in the same memory."""
        self._waiting.append(bytes(data))
        if not self._scheduled:
            self._scheduled = True
            eventlet.spawn_n(self.flush)

    def flush(self) -> None:
        """Send what waits, now."""
        with self._order:
            self._scheduled = False
            waiting, self._waiting = self._waiting, []
            if not waiting:
                return
            try:
                with eventlet.Timeout(self._seconds):
                    self._send(b"".join(waiting))
            except (OSError, EOFError, eventlet.Timeout):
                self._broken()
