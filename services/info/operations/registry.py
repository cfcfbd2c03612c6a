"""Which function executes which action. A wrong declaration raises ``TypeError`` at import."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from services.contracts import actions
from services.contracts.action import ACTIONS, Action
from services.info.work import Work

Function = Callable[[Work, Any], dict[str, Any]]


@dataclass(frozen=True)
class Operation:
    """How an action is executed.

    locks_operator: tasks of one operator that do this run one after another, on all replicas (it counts
                    something of the operator's)
    """

    action: type[Action]
    function: Function
    locks_operator: bool


OPERATIONS: dict[str, Operation] = {}
"""Every operation by the name of its action."""


def operation(action: type[Action], *, locks_operator: bool = False) -> Callable[[Function], Function]:
    """Declare the function that executes ``action``: ``def verb_noun(work: Work, data: Verb.Data) -> dict``."""

    def declare(function: Function) -> Function:
        fault = _fault_of(action)
        if fault:
            raise TypeError(f"operation {function.__name__}: {fault}")
        OPERATIONS[action.name] = Operation(action, function, locks_operator)
        return function

    return declare


def _fault_of(action: type[Action]) -> str | None:
    if action not in ACTIONS.values():
        return f"{action!r} is not an action of {actions.__name__}"
    if action.session:
        return f"{action.name} opens or ends a session, and those have no operation"
    if action.name in OPERATIONS:
        return f"{action.name} already has {OPERATIONS[action.name].function.__name__}"
    return None


def check_complete() -> None:
    """Raise ``TypeError`` naming the actions that have no operation."""
    missing = sorted(name for name, action in ACTIONS.items() if not action.session and name not in OPERATIONS)
    if missing:
        raise TypeError(
            f"no operation for {', '.join(missing)}: write it in services/info/operations/ (docs/adding-an-action.md)"
        )
