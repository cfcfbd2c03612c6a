"""The service: what it listens to, and the HTTP server in front of it."""

import logging
from collections.abc import Sequence
from typing import Any

from nameko.extensions import DependencyProvider

from services.contracts.events import ITEMS_CHANGED, OPERATORS_CHANGED, TASKS_FINISHED, Event, Service
from services.contracts.tasks import ItemChange, OperatorChange, Outcome
from services.gateway.app import create_app
from services.gateway.gateway import Gateway
from services.gateway.problems import server_problem
from services.runtime.configuration import monitoring_of, settings_of
from services.runtime.finishing import Finishing
from services.runtime.http.server import HttpServer
from services.runtime.messaging.broadcasts import connected, listen
from services.runtime.messaging.broker_link import BrokerLink
from services.runtime.messaging.events import Events
from services.runtime.rpc.server import RpcProxy
from services.runtime.telemetry.tracing import Traced, tracing_of
from services.runtime.timer import every

log = logging.getLogger(__name__)


class Edge(DependencyProvider, Finishing):
    """The one ``Gateway`` of a container, and its HTTP server."""

    server = HttpServer()
    link = BrokerLink()
    events = Events()
    users = RpcProxy("users")
    tasks = RpcProxy("tasks")

    def setup(self) -> None:
        """Nameko: before any extension starts."""
        self.gateway = Gateway(
            settings_of(self.container),
            self,
            self.users.client(),
            self.tasks.client(),
            monitoring_of(self.container),
            lambda: self.link.broker.connected,
            tracing_of(self.container),
        )

    def say(self, event: Event, entries: Sequence[Any]) -> None:
        """The ``Speaker`` that the gateway is given; the events' own provider may be set up after this one."""
        self.events.get_dependency(None).say(event, entries)

    def start(self) -> None:
        """Nameko: take requests. Until the broker is there they are answered with ``unavailable``."""
        self.server.serve(create_app(self.gateway), server_problem)

    def finish(self, seconds: float) -> None:
        """Before anything stops (``Finishing``): no more requests, and outcomes for those that wait for them."""
        self.gateway.close()
        self.server.drain(seconds)

    def stop(self) -> None:
        """Nameko: finish the requests in hand; nothing is heard any more, so nobody waits."""
        self.gateway.drain()
        self.server.drain(settings_of(self.container).drain_seconds)

    def get_dependency(self, worker_ctx: Any) -> Gateway:
        """Nameko: for each worker."""
        return self.gateway


class GatewayService:
    """The edge: HTTP and WebSocket outside, events and RPC inside, no business rule."""

    name = Service.GATEWAY.value
    gateway = Edge()
    traced = Traced()

    @listen(TASKS_FINISHED)
    def on_tasks_finished(self, outcomes: list[Outcome]) -> None:
        """Answer those who wait, push to those who are connected."""
        self.gateway.tasks_finished(outcomes)

    @listen(ITEMS_CHANGED)
    def on_items_changed(self, changes: list[ItemChange]) -> None:
        """Push to those who may see it."""
        self.gateway.items_changed(changes)

    @listen(OPERATORS_CHANGED)
    def on_operators_changed(self, changes: list[OperatorChange]) -> None:
        """Forget who they were, close what has ended."""
        self.gateway.operators_changed(changes)

    @connected
    def on_connected(self) -> None:
        """Catch up on what went unheard."""
        self.gateway.connected()

    @every(0.5)
    def check_changed(self) -> None:
        """Check the connections of operators that changed a moment ago."""
        self.gateway.live.check_changed()

    @every(30)
    def check_all(self) -> None:
        """Check every connection."""
        self.gateway.live.check_all()
