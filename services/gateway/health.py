"""Whether this gateway can do its work now."""

import logging
import threading
import time
from collections.abc import Callable

from services.contracts.errors import Refusal
from services.gateway.ports import RemoteService
from services.runtime.failures import Unavailable
from services.runtime.rpc.client import RemoteFailure

log = logging.getLogger(__name__)

REMEMBER_SECONDS = 1.0
ASK_SECONDS = 1.0


class Readiness:
    """The broker is reachable, and ``users`` and ``tasks`` answer. Asked at most once a second."""

    def __init__(
        self,
        broker_connected: Callable[[], bool],
        users: RemoteService,
        tasks: RemoteService,
        process_drains: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._broker_connected = broker_connected
        self._users = users
        self._tasks = tasks
        self._process_drains = process_drains
        self._clock = clock
        self._asking = threading.Lock()
        self._known_until = float("-inf")
        self._reasons: list[str] = []
        self._draining = False

    def drain(self) -> None:
        """Not ready any more: the gateway is about to stop."""
        self._draining = True

    def reasons(self) -> list[str]:
        """Why it is not ready, a sentence each; none when it is."""
        if self._draining or self._process_drains():
            return ["The gateway is stopping."]
        with self._asking:
            if self._clock() >= self._known_until:
                self._reasons = self._ask()
                self._known_until = self._clock() + REMEMBER_SECONDS
            return self._reasons

    def _ask(self) -> list[str]:
        if not self._broker_connected():
            return ["The broker is not connected."]
        reasons = []
        if not _answers(self._users, "authenticate", ""):
            reasons.append("The service users does not answer.")
        if not _answers(self._tasks, "get", "", ""):
            reasons.append("The service tasks does not answer.")
        return reasons


def _answers(service: RemoteService, method: str, *args: str) -> bool:
    """Whether it says anything at all. It is asked with a token that nobody has, so a refusal is the good answer."""
    try:
        service.call(method, *args, timeout=ASK_SECONDS)
    except Unavailable:
        return False
    except (Refusal, RemoteFailure) as answer:
        log.debug("readiness: %s", answer)
    return True
