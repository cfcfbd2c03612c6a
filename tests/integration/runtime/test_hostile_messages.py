"""No message harms a service or the messages behind it."""

from typing import Any

import amqp
import pytest
from nameko.containers import ServiceContainer

from services.runtime.messaging.envelopes import to_json
from tests.integration.runtime.services_under_test import ids, seen, submit
from tests.waiting import eventually


@pytest.mark.parametrize(
    "body",
    [b"\xff\xfe", b"not json", b"[]", b'{"version": 1}', b'{"version": 1, "tasks": [7]}', b"[" * 100_000, b""],
)
def test_an_undecodable_body_is_set_aside_not_dropped(
    tasks: ServiceContainer, channel: amqp.Channel, body: bytes
) -> None:
    channel.basic_publish(amqp.Message(body, delivery_mode=2), "gateway.events", "tasks_submitted")
    eventually(lambda: seen.dead)
    assert seen.dead[0].body == body
    assert seen.batches == []


class NotUtf8(str):
    """A string that goes over the wire as bytes that are no UTF-8."""

    def encode(self, *_: Any) -> bytes:
        return b"\xff\xfe"


@pytest.mark.parametrize(
    "headers", [{"x": NotUtf8("x")}, {"x": {"y": [1, None, "z"]}}, {"nameko.call_id_stack": 7}, {"\x00": b"\xff\xfe"}]
)
def test_hostile_headers_do_no_harm(tasks: ServiceContainer, channel: amqp.Channel, headers: dict[str, Any]) -> None:
    body = to_json({"version": 1, "tasks": [{"id": 1}]})
    message = amqp.Message(body, application_headers=headers, delivery_mode=2)
    channel.basic_publish(message, "gateway.events", "tasks_submitted")
    submit(channel, 2)
    eventually(lambda: ids(seen.batches) == [1, 2])


def test_unreadable_properties_do_not_stop_the_readers_of_the_queue(
    tasks: ServiceContainer, channel: amqp.Channel
) -> None:
    body = to_json({"version": 1, "tasks": [{"id": 1}]})
    message = amqp.Message(body, delivery_mode=2, correlation_id=NotUtf8("x"))
    channel.basic_publish(message, "gateway.events", "tasks_submitted")
    submit(channel, 2)
    eventually(lambda: ids(seen.batches) == [1, 2])
    assert seen.connections <= 1


@pytest.mark.parametrize("deaths", [[1, 2], "rejected", [{"queue": 7}], [{"queue": "q", "reason": "rejected"}]])
def test_a_hostile_death_header_does_not_break_the_brokers_dead_lettering(
    tasks: ServiceContainer, channel: amqp.Channel, deaths: Any
) -> None:
    for _ in range(3):
        message = amqp.Message(b"poison", delivery_mode=2, application_headers={"x-death": deaths})
        channel.basic_publish(message, "gateway.events", "tasks_submitted")
    eventually(lambda: len(seen.dead) == 3)
    assert {delivery.body for delivery in seen.dead} == {b"poison"}
    submit(channel, 1)
    eventually(lambda: ids(seen.batches) == [1])
