"""The service ``users``: who somebody is, and what they may do."""

import logging
from collections.abc import Callable
from typing import Any, TypedDict, cast

from services.contracts.actions import Logout
from services.contracts.errors import Code, Refusal
from services.contracts.events import OPERATORS_CHANGED, Service
from services.contracts.tasks import Identity, OperatorState, Outcome, Rights, Task
from services.contracts.tokens import presented_hash
from services.runtime.messaging.broadcasts import connected, listen
from services.runtime.rpc.client import ServiceClient
from services.runtime.rpc.server import RpcProxy, rpc
from services.runtime.singleton import Singleton
from services.runtime.telemetry.tracing import Traced, Tracing
from services.users.directory import EVERYONE, Directory, check_name
from services.users.permissions import may

log = logging.getLogger(__name__)


class Operator(TypedDict):
    """An operator as internal systems see one."""

    id: int
    name: str
    role: str
    level: int
    logged_in: bool


class Opened(TypedDict):
    """A login that worked."""

    outcome: Outcome
    identity: Identity


class UsersService:
    """Answers from memory where it may; what it does not know it asks ``info``."""

    name = Service.USERS.value

    directory: Directory = Singleton(lambda container: Directory())
    info: ServiceClient = RpcProxy(Service.INFO.value)
    traced: Tracing = Traced()

    @rpc
    def authenticate(self, token: str) -> Operator:
        """Whose token it is, logged in or not. Raises ``Refusal`` (``not_authenticated``)."""
        if not isinstance(token, str):
            raise Refusal(Code.NOT_AUTHENTICATED)
        identity = self.identify(presented_hash(token))
        return {
            "id": identity["id"],
            "name": identity["name"],
            "role": identity["role"],
            "level": identity["level"],
            "logged_in": identity["session"] is not None,
        }

    @rpc
    def identify(self, token_hash: str) -> Identity:
        """For the services: whose token it is, and in which session (None before a login).

        Raises ``Refusal`` (``not_authenticated``).
        """
        if not isinstance(token_hash, str):
            raise Refusal(Code.NOT_AUTHENTICATED)
        return self.directory.identify(token_hash, self._asking("identify"))

    @rpc
    def rights(self, operator_ids: list[int]) -> list[Rights]:
        """For the gateway: what operators may see now, never from memory."""
        return cast(list[Rights], self.info.call("rights", operator_ids))

    @rpc
    def login(
        self, name: str, token_hash: str, task_id: str, submitted_at: str, idempotency_key: str | None = None
    ) -> Opened:
        """For the services: open a session, or renew the one that is open.

        Raises ``Refusal``: ``not_authenticated``, ``idempotency_conflict``. Memory is left aside: what it holds
        would be refused sooner.
        """
        if not isinstance(name, str) or not isinstance(token_hash, str):
            raise Refusal(Code.NOT_AUTHENTICATED)
        identity = check_name(self.info.call("identify", token_hash), name)
        try:
            opened = self.info.call("open_session", token_hash, name, task_id, submitted_at, idempotency_key)
        finally:
            self.directory.forget({identity["id"]})
        log.info("operator %d logged in", identity["id"], extra={"task_ids": [task_id]})
        return cast(Opened, opened)

    @rpc
    def logout(
        self, identity: Identity, task_id: str, submitted_at: str, idempotency_key: str | None = None
    ) -> Outcome:
        """For the services: end the session.

        Raises ``Refusal``: ``login_required`` when it is not open, or ``idempotency_conflict``.
        """
        if identity["session"] is None:
            raise Refusal(Code.LOGIN_REQUIRED)
        task = Task(
            id=task_id,
            action=Logout.name,
            data={},
            operator_id=identity["id"],
            session=identity["session"],
            submitted_at=submitted_at,
        )
        try:
            outcome = self.info.call("end_session", task, idempotency_key)
        finally:
            self.directory.forget({identity["id"]})
        log.info("operator %d logged out", identity["id"], extra={"task_ids": [task_id]})
        return cast(Outcome, outcome)

    @rpc
    def permitted(self, operator_id: int, action: str) -> bool:
        """Whether the operator's role may do the action; never for who is unknown or disabled."""
        operator = self.operator(operator_id)
        return operator is not None and operator["active"] and isinstance(action, str) and may(operator["role"], action)

    @rpc
    def operator(self, operator_id: int, fresh: bool = False) -> OperatorState | None:
        """For the services: the operator of that id. ``fresh``: not from memory."""
        if not isinstance(operator_id, int) or isinstance(operator_id, bool):
            return None
        return self.directory.operator(operator_id, self._asking("operator"), fresh=fresh is True)

    @listen(OPERATORS_CHANGED)
    def forget(self, changes: list[dict[str, Any]]) -> None:
        """What is remembered of these operators is void. A change that names nobody concerns all."""
        named = [change.get("id") for change in changes]
        self.directory.forget({one if isinstance(one, int) else EVERYONE for one in named})

    @connected
    def forget_all(self) -> None:
        """Changes may have gone unheard."""
        self.directory.forget({EVERYONE})

    def _asking(self, method: str) -> Callable[[Any], Any]:
        return lambda subject: self.info.call(method, subject)
