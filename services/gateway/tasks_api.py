"""Reading tasks: one by its id, and an operator's own, newest first."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Request, Response

from services.contracts.errors import Code, Refusal
from services.contracts.task_ids import is_task_id
from services.contracts.tasks import Identity
from services.contracts.tokens import presented_hash
from services.contracts.validation import Fault, Invalid, fault
from services.gateway.answers import json_answer, reader_language
from services.gateway.credentials import bearer_token
from services.gateway.identities import Identities
from services.gateway.ports import RemoteService
from services.gateway.preferences import applied, wait_seconds
from services.gateway.presentation import shown_task
from services.gateway.waiters import Waiters

STATUSES = ("accepted", "succeeded", "failed")
DEFAULT_LIMIT = 50
MOST_TASKS = 200
CURSOR = "[A-Za-z0-9_-]{21}[AQgw]"
"""The form of a ``next_cursor``: 16 bytes in base64url."""

_CURSOR = re.compile(CURSOR)

READS = {"true": True, "false": False}

_QUERY = ("limit", "cursor", "status", "reads")

READ_SECONDS = 3.0
"""How long ``tasks`` may take to read: with the time to identify the caller, five seconds."""


@dataclass(frozen=True)
class TaskReader:
    """Reads tasks by way of ``tasks``."""

    tasks: RemoteService
    waiters: Waiters

    def read(self, operator_id: int, task_id: str, wait: int | None) -> Mapping[str, Any]:
        """The task, finished if it finishes within ``wait`` seconds. Raises ``Refusal`` or ``Unavailable``."""
        if wait is None:
            return self._now(operator_id, task_id)
        with self.waiters.waiting(task_id, operator_id) as waiter:
            task = self._now(operator_id, task_id)
            if task["status"] != "accepted":
                return task
            return waiter.wait(wait) or task

    def _now(self, operator_id: int, task_id: str) -> Mapping[str, Any]:
        task: Mapping[str, Any] = self.tasks.call("task_of", operator_id, task_id, timeout=READ_SECONDS)
        return task


@dataclass(frozen=True)
class TasksApi:
    """``GET /api/v1/tasks`` and ``GET /api/v1/tasks/{id}``."""

    identities: Identities
    reader: TaskReader

    def get(self, request: Request, task_id: str) -> Response:
        """One task."""
        identity = self._caller(request)
        if not is_task_id(task_id):
            raise Refusal(Code.NOT_FOUND)
        wait = wait_seconds(request.headers.get("Prefer"))
        task = self.reader.read(identity["id"], task_id, wait)
        return json_answer({"task": shown_task(task, reader_language(request))}, 200, applied(wait))

    def list(self, request: Request) -> Response:
        """The caller's own tasks, a page of them."""
        identity = self._caller(request)
        page = self.reader.tasks.call("tasks_of", identity["id"], *_page(request), timeout=READ_SECONDS)
        language = reader_language(request)
        tasks = [shown_task(task, language) for task in page["tasks"]]
        return json_answer({"tasks": tasks, "next_cursor": page["next_cursor"]})

    def _caller(self, request: Request) -> Identity:
        token = bearer_token(request)
        if token is None:
            raise Refusal(Code.NOT_AUTHENTICATED)
        return self.identities.logged_in(presented_hash(token))


def _page(request: Request) -> tuple[Any, ...]:
    """``limit``, ``cursor`` and ``status`` of the query, and ``reads`` if it is stated. Raises ``Invalid``."""
    faults = [fault("extra_forbidden", f"query.{name}") for name in request.args if name not in _QUERY]
    limit = _limit(request.args.get("limit"), faults)
    cursor = request.args.get("cursor")
    if cursor is not None and not _CURSOR.fullmatch(cursor):
        faults.append(fault("invalid", "query.cursor"))
    status = request.args.get("status")
    if status is not None and status not in STATUSES:
        faults.append(fault("invalid", "query.status"))
    reads = request.args.get("reads")
    if reads is not None and reads not in READS:
        faults.append(fault("bool_type", "query.reads"))
    faults += [fault("conflict", f"query.{name}") for name in _QUERY if len(set(request.args.getlist(name))) > 1]
    if faults:
        raise Invalid(faults)
    return (limit, cursor, status) if reads is None else (limit, cursor, status, READS[reads])


def _limit(text: str | None, faults: list[Fault]) -> int:
    if text is None:
        return DEFAULT_LIMIT
    if not text.isascii() or not text.isdigit():
        faults.append(fault("int_type", "query.limit"))
    elif int(text[:10]) < 1:
        faults.append(fault("greater_than_equal", "query.limit", ge=1))
    elif len(text) > 9 or int(text) > MOST_TASKS:
        faults.append(fault("less_than_equal", "query.limit", le=MOST_TASKS))
    else:
        return int(text)
    return DEFAULT_LIMIT
