"""A client that listens for its outcomes, comes back when it is cut off, and says what it heard last."""

from random import Random
from typing import Any

import eventlet
import requests

from tests.client import Live
from tests.system.faults.record import Record

CONNECT_SECONDS = 12
LOST = (OSError, eventlet.Timeout, AssertionError, ValueError, requests.RequestException)


class Ear:
    """One operator's WebSocket, kept open through everything.

    heard: the ids of the tasks whose outcomes were pushed to it
    leaves: it also hangs up by itself now and then
    """

    def __init__(
        self, name: str, gateways: list[str], token: str, chance: Random, record: Record, *, leaves: bool
    ) -> None:
        self.name = name
        self.heard: set[str] = set()
        self.connections = 0
        self._gateways = gateways
        self._token = token
        self._chance = chance
        self._record = record
        self._leaves = leaves
        self._last: str | None = None
        self._live: Live | None = None
        self._loop = eventlet.spawn(self._listen)

    @property
    def connected(self) -> bool:
        """It hears what is pushed now."""
        return self._live is not None and not self._live.ended

    def stop(self) -> None:
        """Hang up for good."""
        self._loop.kill()
        if self._live is not None:
            self._live.close()

    def _listen(self) -> None:
        while True:
            live = self._connect()
            if live is None:
                eventlet.sleep(self._chance.uniform(0.2, 0.8))
                continue
            self._live = live
            self.connections += 1
            stay = self._chance.uniform(2, 8) if self._leaves else float("inf")
            waited = 0.0
            while not live.ended and waited < stay:
                self._take(live)
                eventlet.sleep(0.05)
                waited += 0.05
            self._take(live)
            self._live = None
            live.close()

    def _connect(self) -> Live | None:
        try:
            with eventlet.Timeout(CONNECT_SECONDS):
                live = Live(self._chance.choice(self._gateways), self._token, self._last)
        except LOST:
            return None
        except Exception as error:
            if type(error).__module__.partition(".")[0] not in ("simple_websocket", "wsproto"):
                raise
            return None
        if live.ready.get("type") == "ready":
            return live
        live.close()
        return None

    def _take(self, live: Live) -> None:
        news: list[dict[str, Any]] = [task for task_id, task in live.tasks.items() if task_id not in self.heard]
        for task in [*news, *live.repeats]:
            self._record.tell(task)
            self.heard.add(task["id"])
            self._last = task["id"]
        live.repeats.clear()
