"""Work arrives in batches, is acknowledged last, and poison is set aside."""

import json
import time

import amqp
import eventlet
import pytest
from nameko.containers import ServiceContainer

from services.contracts.events import TASKS_SUBMITTED
from services.runtime.configuration import monitoring_of
from services.runtime.failures import Unavailable
from services.runtime.messaging.broker import Refused
from services.runtime.settings import Settings
from services.runtime.telemetry import retries
from tests.integration.runtime.services_under_test import alive, consumer_of, held, ids, seen, submit
from tests.proxy import Proxy
from tests.waiting import eventually


def test_a_message_is_acknowledged_only_after_the_method_has_returned(
    tasks: ServiceContainer, proxy: Proxy, channel: amqp.Channel
) -> None:
    seen.gate = eventlet.event.Event()
    submit(channel, 1)
    eventually(lambda: seen.batches)
    proxy.cut()
    seen.gate.send()
    eventually(lambda: len(seen.batches) == 2)
    assert ids(seen.batches) == [1, 1]
    assert alive(tasks)


def test_what_waits_is_taken_as_one_batch_of_at_most_64_in_order(
    tasks: ServiceContainer, channel: amqp.Channel
) -> None:
    seen.gate = eventlet.event.Event()
    submit(channel, 0)
    eventually(lambda: seen.batches)
    submit(channel, *range(1, 101))
    eventually(lambda: held(tasks) == TASKS_SUBMITTED.prefetch - 1)
    seen.gate.send()
    eventually(lambda: len(ids(seen.batches)) == 101)
    assert ids(seen.batches) == list(range(101))
    assert max(len(batch) for batch in seen.batches) <= 64
    assert len(seen.batches) <= 10


def test_messages_delivered_before_run_alone(tasks: ServiceContainer, channel: amqp.Channel) -> None:
    seen.gate = eventlet.event.Event()
    submit(channel, 0)
    eventually(lambda: seen.batches)
    submit(channel, 1, 2, 3)
    eventually(lambda: held(tasks) == 3)
    seen.fail = ValueError("once")
    seen.gate.send()
    eventually(lambda: len(seen.batches) >= 3)
    seen.fail = None
    eventually(lambda: set(ids(seen.batches[2:])) >= {1, 2, 3})
    repeats = [batch for batch in seen.batches if batch not in (seen.batches[0], seen.batches[1])]
    assert all(len(batch) == 1 for batch in repeats)


def test_a_failing_message_is_tried_four_times_and_then_set_aside(
    tasks: ServiceContainer, channel: amqp.Channel
) -> None:
    seen.fail = ValueError("poison")
    submit(channel, 1)
    eventually(lambda: seen.dead)
    assert ids(seen.batches) == [1, 1, 1, 1]
    assert json.loads(seen.dead[0].body)["tasks"] == [{"id": 1}]
    assert seen.dead[0].headers["x-death"][0]["queue"] == "tasks.tasks_submitted"


def test_messages_of_which_the_broker_refuses_something_run_one_by_one_and_are_set_aside_at_once(
    tasks: ServiceContainer, channel: amqp.Channel
) -> None:
    seen.gate = eventlet.event.Event()
    submit(channel, 0)
    eventually(lambda: seen.batches)
    submit(channel, 1, 2, 3)
    eventually(lambda: held(tasks) == 3)
    seen.fail = lambda entries: Refused("too large", []) if {"id": 2} in entries else None
    seen.gate.send()
    eventually(lambda: seen.dead)
    eventually(lambda: ids(seen.batches) == [0, 1, 2, 3, 1, 2, 3])
    assert [json.loads(letter.body)["tasks"] for letter in seen.dead] == [[{"id": 2}]]


def test_a_batch_that_is_held_for_long_makes_the_process_not_ready(
    tasks: ServiceContainer, channel: amqp.Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "LONG_SECONDS", 0.5)
    monitoring = monitoring_of(tasks)
    monitoring.started()
    assert monitoring.reasons() == []
    seen.fail = Unavailable("the database is away")
    submit(channel, 1)
    eventually(monitoring.reasons)
    (reason,) = monitoring.reasons()
    assert reason.startswith("A batch of tasks.tasks_submitted has failed for ")
    assert reason.endswith(" seconds: the database is away.")
    seen.fail = None
    eventually(lambda: monitoring.reasons() == [])


def test_a_dead_letter_that_cannot_be_worked_on_stops_no_other(tasks: ServiceContainer, channel: amqp.Channel) -> None:
    seen.fail_dead = b"bad"
    for body in (b"bad", b"good", b"better"):
        channel.basic_publish(amqp.Message(body, delivery_mode=2), "gateway.events", "tasks_submitted")
    eventually(lambda: [letter.body for letter in seen.dead] == [b"good", b"better"])
    seen.fail_dead = None
    eventually(lambda: [letter.body for letter in seen.dead] == [b"good", b"better", b"bad"])


def test_what_is_unavailable_holds_the_batch_and_is_no_poison(tasks: ServiceContainer, channel: amqp.Channel) -> None:
    seen.fail = Unavailable("the database is away")
    submit(channel, 1)
    eventually(lambda: len(seen.batches) >= 5)
    seen.fail = None
    count = len(seen.batches)
    eventually(lambda: len(seen.batches) > count)
    eventlet.sleep(0.3)
    assert seen.dead == []


def test_a_batch_held_for_long_is_put_back_and_acknowledged(
    tasks: ServiceContainer, amqp_uri: str, channel: amqp.Channel
) -> None:
    tasks.config["settings"] = Settings(amqp_uri=amqp_uri, hold_seconds=1, publish_seconds=1)
    seen.fail = Unavailable("the database is away")
    submit(channel, 1)
    eventually(lambda: seen.batches)
    first = time.monotonic()
    eventually(lambda: time.monotonic() - first > 3)
    seen.fail = None
    count = len(seen.batches)
    eventually(lambda: len(seen.batches) > count)
    eventually(lambda: channel.queue_declare("tasks.tasks_submitted", passive=True).message_count == 0)
    assert seen.dead == []


def test_an_unknown_version_is_set_aside_as_it_is(tasks: ServiceContainer, channel: amqp.Channel) -> None:
    channel.basic_publish(amqp.Message(b'{"version": 2}', delivery_mode=2), "gateway.events", "tasks_submitted")
    submit(channel, 1)
    eventually(lambda: ids(seen.batches) == [1])
    eventually(lambda: seen.dead)
    assert seen.dead[0].body == b'{"version": 2}'


def test_a_stopping_consumer_takes_nothing_new_and_finishes_what_it_holds(
    tasks: ServiceContainer, channel: amqp.Channel
) -> None:
    seen.gate = eventlet.event.Event()
    submit(channel, *range(100))
    eventually(lambda: len(ids(seen.batches)) + held(tasks) == TASKS_SUBMITTED.prefetch)

    stopping = eventlet.spawn(tasks.stop)
    eventually(consumer_of(tasks)._stopping.ready)
    seen.gate.send()
    stopping.wait()

    done = ids(seen.batches)
    assert done == list(range(len(done)))
    assert len(done) == TASKS_SUBMITTED.prefetch
    left = list(iter(lambda: channel.basic_get("tasks.tasks_submitted"), None))
    # RabbitMQ may forget the last acknowledgements of a connection that is closed, and deliver again what was done.
    again = [message for message in left if message.delivery_info["redelivered"]]
    new = [message for message in left if not message.delivery_info["redelivered"]]
    assert [number(message) for message in new] == list(range(len(done), 100))
    assert {number(message) for message in again} <= set(done)


def number(message: amqp.Message) -> int:
    """The id of the task that ``submit`` put into it."""
    told: int = json.loads(message.body)["tasks"][0]["id"]
    return told
