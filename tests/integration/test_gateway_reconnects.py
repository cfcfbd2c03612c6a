"""A gateway that loses its broker: what it remembered is void, and nobody misses an outcome."""

import eventlet
import pytest

from services.gateway.service import GatewayService
from services.info import operators
from services.info.service import InfoService
from services.runtime.http.server import HttpServer
from services.tasks.service import TasksService
from services.users.service import UsersService
from tests.client import Client
from tests.integration.loop import Gateway as Ears
from tests.integration.loop import Loop, held_up
from tests.proxy import Proxy
from tests.waiting import eventually


@pytest.fixture
def alice(loop: Loop, proxy: Proxy) -> Client:
    """At a gateway whose broker can be cut off; the rest of the loop, and another gateway, keep theirs."""
    loop.start(Ears, InfoService, UsersService, TasksService)
    (gateway,) = loop.start(GatewayService, amqp_uri=proxy.url(loop.amqp_uri), http_port=0)
    (server,) = (each for each in gateway.extensions if isinstance(each, HttpServer))
    return Client(f"http://127.0.0.1:{server.port}", "token-of-alice-for-the-tests")


def test_an_outcome_that_was_told_while_the_gateway_was_cut_off_reaches_its_sockets_and_those_who_wait(
    loop: Loop, proxy: Proxy, alice: Client
) -> None:
    ears = alice.live()
    with held_up(loop):
        waiting = eventlet.spawn(alice.run, "create_customer", {"name": "Ada"})
        eventually(loop.office.somebody_waits)
        proxy.stop()
    (told,) = eventually(lambda: loop.told)
    assert told["id"] not in ears.tasks
    assert not waiting.dead

    proxy.restore()

    assert waiting.wait()["id"] == told["id"]
    assert ears.outcome(told["id"])["result"] == told["result"]
    ears.close()


def test_a_revocation_that_the_gateway_did_not_hear_holds_as_soon_as_it_is_back(
    loop: Loop, proxy: Proxy, alice: Client
) -> None:
    ears = alice.live()
    assert alice.run("create_customer", {"name": "Ada"})["status"] == "succeeded"
    proxy.stop()
    with loop.office.pool.transaction() as tx:
        operators.disable(tx, "alice", "a test")
    assert alice.submit("create_customer", {"name": "Eve"})["http"] == 503

    proxy.restore()

    eventually(lambda: ears.closed == 4401)
    assert alice.submit("create_customer", {"name": "Eve"})["code"] == "not_authenticated"
    assert loop.office.value("SELECT count(*) FROM customer WHERE name = 'Eve'") == 0
