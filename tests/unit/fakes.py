"""Small stand-ins for what a service depends on."""

from collections.abc import Callable, Sequence
from typing import Any

from services.contracts.events import Event
from services.runtime.messaging.resending import Letter


class FakeService:
    """Another service, as its ``ServiceClient``: methods are functions, an exception instead of one is raised."""

    def __init__(self, **methods: Callable[..., Any] | Exception) -> None:
        self.methods = methods
        self.calls: list[tuple[Any, ...]] = []

    def call(self, method: str, *args: Any, timeout: float | None = None, **kwargs: Any) -> Any:
        self.calls.append((method, *args, *kwargs.values()))
        answer = self.methods[method]
        if isinstance(answer, Exception):
            raise answer
        return answer(*args, **kwargs)

    def called(self, method: str) -> list[tuple[Any, ...]]:
        """The arguments of every call of the method."""
        return [call[1:] for call in self.calls if call[0] == method]


class FakeSpeaker:
    """A broker that takes everything, unless ``failure`` is set."""

    def __init__(self) -> None:
        self.said: list[tuple[Event, list[Any]]] = []
        self.failure: Exception | None = None

    def say(self, event: Event, entries: Sequence[Any]) -> None:
        if self.failure is not None:
            raise self.failure
        self.said.append((event, list(entries)))

    def of(self, event: Event) -> list[Any]:
        """All entries said of one event."""
        return [entry for said, entries in self.said for entry in entries if said is event]


class FakeResender:
    """Queues that take everything, unless ``failure`` is set."""

    def __init__(self) -> None:
        self.sent: list[Letter] = []
        self.failure: Exception | None = None

    def send(self, letters: Sequence[Letter]) -> None:
        if self.failure is not None:
            raise self.failure
        self.sent.extend(letters)
