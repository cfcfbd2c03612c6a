"""A task and its parts as they travel between the services and to clients: typed JSON."""

from datetime import UTC, datetime
from typing import Any, Literal, NotRequired, TypedDict

from services.contracts.task_ids import new_task_id

Status = Literal["accepted", "succeeded", "failed"]


class Identity(TypedDict):
    """An authenticated operator, as ``users`` tells it to the gateway and to ``tasks``.

    ``session`` is the id of the open session, or None before a login. It is known to the services alone and
    never answered to a client: a task takes effect only while the session it names is open.
    """

    id: int
    name: str
    role: str
    level: int
    session: str | None


class Rights(TypedDict):
    """What an enabled operator may see now. ``session``: the id of the open session, or None."""

    id: int
    role: str
    level: int
    session: str | None


class OperatorState(TypedDict):
    """An operator as the services know it between each other. Disabled: ``active`` is false."""

    id: int
    name: str
    role: str
    level: int
    active: bool


class Task(TypedDict):
    """A task on its way: what one operator asked for, in one session.

    id:           UUIDv7
    data:         canonical (see ``services.contracts.action.canonical``)
    submitted_at: ISO 8601, UTC
    recorded:     it stands in the database already (an idempotency key, or the embedded mode)
    replay_of:    the task that this one replays out of the dead letters
    """

    id: str
    action: str
    data: dict[str, Any]
    operator_id: int
    session: str
    submitted_at: str
    recorded: NotRequired[bool]
    replay_of: NotRequired[str]


class TaskError(TypedDict):
    """Why a task failed (``Refusal.to_wire``). The gateway adds ``message`` in the reader's language."""

    code: str
    number: int
    params: dict[str, Any]


class OperatorName(TypedDict):
    """Who a task belongs to."""

    id: int
    name: str
    role: str


class Outcome(TypedDict):
    """A finished task, exactly as it is stored and shown; never changed afterwards.

    result_bytes: the size of a result that is larger than results may be, and is left out; ``backoffice result`` has it
    """

    id: str
    action: str
    status: Status
    operator: OperatorName
    data: dict[str, Any]
    submitted_at: str
    finished_at: str
    result: dict[str, Any] | None
    error: TaskError | None
    result_bytes: NotRequired[int]


class DeadLetter(TypedDict):
    """A message that was set aside, kept for an operator.

    body: as text when it is UTF-8, else base64 with ``encoding: base64``
    """

    queue: str
    reason: str
    body: str
    encoding: Literal["utf-8", "base64"]


class Operation(TypedDict):
    """What ``tasks`` asks of ``info`` for one task.

    task:        None only for a dead letter that holds no readable task
    refusal:     ``tasks`` refused it; ``info`` stores that as its outcome, unless there is one
    dead_letter: keep this message for an operator, in the same transaction
    """

    task: Task | None
    refusal: NotRequired[TaskError]
    dead_letter: NotRequired[DeadLetter]


ChangeEvent = Literal["created", "claimed", "released", "escalated", "answered", "replied", "decided"]


class ItemState(TypedDict):
    """What the live desk shows of an item.

    The members that may be absent were added later: what an older release has stored or said lacks them.

    text: the beginning of what it is about; null for a transfer, which has an amount and a currency instead
    waiting: it was answered and waits for its customer, until the time ``waiting_until`` at the latest if there is one
    """

    type: str
    id: int
    level: int
    status: str
    version: int
    claimed_by: str | None
    claimed_until: str | None
    cid: NotRequired[int]
    customer_name: NotRequired[str]
    text: NotRequired[str | None]
    amount: NotRequired[str | None]
    currency: NotRequired[str | None]
    created_at: NotRequired[str]
    created_by: NotRequired[str]
    created_by_id: NotRequired[int]
    claimed_by_id: NotRequired[int | None]
    decided_by: NotRequired[str | None]
    decided_by_id: NotRequired[int | None]
    waiting: NotRequired[bool]
    waiting_until: NotRequired[str | None]


class ItemChange(TypedDict):
    """A change of an item that has committed. ``level_before`` differs from the item's after an escalation."""

    event: ChangeEvent
    item: ItemState
    level_before: int
    created_at: str


class OperatorChange(TypedDict):
    """An operator or a session changed: whatever was remembered of this operator is void.

    ended: the operator's sessions ended (logout, revocation): their connections are to be closed
    """

    id: int
    ended: bool


def utc_text(moment: datetime) -> str:
    """A time as everything shows it: ISO 8601 in UTC with microseconds, ``2026-11-24T14:50:56.123456Z``."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def now_text() -> str:
    """Now, as ``utc_text``."""
    return utc_text(datetime.now(UTC))


def new_task(identity: Identity, action: str, data: dict[str, Any]) -> Task:
    """A task of this operator, in the session that is open, submitted now."""
    return Task(
        id=new_task_id(),
        action=action,
        data=data,
        operator_id=identity["id"],
        session=identity["session"] or "",
        submitted_at=now_text(),
    )
