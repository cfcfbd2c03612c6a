"""Who may have a task executed now: operators and sessions, locked until the batch commits.

A revocation or a demotion that committed before these rows were locked is seen; one that comes later waits for the
batch, so no effect ever follows its commit. A snapshot that changes nothing takes no locks: it is as old as its rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.contracts.action import Action
from services.contracts.errors import Code, Refusal
from services.contracts.operators import Role
from services.info import turns
from services.info.operations.registry import Operation
from services.info.requests import Request
from services.info.work import Operator
from services.runtime.postgres.transaction import Transaction, uuid_array

_OPERATORS = "SELECT id, name, role, level, active FROM operator WHERE id = ANY(%s) ORDER BY id "

_SESSIONS = """
SELECT id, operator_id,
    ended_at IS NULL AND last_used_at > statement_timestamp() - %s * interval '1 second' AS open,
    last_used_at < statement_timestamp() - interval '1 minute' AS stale
FROM session WHERE id = ANY(%s::uuid[]) ORDER BY id """

_TOUCH = """
UPDATE session SET last_used_at = statement_timestamp()
WHERE id IN (
    SELECT id FROM session
    WHERE id = ANY(%s::uuid[]) AND ended_at IS NULL AND last_used_at < statement_timestamp() - interval '1 minute'
    FOR UPDATE SKIP LOCKED)
"""


@dataclass(frozen=True)
class Session:
    """A session as its locked row reads."""

    operator_id: int
    open: bool


class Admission:
    """The operators and sessions of a batch.

    locks:          the rows are locked until the transaction ends
    operators:      by id, the disabled ones too
    stale_sessions: the open ones whose last use was noted more than a minute ago
    """

    def __init__(
        self,
        tx: Transaction,
        requests: Sequence[Request],
        operations: Mapping[str, Operation],
        idle_seconds: float,
        *,
        locks: bool = True,
    ) -> None:
        self.operators: dict[int, Operator] = {}
        self.stale_sessions: set[str] = set()
        self._active: set[int] = set()
        self._sessions: dict[str, Session] = {}
        self._idle_seconds = idle_seconds
        self._session_lock = "FOR SHARE" if locks else ""
        if requests and not locks:
            self._read_operators(tx, {request.operator_id for request in requests}, "")
        elif requests:
            exclusive = {request.operator_id for request in requests if _locks_operator(request, operations)}
            shared = {request.operator_id for request in requests} - exclusive
            turns.alone(tx, exclusive)
            turns.together(tx, shared)
            self._read_operators(tx, exclusive, "FOR UPDATE")
            self._read_operators(tx, shared, "FOR SHARE")
        if requests:
            self._read_sessions(tx, {request.session_id for request in requests if request.session_id})

    def read_again(self, tx: Transaction, operator_ids: set[int]) -> None:
        """Heed what a task of the batch has changed of operators, for the tasks after it."""
        known = operator_ids & self.operators.keys()
        self._active -= known
        self._read_operators(tx, known, "FOR SHARE")
        self._read_sessions(tx, {id for id, session in self._sessions.items() if session.operator_id in known})

    def _read_operators(self, tx: Transaction, ids: set[int], strength: str) -> None:
        for row in tx.query(_OPERATORS + strength, (sorted(ids),)) if ids else ():
            self.operators[row["id"]] = Operator(row["id"], row["name"], Role(row["role"]), row["level"])
            if row["active"]:
                self._active.add(row["id"])

    def _read_sessions(self, tx: Transaction, ids: set[str]) -> None:
        for row in (
            tx.query(_SESSIONS + self._session_lock, (self._idle_seconds, uuid_array(sorted(ids)))) if ids else ()
        ):
            self._sessions[row["id"]] = Session(row["operator_id"], row["open"])
            if row["open"] and row["stale"]:
                self.stale_sessions.add(row["id"])

    def admit(self, request: Request, action: type[Action]) -> Operator:
        """The operator, who may do this action now.

        Raises ``Refusal``: ``operator_disabled`` (also when there is no such operator), ``login_required`` or
        ``not_permitted``.
        """
        operator = self.operators.get(request.operator_id)
        if operator is None or operator.id not in self._active:
            raise Refusal(Code.OPERATOR_DISABLED)
        session = self._sessions.get(request.session_id or "")
        if session is None or not session.open or session.operator_id != operator.id:
            raise Refusal(Code.LOGIN_REQUIRED)
        if operator.role not in action.roles:
            raise Refusal(Code.NOT_PERMITTED)
        return operator


def _locks_operator(request: Request, operations: Mapping[str, Operation]) -> bool:
    operation = operations.get(request.action)
    return operation is not None and operation.locks_operator and not request.refusal


def touch(tx: Transaction, sessions: set[str]) -> None:
    """Note that these sessions were used. One that is locked at the moment is left for its next task."""
    tx.execute(_TOUCH, (uuid_array(sorted(sessions)),))
