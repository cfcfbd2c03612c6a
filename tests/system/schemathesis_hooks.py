"""What schemathesis has to know of an operator: read by it (``SCHEMATHESIS_HOOKS``), not by pytest.

``OPERATOR_TOKEN`` and ``OPERATOR_NAME`` say whose requests they are; without them they are nobody's.
"""

import os
from typing import Any

import requests
import schemathesis

AT_WORK = (1, 2, 3, 4, 5)
"""The ids of the demo's operators: nobody of these is disabled, demoted or given another token while they work."""

SPARE = 6
"""The id of one whom that may happen to."""

MANAGING = ("change_operator", "disable_operator", "rotate_operator")

TOKEN = os.environ.get("OPERATOR_TOKEN")
NAME = os.environ.get("OPERATOR_NAME")


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """A body states the operator's own token, since a made-up one would contradict the header's, and is no harm to
    those who work."""
    if TOKEN and isinstance(case.body, dict) and isinstance(case.body.get("token"), str):
        case.body["token"] = TOKEN
    task = case.body.get("task") if isinstance(case.body, dict) else None
    data = task.get("data") if isinstance(task, dict) and task.get("action") in MANAGING else None
    if isinstance(data, dict) and data.get("id") in AT_WORK:
        data["id"] = SPARE


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    """Whoever was logged out is logged in again, so that what comes next is tested too."""
    task = case.body.get("task") if isinstance(case.body, dict) else None
    if TOKEN and isinstance(task, dict) and task.get("action") == "logout" and response.status_code == 200:
        login = {"token": TOKEN, "task": {"action": "login", "name": NAME}}
        requests.post(f"{case.operation.base_url}/api/v1", json=login, timeout=10).raise_for_status()
