"""Calls in Nameko's protocol, malformed ones among them."""

from typing import Any

import amqp
import pytest
from nameko.containers import ServiceContainer
from nameko.exceptions import IncorrectSignature, MethodNotFound, RemoteError
from nameko.standalone.rpc import ClusterRpcProxy
from nameko.testing.services import entrypoint_hook

from services.contracts.errors import Code, Refusal
from services.runtime.messaging.broker import NotAccepted
from services.runtime.rpc.client import RemoteFailure, Replies, RpcTimeout
from tests.integration.runtime.services_under_test import NOBODY, alive, call, ids, seen, submit
from tests.proxy import Proxy
from tests.waiting import PATIENCE, eventually


@pytest.mark.parametrize(
    ("body", "headers", "properties"),
    [
        ({"args": [1], "kwargs": {}}, None, {}),
        ({"args": [1], "kwargs": {}}, {"nameko.call_id_stack": "abc"}, {"reply_to": NOBODY}),
        ({"args": [1], "kwargs": {}}, {"nameko.call_id_stack": [1, None]}, {"reply_to": NOBODY}),
        ({"args": [1], "kwargs": {}}, None, {"reply_to": NOBODY, "content": "application/x-python-serialize"}),
        (b"\xff", None, {"reply_to": NOBODY}),
        (b"[" * 50_000, None, {"reply_to": NOBODY}),
        (b'{"args":[1e99999999999999999999],"kwargs":{}}', None, {"reply_to": NOBODY}),
        ([], None, {"reply_to": NOBODY}),
        ({"args": 1, "kwargs": 2}, None, {"reply_to": NOBODY}),
        ({"args": [1, 2, 3], "kwargs": {"self": 1}}, None, {"reply_to": NOBODY}),
    ],
)
def test_a_malformed_call_does_not_stop_the_service(
    info: ServiceContainer, channel: amqp.Channel, amqp_uri: str, body: Any, headers: Any, properties: dict[str, Any]
) -> None:
    call(channel, "info.answer", body, headers, **properties)
    with ClusterRpcProxy({"AMQP_URI": amqp_uri}, timeout=PATIENCE) as cluster:
        assert cluster.info.answer(1) == 2
    assert alive(info)


def test_any_nameko_client_is_answered_and_told_what_is_wrong_with_its_call(
    info: ServiceContainer, amqp_uri: str
) -> None:
    with ClusterRpcProxy({"AMQP_URI": amqp_uri}, timeout=PATIENCE) as cluster:
        assert cluster.info.answer(1) == 2
        with pytest.raises(MethodNotFound):
            cluster.info.nothing()
        with pytest.raises(IncorrectSignature):
            cluster.info.answer()
        with pytest.raises(IncorrectSignature):
            cluster.info.answer(1, 2)
        with pytest.raises(RemoteError, match="level_too_low"):
            cluster.info.answer(-1)
        with pytest.raises(RemoteError) as failure:
            cluster.info.answer(13)
        assert "hunter2" not in str(failure.value)
        with pytest.raises(RemoteError, match="internal error"):
            cluster.info.object()


def test_an_amount_arrives_exactly_as_it_was_written(info: ServiceContainer, amqp_uri: str) -> None:
    with ClusterRpcProxy({"AMQP_URI": amqp_uri}, timeout=PATIENCE) as cluster:
        assert cluster.info.exactly(250.10) == "250.1"
        assert cluster.info.exactly(0.07) == "0.07"


def test_a_refusal_crosses_as_code_and_parameters(tasks: ServiceContainer, info: ServiceContainer) -> None:
    with entrypoint_hook(tasks, "ask") as ask:
        with pytest.raises(Refusal) as refusal:
            ask(-1)
        with pytest.raises(RemoteFailure):
            ask(13)
    assert refusal.value.code is Code.LEVEL_TOO_LOW
    assert refusal.value.params == {"required": 2, "yours": 1}


def test_a_call_to_a_service_that_does_not_answer_ends_in_time_and_leaves_no_entry(
    tasks: ServiceContainer, info: ServiceContainer
) -> None:
    with entrypoint_hook(tasks, "ask_slowly") as ask_slowly:
        with pytest.raises(RpcTimeout):
            ask_slowly(4.0)  # an answer that was waited for would come
    assert replies(tasks)._waiting == {}


def test_a_call_that_cannot_be_published_fails_and_leaves_no_entry(tasks: ServiceContainer, proxy: Proxy) -> None:
    proxy.stop()
    eventually(lambda: not tasks.config["broker"].connected)
    with entrypoint_hook(tasks, "ask") as ask, pytest.raises(NotAccepted):
        ask(1)
    assert replies(tasks)._waiting == {}
    proxy.restore()
    eventually(lambda: tasks.config["broker"].connected)


def replies(container: ServiceContainer) -> Replies:
    return next(extension for extension in container.extensions if isinstance(extension, Replies))


def test_calls_that_wait_do_not_starve_the_loop(
    tasks: ServiceContainer, info: ServiceContainer, channel: amqp.Channel
) -> None:
    for _ in range(150):
        call(channel, "tasks.ask_slowly", {"args": [5], "kwargs": {}}, reply_to=NOBODY)
    tasks_calls = next(e for e in tasks.entrypoints if e.method_name == "ask_slowly").calls
    eventually(lambda: len(tasks._worker_threads) > 10)
    submit(channel, 1)
    eventually(lambda: ids(seen.batches) == [1])
    eventually(lambda: tasks_calls._slots.balance >= 0 and tasks_calls._inbox.empty())


def test_who_calls_is_told_by_the_broker_and_cannot_be_stated(info: ServiceContainer, amqp_uri: str) -> None:
    with ClusterRpcProxy({"AMQP_URI": amqp_uri}, timeout=PATIENCE) as cluster:
        user_id, service = cluster.info.who()
        assert user_id is None
        assert service == "standalone_rpc_proxy"
        with pytest.raises(Exception, match="args"):
            cluster.info.who(caller="tasks")
