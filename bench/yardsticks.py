"""What the broker and the database do alone on this machine, in the same run: a number to hold the others against."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import amqp
import psycopg2


@dataclass(frozen=True)
class Yardstick:
    """How many a second, one after the other, and the median of one in milliseconds."""

    rate: float
    median_ms: float


def single_inserts(database_url: str, seconds: float) -> Yardstick:
    """PostgreSQL: one client, one row and one commit at a time."""
    connection = psycopg2.connect(database_url)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE yardstick (id bigserial PRIMARY KEY, body text)")
            try:
                return _repeat(
                    lambda: cursor.execute("INSERT INTO yardstick (body) VALUES (%s)", ("x" * 200,)), seconds
                )
            finally:
                cursor.execute("DROP TABLE yardstick")
    finally:
        connection.close()


def confirmed_publishes(amqp_uri: str, seconds: float) -> Yardstick:
    """RabbitMQ: one persistent message at a time to a quorum queue, each confirmed before the next."""
    parts = urlsplit(amqp_uri)
    connection = amqp.Connection(
        f"{parts.hostname}:{parts.port or 5672}",
        userid=unquote(parts.username or "guest"),
        password=unquote(parts.password or "guest"),
        virtual_host=unquote(parts.path[1:]) or "/",
        confirm_publish=True,
    )
    connection.connect()
    try:
        channel = connection.channel()
        channel.queue_declare("yardstick", durable=True, auto_delete=False, arguments={"x-queue-type": "quorum"})
        message = amqp.Message("x" * 200, delivery_mode=2)
        try:
            return _repeat(lambda: channel.basic_publish(message, routing_key="yardstick"), seconds)
        finally:
            channel.queue_delete("yardstick")
    finally:
        connection.close()


def _repeat(act: Callable[[], object], seconds: float) -> Yardstick:
    for _ in range(50):
        act()
    times = []
    began = time.perf_counter()
    while (before := time.perf_counter()) < began + seconds:
        act()
        times.append((time.perf_counter() - before) * 1000)
    return Yardstick(len(times) / (time.perf_counter() - began), statistics.median(times))
