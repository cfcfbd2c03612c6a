"""A broker that is away, cut off or silent is waited for."""

import amqp
import eventlet
import pytest
from nameko.containers import ServiceContainer
from nameko.standalone.rpc import ClusterRpcProxy
from nameko.testing.services import entrypoint_hook

from services.runtime.amqp.broker import AmqpBroker
from services.runtime.settings import Settings
from tests.integration.runtime.services_under_test import NOBODY, Tasks, alive, call, ids, seen, submit
from tests.proxy import Proxy
from tests.waiting import PATIENCE, eventually


def test_a_service_that_starts_without_a_broker_waits_for_it(proxy: Proxy, amqp_uri: str) -> None:
    seen.forget()
    proxy.stop()
    settings = Settings(amqp_uri=proxy.url(amqp_uri))
    broker = AmqpBroker(proxy.url(amqp_uri), "late")
    container = ServiceContainer(Tasks, {"settings": settings, "broker": broker, "max_workers": 50})
    starting = eventlet.spawn(container.start)
    eventlet.sleep(2.5)
    assert not starting.dead
    assert alive(container)
    proxy.restore()
    starting.wait()
    assert broker.connected
    container.stop()


def test_after_a_reconnection_events_are_heard_again_and_the_service_is_told(
    tasks: ServiceContainer, proxy: Proxy
) -> None:
    eventually(lambda: seen.connections == 1)
    proxy.cut()
    eventually(lambda: seen.connections == 2)
    eventually(lambda: tasks.config["broker"].connected)
    with entrypoint_hook(tasks, "finish") as finish:
        finish([1, 2, 3])
    eventually(lambda: [entry["id"] for entry in seen.heard] == [1, 2, 3])


def test_an_acknowledgement_on_a_reset_connection_does_not_kill_the_container(
    tasks: ServiceContainer, proxy: Proxy, channel: amqp.Channel
) -> None:
    for round_ in range(3):
        seen.gate = eventlet.event.Event()
        submit(channel, round_)
        eventually(lambda: round_ in ids(seen.batches))  # noqa: B023
        proxy.cut()
        seen.gate.send()
        eventually(lambda: ids(seen.batches).count(round_) >= 2)  # noqa: B023
    assert alive(tasks)


def test_the_broker_away_while_a_reply_is_due_does_not_kill_the_container(
    info: ServiceContainer, proxy: Proxy, channel: amqp.Channel, amqp_uri: str
) -> None:
    call(channel, "info.sleep", {"args": [1.0], "kwargs": {}}, reply_to=NOBODY)
    eventlet.sleep(0.3)
    proxy.stop()
    eventlet.sleep(4)
    assert alive(info)
    proxy.restore()
    eventually(lambda: info.config["broker"].connected)
    with ClusterRpcProxy({"AMQP_URI": amqp_uri}, timeout=PATIENCE) as cluster:
        assert cluster.info.answer(1) == 2


def test_a_silent_broker_is_noticed_by_its_missing_heartbeats(
    tasks: ServiceContainer, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.runtime.amqp.link.HEARTBEAT", 1)
    proxy.cut()
    eventually(lambda: seen.connections == 2)
    proxy.silence()
    eventually(lambda: not tasks.config["broker"].connected)
    proxy.restore()
    eventually(lambda: tasks.config["broker"].connected)
