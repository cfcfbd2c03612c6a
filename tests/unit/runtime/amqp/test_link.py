"""A link while RabbitMQ is away."""

import eventlet
import pytest

from services.runtime.amqp.link import Link


@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.5])
def test_it_stops_though_there_was_never_a_connection(seconds: float) -> None:
    link = Link("amqp://guest:guest@127.0.0.1:1//", "test", lambda connection: None, lambda error: None)
    link.start()
    eventlet.sleep(seconds)

    with eventlet.Timeout(8):
        link.stop()

    assert not link.ready
