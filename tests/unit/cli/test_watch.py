"""``backoffice watch``: what it asks for when it comes back, and what it shows."""

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pytest
import simple_websocket

from services.cli import watch
from services.cli.watch import Watching
from services.contracts.task_ids import is_task_id, new_task_id

READY = {"type": "ready", "operator": {"id": 1, "name": "Alice", "role": "Admin", "level": 1}}


class Socket:
    """A connection on which the server says these messages and is gone."""

    def __init__(self, messages: list[Any]) -> None:
        self.hello: dict[str, Any] = {}
        self._messages: Iterator[Any] = iter(messages)

    def send(self, text: str) -> None:
        """What the client says first."""
        self.hello = json.loads(text)

    def receive(self) -> str:
        """The next message."""
        for message in self._messages:
            return json.dumps(message)
        raise simple_websocket.ConnectionClosed(1012)


@pytest.fixture
def watching(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Watch servers that say this, one connection after the other: what is shown, and the sockets."""
    monkeypatch.setattr(watch, "FIRST_PAUSE", 0.0)

    def begin(*connections: list[Any]) -> tuple[Iterator[Any], list[Socket]]:
        sockets = [Socket(messages) for messages in connections]
        coming = iter(sockets)
        monkeypatch.setattr(simple_websocket.Client, "connect", lambda *_, **__: next(coming))
        return iter(Watching("http://127.0.0.1:1", "12qw", "en", None)), sockets

    return begin


def task() -> dict[str, Any]:
    """The message of an outcome."""
    return {"type": "task", "task": {"id": new_task_id()}}


def test_what_is_told_again_after_a_reconnection_is_shown_once(watching: Any) -> None:
    first, second, third = task(), task(), task()
    shown, sockets = watching([READY, first, second], [READY, first, second, third], [READY, second])

    assert list(islice(shown, 4)) == [READY, first, second, third]
    assert sockets[0].hello["since"] is None
    assert sockets[1].hello["since"] == second["task"]["id"]


def test_a_connection_that_is_lost_before_the_first_outcome_asks_for_what_ended_since_it_was_ready(
    watching: Any,
) -> None:
    began, missed = new_task_id(), task()
    shown, sockets = watching([READY], [READY, missed])

    assert list(islice(shown, 2)) == [READY, missed]
    assert sockets[0].hello["since"] is None
    assert is_task_id(sockets[1].hello["since"])
    assert began[:13] <= sockets[1].hello["since"][:13] <= new_task_id()[:13]  # the millisecond
