"""The HTTP interface as the commands use it."""

import json
import time
from collections.abc import Mapping
from typing import Any

import requests
from urllib3.exceptions import NewConnectionError

from services.cli.program import Fault
from services.contracts.actions import Login
from services.contracts.errors import Code

LONGEST_WAIT = 60
"""The most seconds that one request may wait for an outcome (the interface's own cap)."""

ANSWER_SECONDS = 15.0


class Problem(Fault):
    """The server refused a request, which has no effect; its sentence, and one for each fault."""

    def __init__(self, body: Mapping[str, Any], status: int) -> None:
        self.code = str(body.get("code", status))
        self.params: Mapping[str, Any] = body.get("params") or {}
        faults = [f"\n  {fault.get('path')} {fault.get('message')}" for fault in body.get("errors") or []]
        super().__init__(f"{body.get('detail', 'The server refused.')} ({self.code}){''.join(faults)}")


class Unknown(Fault):
    """The outcome of a task is not known: it may have taken effect, or may take effect later. The exit code is 3."""

    exit_code = 3


class NoAnswer(Exception):
    """A request got no answer that can be read.

    sent: the server may have received the request
    """

    def __init__(self, sentence: str, *, sent: bool) -> None:
        self.sent = sent
        super().__init__(sentence)


class Api:
    """One operator's access.

    token:  the access token; nothing in the environment replaces it (no netrc file, no proxy)
    cacert: a file of certificates that the server's is checked against, instead of those of well-known authorities
    """

    def __init__(self, url: str, token: str, language: str = "en", cacert: str | None = None) -> None:
        self._url = url.rstrip("/")
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = cacert or True
        self._session.headers.update({"Authorization": f"Bearer {token}", "Accept-Language": language})

    def login(self, name: str) -> dict[str, Any]:
        """Open a session; the finished task."""
        return self.submit(Login.name, {"name": name}, 0)

    def submit(self, action: str, data: Mapping[str, Any], wait: int, key: str | None = None) -> dict[str, Any]:
        """Submit a task and wait up to ``wait`` seconds for its outcome; returns it finished or accepted.

        key: the idempotency key, with which the same submission may be repeated

        Raises ``Problem`` when it is refused, ``Fault`` when it cannot have reached the server, and ``Unknown`` when
        it may have been accepted or its outcome cannot be read.
        """
        give_up = time.monotonic() + wait
        task = self._accepted({"task": {"action": action, "data": dict(data)}}, give_up, key)
        while task["status"] == "accepted" and (left := int(give_up - time.monotonic())) > 0:
            task = self._read(task["id"], left)
        return task

    def _accepted(self, body: Mapping[str, Any], give_up: float, key: str | None) -> dict[str, Any]:
        headers = {"Content-Type": "application/json"} | ({"Idempotency-Key": key} if key else {})
        while True:
            wait = max(0, round(give_up - time.monotonic()))
            try:
                return self._request("POST", "/api/v1", wait, headers, json.dumps(body))
            except NoAnswer as error:
                raise (Unknown if error.sent else Fault)(f"{error}{_ADVICE if error.sent else ''}") from None
            except Problem as problem:
                if problem.params.get("accepted") == "unknown":
                    raise Unknown(f"{problem.message} The task is {problem.params.get('task_id')}.{_ADVICE}") from None
                pause = problem.params.get("retry_after", 1) if problem.code == Code.TOO_MANY_REQUESTS else None
                if pause is None or time.monotonic() + pause > give_up:
                    raise
                time.sleep(pause)

    def _read(self, task_id: str, wait: int) -> dict[str, Any]:
        try:
            return self._request("GET", f"/api/v1/tasks/{task_id}", wait, {}, None)
        except (NoAnswer, Problem) as error:
            raise Unknown(f"Task {task_id} was accepted, but its outcome cannot be read. {error}") from None

    def _request(
        self, method: str, path: str, wait: int, headers: Mapping[str, str], body: str | None
    ) -> dict[str, Any]:
        pause = min(wait, LONGEST_WAIT)
        prefer = {"Prefer": f"wait={pause}"} if pause else {}
        try:
            answer = self._session.request(
                method,
                self._url + path,
                headers={**headers, **prefer},
                data=body,
                timeout=pause + ANSWER_SECONDS,
                allow_redirects=False,
            )
            content = answer.json()
            if answer.ok:
                task: dict[str, Any] = content["task"]
                return task
        except (requests.RequestException, ValueError, LookupError, TypeError) as error:
            sentence = f"Nothing that answers as Backoffice is at {self._url} ({type(error).__name__})."
            raise NoAnswer(sentence, sent=_was_sent(error)) from None
        raise Problem(content if isinstance(content, dict) else {}, answer.status_code)


_ADVICE = " It may have been accepted all the same. To repeat it safely, use --key."


def _was_sent(error: Exception) -> bool:
    """False when there was no connection on which the request could have been sent."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return not isinstance(error, requests.exceptions.SSLError | requests.exceptions.InvalidURL) and not isinstance(
        reason, NewConnectionError
    )
