"""Publishing with confirms in a pipeline: many messages in flight, one wait for all of a call.

What a refusal takes with it is published again, each message alone (``trial.py``): only the refused one fails.
"""

import struct
import time
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

import amqp
import eventlet
from amqp import spec
from amqp.exceptions import FrameSyntaxError
from eventlet.event import Event
from eventlet.semaphore import Semaphore

from services.runtime.amqp.failures import REPLIES, Reply, reply_of
from services.runtime.amqp.link import WIRE_ERRORS, Link
from services.runtime.amqp.trial import Trial
from services.runtime.messaging.broker import BrokerUnavailable, Message, NotAccepted, Refused, Unconfirmed

UNENCODABLE = (FrameSyntaxError, ValueError, TypeError, LookupError, OverflowError, RecursionError, struct.error)
"""What py-amqp raises before it has written anything of a message that it cannot write."""


class Waiter:
    """One call of ``publish``: which of its messages are still without an answer, and what is known of the others.

    left:     by position, those that are not confirmed
    tags:     of those, on the connection
    unfit:    those that cannot be encoded
    lost_by:  what ended the connection, and with it the answers
    """

    def __init__(self, messages: Sequence[Message]) -> None:
        self.left = dict(enumerate(messages))
        self.tags: set[int] = set()
        self.unfit: list[Message] = []
        self.refused = False
        self.lost_by: Reply | None = None
        self.answered = Event()
        self.finish()

    def settle(self, tag: int, position: int, *, refused: bool) -> None:
        """One message has its answer."""
        self.tags.discard(tag)
        self.left.pop(position, None)
        self.refused = self.refused or refused
        self.finish()

    def finish(self) -> None:
        """Wake the call when nothing is left."""
        if not self.left and not self.answered.ready():
            self.answered.send()

    def lose(self, reply: Reply) -> None:
        """The connection is gone, and with it the answers."""
        self.lost_by = reply
        if not self.answered.ready():
            self.answered.send()


class Publishing:
    """The publishing connection."""

    def __init__(self, uri: str, name: str) -> None:
        self.link = Link(uri, name, self._opened, self._lost, prompt=True)
        self._trial = Trial(uri, f"{name} one by one", self._content)
        # RabbitMQ refuses a user_id that is not the connection's own: receivers may believe it.
        self._user = unquote(urlsplit(uri).username or "guest")
        self._channel: Any = None
        self._last_tag = 0
        self._waiting: dict[int, tuple[Waiter, int]] = {}
        self._returned: set[int] = set()
        self._order = Semaphore(1)
        self._lost_by = REPLIES["none"]

    def publish(self, messages: Sequence[Message], timeout: float) -> None:
        """See ``Broker.publish``."""
        deadline = time.monotonic() + timeout
        self._await_connection(timeout)
        waiter = Waiter(messages)
        try:
            self._write(waiter)
            waiter.answered.wait(timeout=max(0.0, deadline - time.monotonic()))
        finally:
            for tag in waiter.tags:
                self._waiting.pop(tag, None)
        if waiter.refused:
            raise NotAccepted("RabbitMQ refused the message or no queue takes it")
        refused = waiter.unfit
        if waiter.lost_by is not None and waiter.lost_by.by_message:
            refused = refused + self._one_by_one(waiter.left.values(), deadline)
        elif waiter.left:
            raise Unconfirmed(f"RabbitMQ gave no answer: {(waiter.lost_by or REPLIES['none']).name}")
        if refused:
            raise Refused(f"{len(refused)} of {len(messages)} messages are refused", refused)

    def _await_connection(self, timeout: float) -> None:
        """A connection that a refused message took down is made again soon, and others wait for that."""
        if not self.link.ready and self._lost_by.by_message:
            with eventlet.Timeout(timeout, False):
                self.link.wait()
        if not self.link.ready:
            raise NotAccepted("RabbitMQ is not connected")
        if self.link.blocked:
            raise NotAccepted("RabbitMQ takes nothing while its alarm lasts")

    def _one_by_one(self, messages: Iterable[Message], deadline: float) -> list[Message]:
        """Publish each alone, and answer those that are refused.

        Raises another failure at the end: ``Unconfirmed`` if one of them is, since that message may have been taken.
        """
        refused: list[Message] = []
        failures: list[BrokerUnavailable] = []
        for message in messages:
            try:
                self._trial.publish(message, max(0.0, deadline - time.monotonic()))
            except Refused as refusal:
                refused += refusal.items
            except BrokerUnavailable as failure:
                failures.append(failure)
        if failures:
            raise next((failure for failure in failures if isinstance(failure, Unconfirmed)), failures[0])
        return refused

    def _write(self, waiter: Waiter) -> None:
        # The order of the tags has to be that of the writes.
        with self._order:
            for position, message in list(waiter.left.items()):
                channel = self._channel
                if channel is None:
                    return waiter.lose(self._lost_by)
                tag = self._last_tag + 1
                arguments = (0, message.exchange, message.routing_key, message.mandatory, False)
                try:
                    # Channel.basic_publish would read from the socket too, which belongs to the reading greenlet.
                    channel.send_method(spec.Basic.Publish, "Bssbb", arguments, self._content(message, tag))
                except UNENCODABLE:
                    waiter.unfit.append(waiter.left.pop(position))
                except WIRE_ERRORS:
                    self.link.sever()
                    return waiter.lose(REPLIES["none"])
                else:
                    self._last_tag = tag
                    self._waiting[tag] = (waiter, position)
                    waiter.tags.add(tag)
            return waiter.finish()

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

    def _lost(self, error: BaseException | None) -> None:
        self._channel = None
        self._lost_by = reply_of(error)
        self._returned.clear()
        waiting, self._waiting = self._waiting, {}
        for waiter in {id(waiter): waiter for waiter, _ in waiting.values()}.values():
            waiter.lose(self._lost_by)

    def _return(self, error: Exception, exchange: str, routing_key: str, message: amqp.Message) -> None:
        # The broker returns a message before it confirms it.
        self._returned.add(int(message.properties["message_id"]))

    def _settle(self, last: int, multiple: bool, *, refused: bool) -> None:
        tags = [tag for tag in self._waiting if tag <= last] if multiple else [last]
        for tag in tags:
            returned = tag in self._returned
            self._returned.discard(tag)
            if tag in self._waiting:
                waiter, position = self._waiting.pop(tag)
                waiter.settle(tag, position, refused=refused or returned)
