"""What ``tasks`` asks, checked so far that it can be stored: nothing that comes in a message is trusted."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from services.contracts.errors import Code, Refusal
from services.contracts.sizes import LARGEST_DATA, size_of
from services.contracts.task_ids import is_task_id
from services.contracts.tasks import DeadLetter, Operation, Task, TaskError, utc_text
from services.contracts.validation import Fault, Invalid, fault, storable_faults
from services.contracts.values import LARGEST_INTEGER

LONGEST_NAME = 200
"""Characters of an action's name, known or not."""


class Malformed(ValueError):
    """The message holds no task that could be stored; it belongs to the dead letters."""


@dataclass(frozen=True)
class Request:
    """One task to execute, or to end as refused.

    session_id: None when the message names none that could exist
    refusal:    its outcome, decided without executing it
    """

    id: str
    action: str
    data: dict[str, Any]
    operator_id: int
    session_id: str | None
    submitted_at: str
    replay_of: str | None = None
    refusal: TaskError | None = None


@dataclass(frozen=True)
class Asked:
    """One entry of a message: a task, a message to keep for an operator, or both."""

    request: Request | None
    dead_letter: DeadLetter | None


def read(operation: Operation) -> Asked:
    """Raises ``Malformed``, unless there is a dead letter: that is kept even when its task cannot be."""
    dead_letter = operation.get("dead_letter")
    task = operation.get("task")
    try:
        request = None if task is None and dead_letter else request_of(task)
    except Malformed:
        if dead_letter is None:
            raise
        request = None
    if request and operation.get("refusal"):
        request = replace(request, refusal=_refusal(operation["refusal"], request.id))
    return Asked(request, dead_letter)


def request_of(task: Task | None) -> Request:
    """The task, checked. Data that cannot be stored is left out, and refused. Raises ``Malformed``."""
    try:
        if task is None or not is_task_id(task["id"]):
            raise Malformed("no task id")
        faults = storable_faults(task["data"], "task.data") or _size_faults(task["data"])
        return Request(
            id=task["id"],
            action=_text(task["action"]),
            data={} if faults else _data(task["data"]),
            operator_id=_operator_id(task["operator_id"]),
            session_id=uuid_or_none(task["session"]),
            submitted_at=utc_text(datetime.fromisoformat(task["submitted_at"])),
            replay_of=uuid_or_none(task.get("replay_of")),
            refusal=as_error(Invalid(faults)) if faults else None,
        )
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise Malformed(f"not a task: {error!r}") from error


def _size_faults(data: Any) -> list[Fault]:
    return [fault("too_many_bytes", "task.data", max_bytes=LARGEST_DATA)] if size_of(data) > LARGEST_DATA else []


def uuid_or_none(value: Any) -> str | None:
    """The value when it is a UUID in its canonical form."""
    try:
        return value if isinstance(value, str) and str(UUID(value)) == value else None
    except ValueError:
        return None


def _text(value: Any) -> str:
    if not isinstance(value, str) or "\0" in value or not value.isascii() or len(value) > LONGEST_NAME:
        raise Malformed("the action is no name")
    return value


def _data(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Malformed("the data is no object")
    json.dumps(value, allow_nan=False)
    return value


def _operator_id(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > LARGEST_INTEGER:
        raise Malformed("the operator has no id")
    return value


def _refusal(error: TaskError, task_id: str) -> TaskError:
    """The refusal as the catalogue has it; what it does not know is ``internal_error``."""
    if not isinstance(error, Mapping):
        raise Malformed("the refusal is no error")
    code, params = error.get("code"), error.get("params")
    if not isinstance(code, str) or code not in set(Code) or code == Code.INTERNAL_ERROR:
        return internal_error(task_id)
    storable = isinstance(params, Mapping) and not storable_faults(params) and size_of(params) <= LARGEST_DATA
    return as_error(Refusal(code, params if storable else {}))


def internal_error(task_id: str) -> TaskError:
    """What ends a task through no fault of its operator's."""
    return as_error(Refusal(Code.INTERNAL_ERROR, {"task_id": task_id}))


def as_error(refusal: Refusal) -> TaskError:
    """A refusal as a task's error."""
    wire = refusal.to_wire()
    return {"code": wire["code"], "number": wire["number"], "params": wire["params"]}
