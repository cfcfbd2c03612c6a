"""Consumers while what they need is away: what they hold, what they put back, and whether their process is ready."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import eventlet
import pytest
from nameko.containers import ServiceContainer

from services.contracts.events import READS_REQUESTED
from services.runtime.failures import Unavailable
from services.runtime.inprocess.broker import InProcessBroker, InProcessConnection
from services.runtime.messaging.batches import consume
from services.runtime.messaging.broker import RESEND_EXCHANGE, Delivery, Message, NotAccepted
from services.runtime.messaging.dead_letters import consume_dead_letters
from services.runtime.messaging.envelopes import to_json
from services.runtime.messaging.fair import FairConsumer, consume_fairly
from services.runtime.settings import Settings
from services.runtime.telemetry.monitoring import Monitoring
from tests.waiting import eventually

HOUR = 3_600.0
AWAY = Unavailable("the database is away")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Recording(InProcessConnection):
    """Keeps what is put back."""

    resent: list[Message]

    def publish(self, messages: Sequence[Message], timeout: float) -> None:
        self.resent += [message for message in messages if message.exchange == RESEND_EXCHANGE]
        super().publish(messages, timeout)


class Stage:
    """A container on a broker of its own. ``works`` says what becomes of an entry or a letter."""

    def __init__(self, service: Callable[["Stage"], type], hold_seconds: float = HOUR) -> None:
        self.clock = Clock()
        self.seen: list[Any] = []
        self.works: Callable[[Any], None] = lambda entry: None
        self.monitoring = Monitoring(self.clock)
        self.monitoring.started()
        self.broker = Recording(InProcessBroker(), "tested")
        self.broker.resent = []
        settings = Settings(hold_seconds=hold_seconds)
        config = {"settings": settings, "broker": self.broker, "monitoring": self.monitoring, "max_workers": 10}
        self.container = ServiceContainer(service(self), config)
        self.container.start()

    def work(self, entry: Any) -> None:
        self.seen.append(entry)
        self.works(entry)

    def ask(self, *owners: str) -> None:
        bodies = [to_json({"version": 1, READS_REQUESTED.member: [{"owner": owner}]}) for owner in owners]
        self.broker.publish([Message("tasks.events", READS_REQUESTED.name, body) for body in bodies], 5)

    def waiting(self) -> int:
        """How many messages wait for their turn."""
        (consumer,) = self.container.entrypoints
        return len(consumer._queue) if isinstance(consumer, FairConsumer) else consumer._inbox.qsize()

    def failing(self) -> list[str]:
        """Why the process is not ready."""
        return self.monitoring.retries.reasons()


def reading(at_once: int) -> Callable[[Stage], type]:
    def owner_of(entry: Mapping[str, Any]) -> Any:
        return entry["owner"]

    def service(stage: Stage) -> type:
        class Info:
            name = "info"

            @consume_fairly(READS_REQUESTED, owner_of, at_once=at_once)
            def read(self, entries: list[dict[str, Any]]) -> None:
                stage.work(entries[0]["owner"])

        return Info

    return service


def batching(stage: Stage) -> type:
    class Info:
        name = "info"

        @consume(READS_REQUESTED)
        def read(self, entries: list[dict[str, Any]]) -> None:
            stage.work(entries[0]["owner"])

    return Info


def burying(stage: Stage) -> type:
    class Tasks:
        name = "tasks"

        @consume_dead_letters
        def bury(self, delivery: Delivery) -> None:
            stage.work(delivery)

    return Tasks


@pytest.fixture
def staged() -> Iterator[Callable[..., Stage]]:
    stages: list[Stage] = []

    def make(*args: Any, **options: Any) -> Stage:
        stages.append(Stage(*args, **options))
        return stages[-1]

    yield make
    for stage in stages:
        stage.works = lambda entry: None
        stage.container.stop()


@pytest.fixture
def full(staged: Callable[..., Stage]) -> tuple[Stage, eventlet.event.Event]:
    """One message is in hand and fails once the gate opens; two wait."""
    stage, gate = staged(reading(1), hold_seconds=0.0), eventlet.event.Event()

    def away_once(owner: str) -> None:
        if len(stage.seen) == 1:
            gate.wait()
            raise AWAY

    stage.works = away_once
    stage.ask("a", "b", "c")
    eventually(lambda: stage.waiting() == 2)
    return stage, gate


def test_what_waits_is_put_back_with_what_is_held_for_long(full: tuple[Stage, eventlet.event.Event]) -> None:
    stage, gate = full
    gate.send()
    eventually(lambda: len(stage.seen) == 4)
    assert len(stage.broker.resent) == 3
    assert stage.seen == ["a", "a", "b", "c"]


def test_what_cannot_be_put_back_goes_on_waiting(
    full: tuple[Stage, eventlet.event.Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, gate = full
    publish, calls = stage.broker.publish, list[int]()

    def publish_once(messages: Sequence[Message], timeout: float) -> None:
        calls.append(len(messages))
        if len(calls) > 1:
            raise NotAccepted("RabbitMQ is not connected")
        publish(messages, timeout)

    monkeypatch.setattr(stage.broker, "publish", publish_once)
    gate.send()
    eventually(lambda: sorted(stage.seen) == ["a", "a", "b", "c"])
    assert calls == [1, 2]


@pytest.mark.parametrize("service", [reading(1), batching])
def test_what_waits_counts_as_held_since_it_arrived(
    staged: Callable[..., Stage], service: Callable[[Stage], type]
) -> None:
    stage, gate = staged(service, hold_seconds=0.5), eventlet.event.Event()

    def slow_then_away(owner: str) -> None:
        if owner == "a":
            gate.wait()
        elif len(stage.seen) == 2:
            raise AWAY

    stage.works = slow_then_away
    stage.ask("a")
    eventually(lambda: stage.seen == ["a"])
    stage.ask("b")
    eventually(lambda: stage.waiting() == 1)
    eventlet.sleep(0.6)  # longer than it may be held
    gate.send()
    eventually(lambda: len(stage.seen) == 3)
    assert len(stage.broker.resent) == 1


def test_a_worker_that_succeeds_does_not_hide_that_another_fails(staged: Callable[..., Stage]) -> None:
    stage = staged(reading(2))

    def away_for_a(owner: str) -> None:
        if owner == "a":
            raise AWAY
        stage.clock.now = 100.0

    stage.works = away_for_a
    stage.ask("a")
    eventually(lambda: stage.seen)
    stage.ask("b")
    eventually(lambda: "b" in stage.seen and stage.seen[::-1].index("b") > 2)
    (reason,) = stage.failing()
    assert reason.startswith("A batch of info.reads_requested, worker 1 has failed for 100 seconds")
    stage.works = lambda owner: None
    eventually(lambda: stage.failing() == [])


def test_a_letter_that_cannot_be_buried_leaves_the_process_ready(staged: Callable[..., Stage]) -> None:
    stage = staged(burying)

    def away(delivery: Delivery) -> None:
        stage.clock.now += 100.0
        raise AWAY

    stage.works = away
    stage.broker.publish([Message("dead-letters", "tasks_submitted", b"poison")], 5)
    eventually(lambda: len(stage.seen) > 2)
    assert stage.failing() == []
