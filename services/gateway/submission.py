"""``POST /api/v1``: from a request to a durable task."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Request, Response

from services.contracts.action import find_action
from services.contracts.actions import Login
from services.contracts.errors import Code, Refusal
from services.contracts.idempotency import is_key
from services.contracts.operators import LARGEST_LEVEL
from services.contracts.tasks import Identity, Task, new_task
from services.contracts.tokens import presented_hash
from services.contracts.validation import Invalid, fault
from services.gateway.acceptance import Acceptance, Deadline
from services.gateway.answers import json_answer, reader_language
from services.gateway.credentials import bearer_token, client_address
from services.gateway.envelope import Envelope, read_envelope
from services.gateway.identities import Identities
from services.gateway.json_body import read_object
from services.gateway.limits import SlidingWindow
from services.gateway.metrics import Metrics
from services.gateway.preferences import applied, wait_seconds
from services.gateway.presentation import accepted_task, shown_task
from services.gateway.problems import too_many_requests
from services.gateway.sessions import Sessions
from services.gateway.tasks_api import TaskReader
from services.gateway.waiters import Waiters
from services.runtime.failures import Unavailable


@dataclass(frozen=True)
class Submissions:
    """The resource. Its checks run in the contract's order; the first that fails is the answer."""

    identities: Identities
    sessions: Sessions
    acceptance: Acceptance
    waiters: Waiters
    reader: TaskReader
    rate: SlidingWindow
    metrics: Metrics
    trusted_proxies: int = 0
    largest_level: int = LARGEST_LEVEL

    def submit(self, request: Request) -> Response:
        """The answer. Raises ``Refusal`` or ``Unavailable``."""
        deadline = Deadline()
        document = read_object(request)
        key = request.headers.get("Idempotency-Key")
        envelope = read_envelope(document, bearer_token(request))
        if key is not None and not is_key(key):
            envelope.faults.append(fault("header", "header.Idempotency-Key"))
        if envelope.contradicted:
            raise _contradiction(envelope)
        if envelope.is_login:
            return self._login(request, envelope, deadline, key)
        identity = self._identify(envelope)
        action = find_action(envelope.task["action"]) if envelope.states_action else None
        if action is not None and identity["role"] not in action.roles:
            raise Refusal(Code.NOT_PERMITTED)
        data = envelope.check(action, self.largest_level)
        assert action is not None
        self._check_rate(identity)
        if action.session:
            return self._finished(request, self.sessions.logout(identity, deadline, key))
        return self._accept(request, new_task(identity, action.name, data), key, deadline)

    def _identify(self, envelope: Envelope) -> Identity:
        if envelope.token is None:
            raise Refusal(Code.NOT_AUTHENTICATED)
        try:
            return self.identities.logged_in(presented_hash(envelope.token))
        except Unavailable:
            raise Refusal(Code.UNAVAILABLE, {"accepted": "no"}) from None

    def _check_rate(self, identity: Identity) -> None:
        wait = self.rate.take(identity["id"])
        if wait is not None:
            raise too_many_requests(wait)

    def _login(self, request: Request, envelope: Envelope, deadline: Deadline, key: str | None) -> Response:
        address = client_address(request, self.trusted_proxies)
        try:
            data = envelope.check(Login)
        except Invalid:
            self.sessions.check_token(envelope.token, address)
            raise
        return self._finished(request, self.sessions.login(data["name"], envelope.token, address, deadline, key))

    def _finished(self, request: Request, outcome: Mapping[str, Any]) -> Response:
        wait = wait_seconds(request.headers.get("Prefer"))
        return json_answer({"task": shown_task(outcome, reader_language(request))}, 200, applied(wait))

    def _accept(self, request: Request, task: Task, key: str | None, deadline: Deadline) -> Response:
        wait = wait_seconds(request.headers.get("Prefer"))
        if wait is None:
            return self._accepted(task["action"], *self.acceptance.accept(task, key, deadline), wait)
        with self.waiters.waiting(task["id"], task["operator_id"]) as waiter:
            task_id, submitted_at = self.acceptance.accept(task, key, deadline)
            if task_id == task["id"]:
                outcome: Mapping[str, Any] | None = waiter.wait(wait)
            else:
                outcome = self._outcome_of_earlier(task["operator_id"], task_id, wait)
        if outcome is None:
            return self._accepted(task["action"], task_id, submitted_at, wait)
        self.metrics.accepted(task["action"])
        return self._finished(request, outcome)

    def _outcome_of_earlier(self, operator_id: int, task_id: str, wait: int) -> Mapping[str, Any] | None:
        """A key's task may have finished long ago, and nobody will say so again."""
        try:
            task = self.reader.read(operator_id, task_id, wait)
        except Unavailable:
            return None
        return None if task["status"] == "accepted" else task

    def _accepted(self, action: str, task_id: str, submitted_at: str, wait: int | None) -> Response:
        self.metrics.accepted(action)
        headers = {"Location": f"/api/v1/tasks/{task_id}", **applied(wait)}
        return json_answer(accepted_task(task_id, action, submitted_at), 202, headers)


def _contradiction(envelope: Envelope) -> Invalid:
    """Two tokens that differ authenticate nobody; what else is wrong is told along with it."""
    try:
        envelope.check(find_action(envelope.task["action"]) if envelope.states_action else None)
    except Invalid as invalid:
        return invalid
    except Refusal:
        pass
    return Invalid(envelope.faults)
