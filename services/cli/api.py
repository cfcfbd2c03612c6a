"""The HTTP interface as the commands use it."""

import json
import time
from collections.abc import Mapping
from typing import Any

import requests

from services.cli.program import Fault
from services.contracts.actions import Login

LONGEST_WAIT = 60
"""The most seconds that one request may wait for an outcome (the interface's own cap)."""

ANSWER_SECONDS = 15.0


class Problem(Fault):
    """The server refused a request; its sentence, and one for each fault."""

    def __init__(self, body: Mapping[str, Any], status: int) -> None:
        self.code = str(body.get("code", status))
        faults = [f"\n  {fault.get('path')} {fault.get('message')}" for fault in body.get("errors") or []]
        super().__init__(f"{body.get('detail', 'The server refused.')} ({self.code}){''.join(faults)}")


class Api:
    """One operator's access. Raises ``Problem`` when a request is refused and ``Fault`` when nothing answers."""

    def __init__(self, url: str, token: str, language: str = "en") -> None:
        self._url = url.rstrip("/")
        self._session = requests.Session()
        self._session.headers.update({"Authorization": f"Bearer {token}", "Accept-Language": language})

    def login(self, name: str) -> dict[str, Any]:
        """Open a session; the finished task."""
        return self.submit(Login.name, {"name": name}, 0)

    def submit(self, action: str, data: Mapping[str, Any], wait: int) -> dict[str, Any]:
        """Submit a task and wait up to ``wait`` seconds for its outcome; finished or accepted."""
        body = {"task": {"action": action, "data": dict(data)}}
        give_up = time.monotonic() + wait
        task = self._ask("POST", "/api/v1", _pause(wait), data=json.dumps(body))
        while task["status"] == "accepted" and (left := int(give_up - time.monotonic())) > 0:
            task = self._ask("GET", f"/api/v1/tasks/{task['id']}", _pause(left))
        return task

    def _ask(self, method: str, path: str, wait: int, **options: Any) -> dict[str, Any]:
        headers = {"Content-Type": "application/json"}
        if wait:
            headers["Prefer"] = f"wait={wait}"
        try:
            answer = self._session.request(
                method, self._url + path, headers=headers, timeout=wait + ANSWER_SECONDS, **options
            )
            body = answer.json()
        except (requests.RequestException, ValueError) as error:
            raise Fault(f"Nothing that answers as Backoffice is at {self._url} ({type(error).__name__}).") from None
        if not answer.ok:
            raise Problem(body, answer.status_code)
        task: dict[str, Any] = body["task"]
        return task


def _pause(seconds: int) -> int:
    return min(seconds, LONGEST_WAIT)
