"""A program of somebody else's with a connection to the broker: it may hear and send whatever it likes."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import eventlet
import kombu
from amqp.exceptions import AMQPError
from kombu.exceptions import KombuError

from tests.system.faults.site import Site

BROKEN = (OSError, AMQPError, KombuError)
HEARTBEAT = 10


@dataclass(frozen=True)
class Letter:
    """A message as it is sent: to an exchange, or to a queue by its name."""

    exchange: str
    routing_key: str
    body: bytes
    headers: Mapping[str, Any] = field(default_factory=dict)
    properties: Mapping[str, Any] = field(default_factory=dict)


@contextmanager
def channel(site: Site) -> Iterator[Any]:
    """A channel of a new connection, closed at the end."""
    connection = kombu.Connection(site.rabbitmq.uri, connect_timeout=5, heartbeat=0)
    try:
        connection.connect()
        yield connection.default_channel
    finally:
        connection.collect(socket_timeout=1)


def send(site: Site, letters: list[Letter]) -> None:
    """Send them all, however often it takes (so some may arrive twice); gives up after a minute."""
    for _ in range(60):
        try:
            with eventlet.Timeout(20), channel(site) as sending:
                for letter in letters:
                    message = sending.prepare_message(
                        letter.body,
                        headers=dict(letter.headers),
                        properties={"delivery_mode": 2, **letter.properties},
                        content_type="application/json",
                    )
                    sending.basic_publish(message, letter.exchange, letter.routing_key)
            return
        except (*BROKEN, eventlet.Timeout):
            eventlet.sleep(1)


def overhear(site: Site, bindings: list[tuple[str, str]], seconds: float) -> list[Letter]:
    """What is said on these exchanges under these routing keys, for some seconds or until the connection breaks."""
    heard: list[Letter] = []
    try:
        with channel(site) as listening:
            queue = listening.queue_declare("", exclusive=True, auto_delete=True).queue
            for exchange, key in bindings:
                listening.queue_bind(queue, exchange, key)

            def take(message: Any) -> None:
                info = message.delivery_info
                headers = message.properties.get("application_headers") or {}
                body = message.body if isinstance(message.body, bytes) else message.body.encode()
                heard.append(Letter(info["exchange"], info["routing_key"], body, headers))

            listening.basic_consume(queue, no_ack=True, callback=take)
            with eventlet.Timeout(seconds, False):
                while True:
                    listening.connection.drain_events()
    except BROKEN:
        pass
    return heard
