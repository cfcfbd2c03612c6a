"""Login and logout, answered in place."""

import time
from collections.abc import Callable
from typing import Any

from services.contracts.errors import Code, Refusal
from services.contracts.task_ids import new_task_id
from services.contracts.tasks import Identity, Outcome, now_text
from services.contracts.tokens import presented_hash
from services.gateway.acceptance import Deadline, maybe_taken, not_taken
from services.gateway.identities import Identities
from services.gateway.limits import FailedLogins
from services.gateway.ports import RemoteService
from services.gateway.problems import too_many_requests
from services.runtime.failures import Unavailable
from services.runtime.messaging.broker import NotAccepted

REFUSAL_SECONDS = 0.25
"""How long after its arrival a failed login is refused, whichever was wrong, the name or the token."""


class Sessions:
    """Opens and ends sessions by way of ``users``."""

    def __init__(
        self,
        users: RemoteService,
        identities: Identities,
        failures: FailedLogins,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._users = users
        self._identities = identities
        self._failures = failures
        self._sleep = sleep

    def login(self, name: str, token: str | None, address: str, deadline: Deadline, key: str | None) -> Outcome:
        """The finished task.

        key: the idempotency key
        Raises ``Refusal``: ``not_authenticated``, ``too_many_requests``, ``idempotency_conflict`` or ``unavailable``.
        """
        arrived = time.monotonic()
        if token is None:
            raise self._failed(name, address, arrived)
        digest = presented_hash(token)
        try:
            opened = self._call("login", deadline, key, name, digest)
        except Refusal as refusal:
            if refusal.code is not Code.NOT_AUTHENTICATED:
                raise
            raise self._failed(name, address, arrived) from None
        self._identities.forget({opened["identity"]["id"]})
        outcome: Outcome = opened["outcome"]
        return outcome

    def check_token(self, token: str | None, address: str) -> None:
        """For a login that states no usable name: a wrong token is told before other faults are."""
        arrived = time.monotonic()
        try:
            if token is None:
                raise Refusal(Code.NOT_AUTHENTICATED)
            self._identities.identify(presented_hash(token))
        except Refusal:
            raise self._failed(None, address, arrived) from None

    def logout(self, identity: Identity, deadline: Deadline, key: str | None) -> Outcome:
        """The finished task. Raises ``Refusal``: ``login_required``, ``idempotency_conflict`` or ``unavailable``."""
        try:
            outcome: Outcome = self._call("logout", deadline, key, identity)
        finally:
            self._identities.forget({identity["id"]})
        return outcome

    def _call(self, method: str, deadline: Deadline, key: str | None, *args: Any) -> Any:
        task_id = new_task_id()
        try:
            return self._users.call(method, *args, task_id, now_text(), key, timeout=deadline.left())
        except NotAccepted:
            raise not_taken() from None
        except Unavailable:
            raise maybe_taken(task_id) from None

    def _failed(self, name: str | None, address: str, arrived: float) -> Refusal:
        """How a failed login is refused; returns when it is time to say so."""
        wait = self._failures.take(name, address)
        self._sleep(max(0.0, arrived + REFUSAL_SECONDS - time.monotonic()))
        return Refusal(Code.NOT_AUTHENTICATED) if wait is None else too_many_requests(wait)
