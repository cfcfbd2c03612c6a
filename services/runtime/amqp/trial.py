"""Publishing one message at a time, each confirmed before the next, on a connection of its own.

RabbitMQ closes a channel or a connection over a message that it refuses, and does not tell over which of those in
flight. Here only one is, so it is that one.
"""

from collections.abc import Callable
from typing import Any

import amqp
import eventlet
import kombu
from amqp.exceptions import MessageNacked
from eventlet.semaphore import Semaphore

from services.runtime.amqp.failures import REPLIES, Reply, reply_of
from services.runtime.amqp.link import CONNECT_SECONDS, WIRE_ERRORS, reason_of
from services.runtime.amqp.tls import connection_arguments
from services.runtime.failures import Reaction
from services.runtime.messaging.broker import BrokerUnavailable, Message, NotAccepted, Refused, Unconfirmed


class Trial:
    """A connection that is made when it is needed, and closed when nobody waits for it.

    content: makes the message that is sent, with a number
    """

    def __init__(self, uri: str, name: str, content: Callable[[Message, int], amqp.Message]) -> None:
        self._uri = uri
        self._name = name
        self._content = content
        self._one = Semaphore(1)
        self._connection: Any = None
        self._channel: Any = None
        self._returned = False

    def publish(self, message: Message, seconds: float) -> None:
        """Returns when it is confirmed. Raises ``Refused``, ``NotAccepted`` or ``Unconfirmed``."""
        with eventlet.Timeout(seconds, Unconfirmed("RabbitMQ gave no answer")), self._one:
            try:
                self._send(message)
            except BaseException:
                self._close(gracefully=False)
                raise
            finally:
                if self._one.balance >= 0:
                    self._close(gracefully=True)

    def _send(self, message: Message) -> None:
        try:
            channel = self._open()
            self._returned = False
            channel.basic_publish_confirm(
                self._content(message, 1), message.exchange, message.routing_key, mandatory=message.mandatory
            )
        except MessageNacked:
            raise NotAccepted(REPLIES["nack"].reason) from None
        except WIRE_ERRORS as error:
            raise failure(reply_of(error), reason_of(error), message) from error
        if self._returned:
            raise NotAccepted(REPLIES["312"].reason)

    def _open(self) -> Any:
        if self._channel is None:
            self._connection = kombu.Connection(
                **connection_arguments(self._uri),
                connect_timeout=CONNECT_SECONDS,
                transport_options={"client_properties": {"connection_name": self._name}},
            )
            self._connection.connect()
            self._channel = self._connection.connection.channel()
            self._channel.events["basic_return"].add(self._return)
        return self._channel

    def _return(self, *returned: Any) -> None:
        self._returned = True

    def _close(self, *, gracefully: bool) -> None:
        connection, self._connection, self._channel = self._connection, None, None
        if connection is None:
            return
        if gracefully:
            with eventlet.Timeout(CONNECT_SECONDS, False):
                connection.close()
        connection.collect()


def failure(reply: Reply, said: str, message: Message) -> BrokerUnavailable | Refused:
    """What it means for a message that RabbitMQ has answered so when no other was in flight."""
    if reply.reaction is Reaction.FAIL:
        return Refused(f"RabbitMQ refuses the message: {said}", [message])
    if reply.by_message:
        return NotAccepted(f"RabbitMQ did not take the message: {said}")
    return Unconfirmed(f"RabbitMQ gave no answer: {said}")
