"""Tasks, operators and outcomes to test with."""

from typing import Any

from services.contracts.task_ids import new_task_id
from services.contracts.tasks import Identity, OperatorState, Outcome, Task

SESSION = "6f9619ff-8b86-4d01-b42d-00c04fc964ff"


def a_task(action: str = "create_transfer", operator_id: int = 1, **data: Any) -> Task:
    return {
        "id": new_task_id(),
        "action": action,
        "data": data or {"cid": 1, "amount": "250.00"},
        "operator_id": operator_id,
        "session": SESSION,
        "submitted_at": "2026-11-24T14:50:56.123456Z",
    }


def an_operator(operator_id: int = 1, role: str = "Admin", *, active: bool = True) -> OperatorState:
    return {"id": operator_id, "name": "Alice", "role": role, "level": 1, "active": active}


def an_identity(role: str = "Admin", session: str | None = SESSION) -> Identity:
    return {"id": 1, "name": "Alice", "role": role, "level": 1, "session": session}


def an_outcome(task: Task) -> Outcome:
    return {
        "id": task["id"],
        "action": task["action"],
        "status": "succeeded",
        "operator": {"id": task["operator_id"], "name": "Alice", "role": "Admin"},
        "data": task["data"],
        "submitted_at": task["submitted_at"],
        "finished_at": "2026-11-24T14:50:56.200000Z",
        "result": {"transfer": {"id": 7}},
        "error": None,
    }
