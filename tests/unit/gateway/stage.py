"""A gateway among fakes: who works there, and what the other services answer."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import Mock

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from services.contracts.errors import Code, Refusal
from services.contracts.task_ids import new_task_id
from services.contracts.tasks import Identity, Outcome, Rights, Task, now_text
from services.contracts.tokens import presented_hash
from services.gateway.app import create_app
from services.gateway.gateway import Gateway
from services.gateway.problems import server_problem
from services.runtime.http.server import HttpServer
from services.runtime.messaging.envelopes import to_json
from services.runtime.settings import Settings
from services.runtime.telemetry.monitoring import Monitoring
from tests.unit.fakes import FakeService, FakeSpeaker

ALICE: Identity = {"id": 1, "name": "Alice", "role": "Admin", "level": 1, "session": "alices"}
BOB: Identity = {"id": 2, "name": "Bob", "role": "Compliance", "level": 1, "session": "bobs"}
CAROL: Identity = {"id": 3, "name": "Carol", "role": "Compliance", "level": 2, "session": "carols"}
DAVE: Identity = {"id": 4, "name": "Dave", "role": "Service", "level": 1, "session": None}
CUSTOMER = {
    "id": 7,
    "name": "Grace Hopper",
    "created_at": "2026-11-24T14:50:56.123456Z",
    "created_by": "Alice",
    "created_by_id": 1,
}
TOKENS = {"12qw": ALICE, "34er": BOB, "56ty": CAROL, "78ui": DAVE}


def outcome(
    task_id: str | None = None,
    operator: Identity = ALICE,
    action: str = "create_customer",
    error: dict[str, Any] | None = None,
) -> Outcome:
    """A finished task."""
    return {
        "id": task_id or new_task_id(),
        "action": action,
        "status": "failed" if error else "succeeded",
        "operator": {"id": operator["id"], "name": operator["name"], "role": operator["role"]},
        "data": {"name": "Grace Hopper"},
        "submitted_at": now_text(),
        "finished_at": now_text(),
        "result": None if error else {"customer": CUSTOMER},
        "error": error,  # type: ignore[typeddict-item]
    }


def accepted(task_id: str) -> dict[str, Any]:
    """A task that is not recorded yet."""
    members = ("action", "operator", "data", "submitted_at", "finished_at", "result", "error")
    return {"id": task_id, "status": "accepted", **dict.fromkeys(members)}


def missed(*outcomes: Outcome, next_cursor: str | None = None) -> dict[str, Any]:
    """A page of what was missed, as ``tasks`` answers it."""
    return {"outcomes": list(outcomes), "next_cursor": next_cursor}


@dataclass
class Stage:
    """The gateway, its fakes, and a client."""

    settings: Settings = field(default_factory=lambda: Settings(amqp_uri="amqp://broker", http_port=0))
    identities: dict[str, Identity] = field(
        default_factory=lambda: {presented_hash(token): identity for token, identity in TOKENS.items()}
    )
    broker_connected: bool = True
    console: Path = Path("not built")

    def __post_init__(self) -> None:
        self.events = FakeSpeaker()
        self.users = FakeService(
            identify=self._identify,
            login=self._login,
            logout=self._logout,
            authenticate=Refusal("not_authenticated"),
            rights=self._rights,
        )
        self.tasks = FakeService(
            accept=lambda task, key, fingerprint: {"id": task["id"], "submitted_at": task["submitted_at"]},
            task_of=lambda operator_id, task_id: accepted(task_id),
            tasks_of=lambda operator_id, limit, cursor, status, reads=None: {"tasks": [], "next_cursor": None},
            finished_since=lambda operator_id, task_id, cursor: missed(),
            get=Refusal(Code.NOT_AUTHENTICATED),
        )
        self.monitoring = Monitoring()
        self.gateway = Gateway(
            self.settings, self.events, self.users, self.tasks, self.monitoring, lambda: self.broker_connected
        )
        self.app = create_app(self.gateway, self.console)
        self.client: FlaskClient = self.app.test_client()

    def _identify(self, digest: str) -> Identity:
        if digest not in self.identities:
            raise Refusal(Code.NOT_AUTHENTICATED)
        return self.identities[digest]

    def _rights(self, operator_ids: list[int]) -> list[Rights]:
        known = [identity for identity in self.identities.values() if identity["id"] in operator_ids]
        return [
            Rights(id=each["id"], role=each["role"], level=each["level"], session=each["session"]) for each in known
        ]

    def _login(self, name: str, digest: str, task_id: str, submitted_at: str, key: str | None) -> dict[str, Any]:
        identity = self.identities.get(digest)
        if identity is None or identity["name"] != name:
            raise Refusal(Code.NOT_AUTHENTICATED)
        self.identities[digest] = identity = {**identity, "session": "new"}
        return {"outcome": outcome(task_id, identity, "login"), "identity": identity}

    def _logout(self, identity: Identity, task_id: str, submitted_at: str, key: str | None) -> Outcome:
        return outcome(task_id, identity, "logout")

    def post(self, body: Any, headers: dict[str, str] | None = None) -> TestResponse:
        """Submit ``body``: bytes as they are, else as JSON."""
        data = body if isinstance(body, bytes) else to_json(body)
        return self.client.post("/api/v1", data=data, headers={"Content-Type": "application/json", **(headers or {})})

    def submit(
        self, action: str = "create_customer", data: Any = None, token: str = "12qw", **headers: str
    ) -> TestResponse:
        """Submit a task; ``headers`` with underscores for hyphens."""
        task = {"action": action, "data": {"name": "Grace Hopper"} if data is None else data}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.post({"token": token, "task": task}, named)

    def get(self, path: str, token: str | None = "12qw", **headers: str) -> TestResponse:
        """Read something."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        bearer = {} if token is None else {"Authorization": f"Bearer {token}"}
        return self.client.get(path, headers={**bearer, **named})

    def answer_published(self, answer: Callable[[Task], Outcome]) -> None:
        """Have every task finished the moment it is published, before the publisher hears of it."""
        say = self.events.say

        def say_and_finish(event: Any, entries: Any) -> None:
            say(event, entries)
            self.gateway.tasks_finished([answer(task) for task in entries])

        self.events.say = say_and_finish  # type: ignore[method-assign]

    @contextmanager
    def serving(self) -> Iterator[int]:
        """A real server; its port."""
        container = Mock(config={"settings": self.settings}, shared_extensions={})
        server = HttpServer().bind(container)
        server.serve(self.app, server_problem)
        try:
            yield server.port
        finally:
            self.gateway.drain()
            server.drain(3)


def refused(response: TestResponse) -> tuple[int, str]:
    """Status and code of a problem, which is checked to be one."""
    assert response.content_type == "application/problem+json"
    body = response.get_json()
    assert body["status"] == response.status_code
    assert body["type"] == f"/errors/{body['code']}"
    return response.status_code, body["code"]


def faults(response: TestResponse) -> dict[str, str]:
    """The messages of an ``invalid_request`` by path."""
    assert refused(response) == (422, "invalid_request")
    return {entry["path"]: entry["message"] for entry in response.get_json()["errors"]}
