"""How a task reads for its operator, recorded or not."""

from collections.abc import Mapping
from typing import Any

from services.contracts.errors import Code, Refusal
from services.contracts.task_ids import is_task_id, may_be_accepted
from services.contracts.validation import Fault, Invalid, fault, storable_faults

STATUSES = ("accepted", "succeeded", "failed")
MOST_TASKS = 200
LONGEST_CURSOR = 200


def check_task_id(task_id: Any) -> str:
    """The id. Raises ``Refusal`` (``not_found``) for what is no task's id."""
    if not is_task_id(task_id):
        raise Refusal(Code.NOT_FOUND)
    return str(task_id)


def shown(task_id: str, recorded: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The task as recorded. One that is not recorded may still be on its way: then it reads as accepted, and nothing
    else is known of it. Raises ``Refusal`` (``not_found``) when it is too old for that."""
    if recorded is not None:
        return recorded
    if not may_be_accepted(task_id):
        raise Refusal(Code.NOT_FOUND)
    return {
        "id": task_id,
        "action": None,
        "status": "accepted",
        "operator": None,
        "data": None,
        "submitted_at": None,
        "finished_at": None,
        "result": None,
        "error": None,
    }


def check_page(limit: Any, cursor: Any, status: Any) -> None:
    """Raises ``Invalid`` with every fault of what a page of tasks is asked by."""
    faults: list[Fault] = []
    if not isinstance(limit, int) or isinstance(limit, bool):
        faults.append(fault("int_type", "limit"))
    elif limit < 1:
        faults.append(fault("greater_than_equal", "limit", ge=1))
    elif limit > MOST_TASKS:
        faults.append(fault("less_than_equal", "limit", le=MOST_TASKS))
    if cursor is not None and (not isinstance(cursor, str) or not 0 < len(cursor) <= LONGEST_CURSOR):
        faults.append(fault("invalid", "cursor"))
    faults += storable_faults(cursor, "cursor")
    if status is not None and status not in STATUSES:
        faults.append(fault("invalid", "status"))
    if faults:
        raise Invalid(faults)
