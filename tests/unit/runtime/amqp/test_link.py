"""A link while RabbitMQ is away, and one whose connections are lost."""

from typing import Any

import amqp
import eventlet
import pytest

from services.runtime.amqp import link as module
from services.runtime.amqp.link import Link


@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.5])
def test_it_stops_though_there_was_never_a_connection(seconds: float) -> None:
    link = Link("amqp://guest:guest@127.0.0.1:1//", "test", lambda connection: None, lambda error: None)
    link.start()
    eventlet.sleep(seconds)

    with eventlet.Timeout(8):
        link.stop()

    assert not link.ready


class Lost(Link):
    """Three connections, each of which RabbitMQ closes with ``failure`` after ``life`` seconds."""

    def __init__(self, life: float, failure: Exception, **options: Any) -> None:
        self._now = 0.0
        self._life = life
        self._failure = failure
        self.connections = 0
        super().__init__("", "test", lambda connection: None, lambda error: None, clock=lambda: self._now, **options)

    def _connect(self) -> None:
        self.connections += 1
        self._watcher = eventlet.spawn(eventlet.sleep)
        self._up.send()

    def _read(self) -> None:
        self._now += self._life
        if self.connections == 3:
            self._stopping.send()
        raise self._failure


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that a link makes, without waiting for them."""
    made: list[float] = []

    class Counted:
        def __init__(self, first: float, longest: float) -> None:
            pass

        def next(self) -> float:
            made.append(1.0)
            return 0.0

        def reset(self) -> None:
            pass

    monkeypatch.setattr(module, "Pauses", Counted)
    return made


@pytest.mark.parametrize(
    ("life", "failure", "options", "paused"),
    [
        (10.0, amqp.PreconditionFailed(), {"prompt": True}, 0),
        (0.1, amqp.AccessRefused(), {"prompt": True}, 3),
        (10.0, ConnectionResetError(), {"prompt": True}, 3),
        (10.0, amqp.AccessRefused(), {}, 3),
    ],
    ids=["a message took it down", "the next fails the same way", "the broker went away", "it only consumes"],
)
def test_only_a_connection_that_worked_and_publishes_is_made_again_without_a_pause(
    life: float, failure: Exception, options: dict[str, Any], paused: int, pauses: list[float]
) -> None:
    link = Lost(life, failure, **options)
    with eventlet.Timeout(30):
        link._run()
    assert link.connections == 3
    assert len(pauses) == paused
