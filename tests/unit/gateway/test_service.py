"""What the service does with what it hears."""

from unittest.mock import Mock

from nameko.testing.services import worker_factory

from services.contracts.events import ITEMS_CHANGED, OPERATORS_CHANGED, TASKS_FINISHED
from services.gateway.gateway import Gateway
from services.gateway.service import GatewayService
from services.runtime.messaging.broadcasts import Listener
from tests.unit.gateway.stage import outcome


def test_it_passes_on_what_it_hears() -> None:
    gateway = Mock(spec=Gateway, live=Mock())
    service = worker_factory(GatewayService, gateway=gateway)
    finished = [outcome()]
    service.on_tasks_finished(finished)
    gateway.tasks_finished.assert_called_once_with(finished)
    service.on_items_changed([])
    gateway.items_changed.assert_called_once_with([])
    service.on_operators_changed([])
    gateway.operators_changed.assert_called_once_with([])
    service.on_connected()
    gateway.connected.assert_called_once_with()
    service.check_changed()
    gateway.live.check_changed.assert_called_once_with()
    service.check_all()
    gateway.live.check_all.assert_called_once_with()


def test_it_hears_the_three_events() -> None:
    entrypoints = [
        entrypoint
        for method in vars(GatewayService).values()
        for entrypoint in getattr(method, "nameko_entrypoints", ())
        if isinstance(entrypoint, Listener)
    ]
    assert {entrypoint.event for entrypoint in entrypoints} == {TASKS_FINISHED, ITEMS_CHANGED, OPERATORS_CHANGED}
