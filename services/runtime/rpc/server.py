"""Answering RPC calls in Nameko's wire protocol, for any Nameko client.

A call is acknowledged when its method begins: what a crash interrupts is not run again, since its caller learns of it
by its timeout and repeats what is safe to repeat.
"""

import inspect
import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from eventlet.queue import LightQueue
from eventlet.semaphore import Semaphore
from nameko.containers import WorkerContext
from nameko.extensions import Entrypoint, SharedExtension

from services.contracts.errors import Refusal
from services.contracts.events import Service
from services.contracts.sizes import LARGEST_MESSAGE, LARGEST_READ, TooLarge
from services.runtime.configuration import settings_of
from services.runtime.failures import Unavailable
from services.runtime.messaging.broker import (
    RPC_EXCHANGE,
    SYSTEMS_RPC_EXCHANGE,
    BrokerUnavailable,
    Delivery,
    Message,
    Refused,
)
from services.runtime.messaging.broker_link import BrokerLink
from services.runtime.messaging.envelopes import to_json
from services.runtime.messaging.topology import CLIENT_ADDRESS, caller_address, rpc_queue
from services.runtime.rpc.client import CALL_STACK_HEADER, RpcProxy
from services.runtime.telemetry.tracing import WORK, Call, tracing_of

log = logging.getLogger(__name__)

_CLIENT_ADDRESS = re.compile(CLIENT_ADDRESS)
_CALLER_ADDRESSES = {service.value: re.compile(caller_address(service)) for service in Service}

PREFETCH = 100
CONCURRENT = 100
"""Calls that run at a time. Fewer than the container's workers, so that calls which wait never starve the loop."""


@dataclass(frozen=True)
class Caller:
    """Who calls. ``user_id`` is checked by RabbitMQ, ``service`` is the caller's own word."""

    user_id: str | None
    service: str | None


class BadCall(Exception):
    """The call itself is wrong; ``kind`` is the name of Nameko's exception for it."""

    def __init__(self, kind: str, value: str) -> None:
        self.kind = kind
        super().__init__(value)


class RpcCalls(SharedExtension):
    """The container's one consumer of calls, which finds the method and sends the answer."""

    link = BrokerLink()

    def __init__(self) -> None:
        self._methods: dict[str, Rpc] = {}
        self._inbox: LightQueue = LightQueue()
        self._finished = False
        self._slots = Semaphore(CONCURRENT)
        self._consumer: Any = None
        self._loop: Any = None

    def register(self, entrypoint: "Rpc") -> None:
        """Called by each entrypoint in its ``setup``."""
        self._methods[f"{self.container.service_name}.{entrypoint.method_name}"] = entrypoint

    def setup(self) -> None:
        """Nameko: before any extension starts."""
        self._consumer = self.link.consume(rpc_queue(self.container.service_name), PREFETCH, self._receive)

    def start(self) -> None:
        """Nameko: begin to answer."""
        self._loop = self.container.spawn_managed_thread(self._run, "rpc")

    def finish(self) -> None:
        """Take no more calls; called when the first entrypoint is stopped."""
        self._consumer.cancel()
        self._inbox.put(None)
        self._loop.wait()

    def _receive(self, delivery: Delivery) -> None:
        if _came_round(delivery):
            log.warning("a call of %s has come round about and is left alone", delivery.routing_key)
            delivery.acknowledge()
        elif self._finished:
            # It was on its way when the consumer was cancelled; its caller need not wait for our end.
            delivery.reject(requeue=True)
        else:
            self._inbox.put(delivery)

    def _run(self) -> None:
        while (delivery := self._inbox.get()) is not None:
            self._slots.acquire()
            delivery.acknowledge()
            try:
                self._begin(delivery)
            except BadCall as error:
                self._slots.release()
                self._answer(delivery, None, error)
        self._finished = True
        while not self._inbox.empty():
            delivery = self._inbox.get()
            if delivery is not None:
                delivery.reject(requeue=True)

    def _begin(self, delivery: Delivery) -> None:
        entrypoint = self._methods.get(delivery.routing_key)
        if entrypoint is None:
            raise BadCall("MethodNotFound", delivery.routing_key.rpartition(".")[2])
        args, kwargs = _arguments(delivery)
        stack = _call_stack(delivery)
        if entrypoint.with_caller:
            kwargs["caller"] = Caller(delivery.user_id, stack[-1].partition(".")[0] if stack else None)
        try:
            entrypoint.signature.bind(None, *args, **kwargs)
        except TypeError as error:
            raise BadCall("IncorrectSignature", str(error)) from None
        ours = bool(stack) and stack[-1].partition(".")[0] in set(Service)
        call = tracing_of(self.container).called(delivery.routing_key, delivery.headers, begin=not ours)
        self.container.spawn_worker(
            entrypoint,
            args,
            kwargs,
            context_data={"call_id_stack": stack, WORK: call.work},
            handle_result=partial(self._finish, delivery, call),
        )

    def _finish(
        self, delivery: Delivery, call: Call, worker: WorkerContext, result: Any, exc_info: Any
    ) -> tuple[Any, Any]:
        self._slots.release()
        failure = exc_info[1] if exc_info else None
        self._answer(delivery, result, failure)
        call.end(failure)
        return result, exc_info

    def _answer(self, delivery: Delivery, result: Any, failure: BaseException | None) -> None:
        if not self._may_answer(delivery):
            log.warning("a call of %s asks for no reply, or for one at no address", delivery.routing_key)
            return
        try:
            try:
                self._send(delivery, _payload(result, failure))
            except Refused:
                log.exception("the broker refuses the answer to a call of %s", delivery.routing_key)
                self._send(delivery, _payload(None, RuntimeError()))
        except (BrokerUnavailable, Refused):
            log.warning("the answer to a call of %s could not be sent; its caller repeats", delivery.routing_key)

    def _send(self, delivery: Delivery, payload: bytes) -> None:
        assert delivery.reply_to is not None
        answer = Message(
            SYSTEMS_RPC_EXCHANGE if delivery.exchange == SYSTEMS_RPC_EXCHANGE else RPC_EXCHANGE,
            delivery.reply_to,
            payload,
            correlation_id=delivery.correlation_id,
            mandatory=False,
            persistent=False,
        )
        self.link.broker.publish([answer], settings_of(self.container).publish_seconds)

    def _may_answer(self, delivery: Delivery) -> bool:
        """Whether the reply is asked for at the address of a caller. Anything else may be a method, or lie outside the
        service's rights on the broker, which would end the channel on which it publishes."""
        address = _CLIENT_ADDRESS
        if delivery.exchange != SYSTEMS_RPC_EXCHANGE:
            address = _CALLER_ADDRESSES.get(self.container.service_name, _CLIENT_ADDRESS)
        return isinstance(delivery.reply_to, str) and address.fullmatch(delivery.reply_to) is not None


class Rpc(Entrypoint):
    """Makes a method callable. A ``Refusal`` that it raises reaches the caller with its code and parameters; of any
    other failure the caller learns nothing but that there was one.

    with_caller: pass ``caller=Caller(...)``, which no client can state itself
    """

    calls = RpcCalls()

    def __init__(self, *, with_caller: bool = False, **options: Any) -> None:
        self.with_caller = with_caller
        super().__init__(expected_exceptions=(Refusal, Unavailable), **options)

    def setup(self) -> None:
        """Nameko: before any extension starts."""
        self.signature = inspect.signature(getattr(self.container.service_cls, self.method_name))
        self.calls.register(self)

    def stop(self) -> None:
        """Nameko: every entrypoint is asked; the first one ends the consumer for all."""
        self.calls.finish()


def _came_round(delivery: Delivery) -> bool:
    """Whether another exchange passed it on, or a queue set it aside. On these ways RabbitMQ does not look at the
    sender's rights by routing key."""
    return delivery.exchange not in (RPC_EXCHANGE, SYSTEMS_RPC_EXCHANGE) or "x-death" in delivery.headers


def _arguments(delivery: Delivery) -> tuple[list[Any], dict[str, Any]]:
    if len(delivery.body) > LARGEST_READ:
        raise BadCall("MalformedRequest", "the body is too large")
    try:
        body = json.loads(delivery.body, parse_float=Decimal)  # an amount is never a binary float
    except (ValueError, ArithmeticError, RecursionError):  # an exponent beyond all measure is no Decimal
        raise BadCall("MalformedRequest", "the body is not JSON") from None
    if (
        not isinstance(body, dict)
        or not isinstance(body.get("args"), list)
        or not isinstance(body.get("kwargs"), dict)
        or "caller" in body["kwargs"]
    ):
        raise BadCall("MalformedRequest", "the body must be an object with `args` (a list) and `kwargs` (an object)")
    return body["args"], body["kwargs"]


def _call_stack(delivery: Delivery) -> list[str]:
    stack = delivery.headers.get(CALL_STACK_HEADER)
    return [call for call in stack if isinstance(call, str)] if isinstance(stack, list | tuple) else []


def _payload(result: Any, failure: BaseException | None) -> bytes:
    if failure is None:
        try:
            return _reply({"result": result, "error": None})
        except (TypeError, ValueError):
            log.exception("a result cannot be sent")
            failure = RuntimeError()
    try:
        return _reply({"result": None, "error": _error(failure)})
    except ValueError:
        log.exception("a failure cannot be sent")
        return _reply({"result": None, "error": _error(RuntimeError())})


def _reply(reply: Mapping[str, Any]) -> bytes:
    """Raises ``TypeError`` or ``ValueError`` for what is no JSON, ``TooLarge`` among them."""
    body = to_json(reply)
    if len(body) > LARGEST_MESSAGE:
        raise TooLarge(f"a reply has {len(body)} bytes")
    return body


def _error(failure: BaseException) -> dict[str, Any]:
    if isinstance(failure, Refusal):
        path, arguments = "services.contracts.errors.Refusal", [failure.code.value, failure.params]
        return {"exc_type": "Refusal", "exc_path": path, "exc_args": arguments, "value": failure.code.value}
    if isinstance(failure, BadCall):
        path = f"nameko.exceptions.{failure.kind}"
        return {"exc_type": failure.kind, "exc_path": path, "exc_args": [str(failure)], "value": str(failure)}
    if isinstance(failure, Unavailable):
        return {"exc_type": "Unavailable", "exc_path": "", "exc_args": [], "value": "unavailable; repeat it shortly"}
    return {"exc_type": "InternalError", "exc_path": "", "exc_args": [], "value": "internal error"}


rpc: Any = Rpc.decorator

__all__ = ["Caller", "Rpc", "RpcProxy", "rpc"]
