"""Keeping RabbitMQ from dead-lettering a message that would break its dead-lettering.

RabbitMQ reads a message's ``x-death`` header when it sets the message aside. Where a client has put something else
there, its dead-letter worker crashes, again and again, until the node gives up dead-lettering for every queue and the
queues that need it stop (rabbitmq-server issue 16652; seen on 3.10). So such a header never stays on a shared queue.
"""

from collections.abc import Mapping
from typing import Any

from services.runtime.messaging.broker import RESEND_EXCHANGE, Delivery, Message

HEADER_PREFIXES = ("x-death", "x-first-death")


def breaks_dead_lettering(headers: Mapping[str, Any]) -> bool:
    """Whether a death header is none that RabbitMQ wrote itself."""
    deaths = headers.get("x-death", [])
    if not isinstance(deaths, list):
        return True
    return not all(isinstance(death, Mapping) and _is_death(death) for death in deaths)


def _is_death(death: Mapping[str, Any]) -> bool:
    return (
        isinstance(death.get("queue"), str)
        and isinstance(death.get("reason"), str)
        and isinstance(death.get("exchange"), str)
        and isinstance(death.get("routing-keys"), list)
        and type(death.get("count")) is int
    )


def cleaned(delivery: Delivery) -> Message:
    """The same message for the same queue, without any death header."""
    headers = {name: value for name, value in delivery.headers.items() if not _is_death_header(name)}
    return Message(
        RESEND_EXCHANGE,
        delivery.queue,
        delivery.body,
        headers,
        delivery.content_type or "application/octet-stream",
        delivery.correlation_id,
        delivery.reply_to,
    )


def _is_death_header(name: Any) -> bool:
    return isinstance(name, str) and name.startswith(HEADER_PREFIXES)
