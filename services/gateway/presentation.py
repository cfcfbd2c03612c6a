"""Tasks as their reader sees them: with messages in the reader's language."""

from collections.abc import Mapping
from typing import Any

from services.contracts.languages import error_message
from services.gateway.problems import fault_entries


def accepted_task(task_id: str, action: str, submitted_at: str) -> dict[str, Any]:
    """The answer to a submission."""
    return {"task": {"id": task_id, "action": action, "status": "accepted", "submitted_at": submitted_at}}


def shown_task(task: Mapping[str, Any], language: str) -> dict[str, Any]:
    """A task with its error, if it has one, in words."""
    error = task["error"]
    return {**task, "error": error and _shown_error(error, language)}


def _shown_error(error: Mapping[str, Any], language: str) -> dict[str, Any]:
    """The faults of an ``invalid_request`` are told as a request's are, in ``params.errors``."""
    params = dict(error["params"])
    if "faults" in params:
        params["errors"] = fault_entries(params, language)
        del params["faults"]
    return {
        "code": error["code"],
        "number": error["number"],
        "message": error_message(error["code"], params, language),
        "params": params,
    }
