"""What is to be done with a submitted task: have it executed in one way or the other, or have its refusal stored."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, cast

import services.contracts.actions  # noqa: F401 - declares them
from services.contracts.action import Action, find_action
from services.contracts.errors import Code, Refusal
from services.contracts.tasks import Operation, OperatorState, Task, TaskError
from services.contracts.validation import parse_data


class FindOperator(Protocol):
    """Finds the operator of an id; None when nobody can tell. ``fresh``: not from memory."""

    def __call__(self, operator_id: int, *, fresh: bool = False) -> OperatorState | None: ...


IsSynchronous = Callable[[str], bool]
"""Whether the database tasks of a role are executed by call."""


@dataclass
class Plan:
    """What is to be done with some tasks.

    operations: to be requested, in their order; refused ones among them, since ``info`` stores every outcome
    reads:      to be requested of those in ``info`` who only read, so that no other task waits for them
    calls:      to be executed by call, in their order. An operator has one role, so none of theirs is among the others
    """

    operations: list[Operation] = field(default_factory=list)
    reads: list[Operation] = field(default_factory=list)
    calls: list[Task] = field(default_factory=list)


def plan(tasks: Sequence[Task], find: FindOperator, is_synchronous: IsSynchronous) -> Plan:
    """Decide what is to be done with submitted tasks."""
    made = Plan()
    for task in tasks:
        operator = find(task["operator_id"])
        refusal = _refusal_of(task, operator, find)
        if refusal is not None:
            made.operations.append({"task": task, "refusal": as_error(refusal)})
        elif find_action(task["action"]).reads:
            made.reads.append({"task": task})
        elif operator is not None and is_synchronous(operator["role"]):
            made.calls.append(task)
        else:
            made.operations.append({"task": task})
    return made


def as_error(refusal: Refusal) -> TaskError:
    """A refusal as a task's error."""
    return cast(TaskError, refusal.to_wire())


def _refusal_of(task: Task, operator: OperatorState | None, find: FindOperator) -> Refusal | None:
    try:
        action = find_action(task["action"])
        if action.session:
            # Login and logout are answered in place; as a task there is no such action.
            raise Refusal(Code.UNKNOWN_ACTION)
        if _forbidden(action, operator) and _forbidden(action, find(task["operator_id"], fresh=True)):
            raise Refusal(Code.NOT_PERMITTED)
        parse_data(action, task["data"])
    except Refusal as refusal:
        return refusal
    return None


def _forbidden(action: type[Action], operator: OperatorState | None) -> bool:
    """A refusal is for good, so memory alone is not enough for one: it may be older than a promotion."""
    return operator is not None and operator["role"] not in action.roles
