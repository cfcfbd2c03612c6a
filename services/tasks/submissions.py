"""Submissions by RPC, checked as the gateway checks those by HTTP, and making tasks durable for both."""

import logging
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

from services.contracts.action import Action, canonical, find_action
from services.contracts.actions import Login, Logout
from services.contracts.errors import Code, Refusal
from services.contracts.events import TASKS_SUBMITTED
from services.contracts.idempotency import fingerprint, is_key
from services.contracts.task_ids import new_task_id
from services.contracts.tasks import Identity, Outcome, Task, new_task, now_text
from services.contracts.tokens import presented_hash
from services.contracts.validation import Fault, Invalid, fault, parse_data, storable_faults
from services.runtime import crash_points
from services.runtime.failures import Unavailable
from services.runtime.messaging.broker import BrokerUnavailable, NotAccepted, Refused, Unconfirmed
from services.runtime.unfinished import Unfinished
from services.tasks.ports import RemoteService, Speaker

log = logging.getLogger(__name__)

LONGEST_WAIT = 60.0
"""Seconds that a call may wait for an outcome."""


@dataclass(frozen=True)
class Submissions:
    """From a call to a durable task.

    unfinished: what this process has accepted; the gateway counts its own
    record_all: the broker forgets, so every task is recorded first
    """

    users: RemoteService
    info: RemoteService
    events: Speaker
    unfinished: Unfinished
    record_all: bool

    def caller(self, token: Any) -> Identity:
        """Who calls. Raises ``Refusal``: ``not_authenticated``, or ``login_required`` without an open session."""
        if not isinstance(token, str):
            raise Refusal(Code.NOT_AUTHENTICATED)
        identity = cast(Identity, self.users.call("identify", presented_hash(token)))
        if identity["session"] is None:
            raise Refusal(Code.LOGIN_REQUIRED)
        return identity

    def check(self, token: Any, action: Any, data: Any, key: Any = None) -> Task:
        """The task that is asked for. Raises ``Refusal``, the first of the contract's order that applies."""
        identity = self.caller(token)
        declared = find_action(action)
        if identity["role"] not in declared.roles:
            raise Refusal(Code.NOT_PERMITTED)
        return new_task(identity, declared.name, _checked(declared, data, key))

    def in_place(self, token: Any, action: Any, data: Any, key: Any = None) -> Outcome | None:
        """The finished task when it is a login or a logout, else None. Raises ``Refusal``."""
        if action == Login.name:
            if not isinstance(token, str):
                raise Refusal(Code.NOT_AUTHENTICATED)
            name = _checked(Login, data, key)["name"]
            opened = self.users.call("login", name, presented_hash(token), new_task_id(), now_text(), key)
            return cast(Outcome, opened["outcome"])
        if action == Logout.name:
            identity = self.caller(token)
            _checked(Logout, data, key)
            return cast(Outcome, self.users.call("logout", identity, new_task_id(), now_text(), key))
        return None

    def submit(self, task: Task, key: str | None = None) -> dict[str, Any]:
        """Make a checked task durable; the accepted task, which is the earlier one when the key was used for it.

        Raises ``Refusal``: ``too_many_requests`` when the operator has too many unfinished tasks,
        ``idempotency_conflict``, or ``unavailable`` that tells whether it may have been taken.
        """
        asked = None if key is None else fingerprint(task["action"], task["data"])

        def publish() -> tuple[str, str]:
            accepted = self.accept(task, key, asked)
            return accepted["id"], accepted["submitted_at"]

        task_id, submitted_at = self.unfinished.accept(task, publish)
        return {
            "id": task_id,
            "action": task["action"],
            "status": "accepted",
            "submitted_at": submitted_at,
        }

    def accept(self, task: Task, key: str | None, asked: str | None) -> dict[str, str]:
        """As ``submit``, for a task whose fingerprint is ``asked``; its id and its time of submission."""
        if key is None and not self.record_all:
            self._publish(task)
            return {"id": task["id"], "submitted_at": task["submitted_at"]}
        recorded = self._record(task, key, asked)
        crash_points.reached("tasks.recorded")
        if recorded["id"] == task["id"]:
            try:
                self.events.say(TASKS_SUBMITTED, [{**task, "recorded": True}])
            except (BrokerUnavailable, Refused) as failure:
                # The row has committed: the task is accepted, and the timer of info publishes it, or ends it.
                log.warning("recorded, to be published later: %s", failure, extra={"task_ids": [task["id"]]})
        return recorded

    def _publish(self, task: Task) -> None:
        try:
            self.events.say(TASKS_SUBMITTED, [task])
        except (NotAccepted, Refused) as failure:
            raise _not_taken(task, failure) from None
        except Unconfirmed:
            raise _maybe_taken(task) from None

    def _record(self, task: Task, key: str | None, asked: str | None) -> dict[str, str]:
        try:
            return cast(dict[str, str], self.info.call("record", task, key, asked))
        except Refused as failure:
            raise _not_taken(task, failure) from None
        except Unavailable:
            # A database that failed at the commit, or an answer that was lost, may have it all the same.
            raise _maybe_taken(task) from None


def _not_taken(task: Task, failure: Exception) -> Refusal:
    log.warning("not accepted: %s", failure, extra={"task_ids": [task["id"]]})
    return Refusal(Code.UNAVAILABLE, {"accepted": "no"})


def _maybe_taken(task: Task) -> Refusal:
    return Refusal(Code.UNAVAILABLE, {"accepted": "unknown", "task_id": task["id"]})


def _checked(action: type[Action], data: Any, key: Any) -> dict[str, Any]:
    """The data in its canonical form. Raises ``Invalid`` with every fault at once."""
    faults: list[Fault] = storable_faults(data, "data")
    parsed = None
    try:
        parsed = parse_data(action, {} if data is None else data, "data")
    except Invalid as invalid:
        faults += [found for found in invalid.faults if found.path not in {known.path for known in faults}]
    if key is not None and not is_key(key):
        faults.append(fault("header", "idempotency_key"))
    if faults or parsed is None:
        raise Invalid(faults)
    return canonical(parsed)


def wait_seconds(timeout: Any) -> float:
    """How long to wait for an outcome, within bounds. Raises ``Invalid`` for what is no number."""
    if not isinstance(timeout, int | float | Decimal) or isinstance(timeout, bool) or timeout != timeout:  # NaN
        raise Invalid([fault("invalid", "timeout")])
    return float(max(0, min(timeout, LONGEST_WAIT)))
