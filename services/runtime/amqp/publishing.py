"""Publishing with confirms in a pipeline: many messages in flight, one wait for all of a call."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

import amqp
from amqp import spec
from eventlet.event import Event
from eventlet.semaphore import Semaphore

from services.runtime.amqp.link import WIRE_ERRORS, Link
from services.runtime.messaging.broker import Message, NotAccepted, Unconfirmed


class Waiter:
    """One call of ``publish``: how many of its messages are still without an answer, and whether one was refused."""

    def __init__(self) -> None:
        self.tags: set[int] = set()
        self.refused = False
        self.lost = False
        self.answered = Event()

    def settle(self, tag: int, *, refused: bool) -> None:
        """One message has its answer."""
        self.tags.discard(tag)
        self.refused = self.refused or refused
        if not self.tags and not self.answered.ready():
            self.answered.send()

    def lose(self) -> None:
        """The connection is gone, and with it the answers."""
        self.lost = True
        if not self.answered.ready():
            self.answered.send()


class Publishing:
    """The publishing connection."""

    def __init__(self, uri: str, name: str) -> None:
        self.link = Link(uri, name, self._opened, self._lost)
        # RabbitMQ refuses a user_id that is not the connection's own: receivers may believe it.
        self._user = unquote(urlsplit(uri).username or "guest")
        self._channel: Any = None
        self._last_tag = 0
        self._waiting: dict[int, Waiter] = {}
        self._returned: set[int] = set()
        self._order = Semaphore(1)

    def publish(self, messages: Sequence[Message], timeout: float) -> None:
        """See ``Broker.publish``."""
        if not self.link.ready:
            raise NotAccepted("RabbitMQ is not connected")
        if self.link.blocked:
            raise NotAccepted("RabbitMQ takes nothing while its alarm lasts")
        waiter = Waiter()
        try:
            self._write(messages, waiter)
            waiter.answered.wait(timeout=timeout)
        finally:
            for tag in waiter.tags:
                self._waiting.pop(tag, None)
        if waiter.refused:
            raise NotAccepted("RabbitMQ refused the message or no queue takes it")
        if waiter.lost or waiter.tags:
            raise Unconfirmed("RabbitMQ gave no answer")

    def _write(self, messages: Sequence[Message], waiter: Waiter) -> None:
        # The order of the tags has to be that of the writes.
        with self._order:
            for message in messages:
                channel = self._channel
                if channel is None:
                    return waiter.lose()
                self._last_tag += 1
                tag = self._last_tag
                self._waiting[tag] = waiter
                waiter.tags.add(tag)
                arguments = (0, message.exchange, message.routing_key, message.mandatory, False)
                try:
                    # Channel.basic_publish would read from the socket too, which belongs to the reading greenlet.
                    channel.send_method(spec.Basic.Publish, "Bssbb", arguments, self._content(message, tag))
                except WIRE_ERRORS:
                    self.link.sever()
                    return waiter.lose()
        return None

    def _content(self, message: Message, tag: int) -> amqp.Message:
        properties: dict[str, Any] = {
            "content_type": message.content_type,
            "content_encoding": "utf-8",
            "delivery_mode": 2 if message.persistent else 1,
            "message_id": str(tag),
            "user_id": self._user,
        }
        if message.headers:
            properties["application_headers"] = dict(message.headers)
        if message.correlation_id is not None:
            properties["correlation_id"] = message.correlation_id
        if message.reply_to is not None:
            properties["reply_to"] = message.reply_to
        if message.ttl is not None:
            properties["expiration"] = str(int(message.ttl * 1000))
        return amqp.Message(message.body, **properties)

    def _opened(self, connection: Any) -> None:
        channel = connection.channel()
        channel.confirm_select()
        channel.events["basic_ack"].add(lambda tag, multiple: self._settle(tag, multiple, refused=False))
        channel.events["basic_nack"].add(lambda tag, multiple: self._settle(tag, multiple, refused=True))
        channel.events["basic_return"].add(self._return)
        self._last_tag = 0
        self._channel = channel

    def _lost(self) -> None:
        self._channel = None
        self._returned.clear()
        waiting, self._waiting = self._waiting, {}
        for waiter in set(waiting.values()):
            waiter.lose()

    def _return(self, error: Exception, exchange: str, routing_key: str, message: amqp.Message) -> None:
        # The broker returns a message before it confirms it.
        self._returned.add(int(message.properties["message_id"]))

    def _settle(self, last: int, multiple: bool, *, refused: bool) -> None:
        tags = [tag for tag in self._waiting if tag <= last] if multiple else [last]
        for tag in tags:
            returned = tag in self._returned
            self._returned.discard(tag)
            waiter = self._waiting.pop(tag, None)
            if waiter is not None:
                waiter.settle(tag, refused=refused or returned)
