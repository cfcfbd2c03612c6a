"""Calling another service by RPC, always with a timeout."""

import json
import logging
import uuid
from collections.abc import Mapping
from typing import Any

import eventlet
from eventlet.event import Event
from nameko.extensions import SharedExtension

from services.contracts.errors import Refusal
from services.contracts.sizes import LARGEST_MESSAGE, TooLarge
from services.runtime.configuration import Provider, settings_of
from services.runtime.failures import Unavailable
from services.runtime.messaging.broker import RPC_EXCHANGE, Delivery, Message
from services.runtime.messaging.broker_link import BrokerLink
from services.runtime.messaging.envelopes import to_json
from services.runtime.messaging.topology import reply_queue
from services.runtime.telemetry.tracing import tracing_of

log = logging.getLogger(__name__)

PREFETCH = 50
"""Replies that are held here, each of which may be large."""

CALL_STACK_HEADER = "nameko.call_id_stack"


class RpcTimeout(Unavailable):
    """No answer in time: whether the call was carried out is unknown."""


class RemoteUnavailable(Unavailable):
    """The other service cannot have what it needs now: how far it came with the call is unknown."""


class RemoteFailure(Exception):
    """The other service failed at the call; what happened is in its log."""


class Replies(SharedExtension):
    """The container's queue of replies, and the calls that wait for one."""

    link = BrokerLink()

    def __init__(self) -> None:
        self._waiting: dict[str, Event] = {}
        self.address = ""

    def setup(self) -> None:
        """Nameko: before any extension starts."""
        self.address = self.link.subscriber
        self.link.consume(reply_queue(self.address), PREFETCH, self._receive)
        self.link.on_connected(self._give_up)

    def call(
        self, service: str, method: str, args: tuple[Any, ...], kwargs: Any, stack: list[str], timeout: float
    ) -> Any:
        """The raw reply of a call. Raises ``RpcTimeout``, ``BrokerUnavailable`` or ``TooLarge``."""
        with tracing_of(self.container).calling(f"{service}.{method}") as traced:
            return self._ask(service, method, args, kwargs, {CALL_STACK_HEADER: stack, **traced}, timeout)

    def _ask(
        self, service: str, method: str, args: tuple[Any, ...], kwargs: Any, headers: Mapping[str, Any], timeout: float
    ) -> Any:
        body = to_json({"args": args, "kwargs": kwargs})
        if len(body) > LARGEST_MESSAGE:
            raise TooLarge(f"a call of {service}.{method} has {len(body)} bytes")
        correlation_id = str(uuid.uuid4())
        self._waiting[correlation_id] = answered = Event()
        message = Message(
            RPC_EXCHANGE,
            f"{service}.{method}",
            body,
            headers=headers,
            correlation_id=correlation_id,
            reply_to=self.address,
            persistent=False,
            ttl=timeout,
        )
        try:
            with eventlet.Timeout(timeout, RpcTimeout(f"{service}.{method} did not answer within {timeout:g} s")):
                self.link.broker.publish([message], timeout)
                return answered.wait()
        finally:
            del self._waiting[correlation_id]

    def _receive(self, delivery: Delivery) -> None:
        delivery.acknowledge()
        answered = self._waiting.get(delivery.correlation_id or "")
        if answered is None or answered.ready():
            return
        try:
            reply = json.loads(delivery.body)
            answered.send({"result": reply["result"], "error": reply["error"]})
        except (ValueError, KeyError, TypeError, RecursionError):
            log.error("an RPC reply cannot be read")  # noqa: TRY400
            answered.send({"result": None, "error": {"exc_type": "unreadable reply"}})

    def _give_up(self) -> None:
        """The queue of replies is a new one: what was asked on the old one is never answered."""
        for answered in list(self._waiting.values()):
            if not answered.ready():
                answered.send_exception(RpcTimeout("the connection was lost while the call was under way"))


class ServiceClient:
    """Calls the methods of one service on behalf of one worker."""

    def __init__(self, replies: Replies, service: str, stack: list[str], timeout: float) -> None:
        self._replies = replies
        self._service = service
        self._stack = stack
        self._timeout = timeout

    def call(self, method: str, *args: Any, timeout: float | None = None, **kwargs: Any) -> Any:
        """The method's result.

        timeout: seconds, the setting ``rpc_seconds`` unless told
        Raises ``Refusal`` as the method did; ``Unavailable`` when the broker, the service or what it needs cannot be
        had now (only after ``NotAccepted`` it was surely not carried out); ``RemoteFailure`` when it failed;
        ``broker.Refused`` when the broker will never take the call.
        """
        reply = self._replies.call(self._service, method, args, kwargs, self._stack, timeout or self._timeout)
        error = reply["error"]
        if error is None:
            return reply["result"]
        raise _exception(f"{self._service}.{method}", error)


def _exception(method: str, error: Any) -> Exception:
    kind = error.get("exc_type") if isinstance(error, dict) else None
    if kind == "Refusal":
        return Refusal(*error["exc_args"])
    if kind == "Unavailable":
        return RemoteUnavailable(f"{method} is unavailable")
    return RemoteFailure(f"{method} failed: {kind}")


class RpcProxy(Provider):
    """``info = RpcProxy("info")`` on a service: a ``ServiceClient``."""

    replies = Replies()

    def __init__(self, service: str) -> None:
        self.service = service

    def get_dependency(self, worker_ctx: Any) -> ServiceClient:
        """Nameko: for each worker."""
        return self.client(worker_ctx.call_id_stack)

    def client(self, stack: list[str] | None = None) -> ServiceClient:
        """A client for code that runs outside a worker (providers' own greenlets)."""
        caller = stack or [f"{self.container.service_name}.provider.{uuid.uuid4()}"]
        return ServiceClient(self.replies, self.service, caller, settings_of(self.container).rpc_seconds)
