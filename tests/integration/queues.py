"""The queues that services share, on a vhost that tests use one after another."""

import kombu

from services.runtime.amqp.consuming import declare
from services.runtime.messaging.topology import shared_queues


def empty_queues(uri: str) -> None:
    """Declare the whole topology, and empty it of what an earlier test left."""
    with kombu.Connection(uri) as connection, connection.channel() as channel:
        for queue in shared_queues():
            declare(channel, queue)
            channel.queue_purge(queue.name)
