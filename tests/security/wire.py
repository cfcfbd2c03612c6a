"""Speaking AMQP to a broker as somebody else's user, without any of the services' code."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

import amqp


class Intruder:
    """One user's connection. Each attempt has a channel of its own, since a refusal ends it."""

    def __init__(self, uri: str) -> None:
        parts = urlsplit(uri)
        self.connection = amqp.Connection(
            f"{parts.hostname}:{parts.port}",
            userid=parts.username,
            password=unquote(parts.password or ""),
            virtual_host=parts.path[1:],
            read_timeout=20,
        )
        self.connection.connect()

    def close(self) -> None:
        """Leave."""
        self.connection.close()

    def refused(self, attempt: Callable[[amqp.Channel], Any]) -> bool:
        """Whether the broker refuses it for want of rights. Any other failure is raised."""
        channel = self.connection.channel()
        try:
            attempt(channel)
        except amqp.AccessRefused:
            return True
        except (amqp.NotFound, amqp.ResourceLocked):
            return False
        channel.close()
        return False

    def publish(
        self, exchange: str, key: str, body: bytes = b"{}", headers: Mapping[str, Any] | None = None, **properties: Any
    ) -> None:
        """A message, confirmed. Raises ``amqp.AccessRefused``."""
        with self.connection.channel() as channel:
            confirmed(channel, exchange, key, body, headers, **properties)


def confirmed(
    channel: amqp.Channel,
    exchange: str,
    key: str,
    body: bytes = b"{}",
    headers: Mapping[str, Any] | None = None,
    **properties: Any,
) -> None:
    """Publish on a channel and wait for the broker's word. Raises ``amqp.AccessRefused``."""
    channel.confirm_select()
    message = amqp.Message(body, application_headers=dict(headers or {}), **properties)
    channel.basic_publish_confirm(message, exchange, key)
