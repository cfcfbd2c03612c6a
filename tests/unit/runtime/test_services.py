"""What the services are made of."""

import pytest
from nameko.containers import ServiceContainer

from services.contracts.events import Service
from services.runtime import hosting
from services.runtime.inprocess.broker import InProcessBroker
from services.runtime.rpc.server import RpcProxy
from services.runtime.settings import Settings


@pytest.mark.parametrize("service", list(Service))
def test_no_service_calls_itself(service: Service) -> None:
    """Its calls would wait for the very workers that make them."""
    broker = InProcessBroker().connection(service)
    container = ServiceContainer(hosting._load(service), {"settings": Settings(), "broker": broker})
    called = {extension.service for extension in container.extensions if isinstance(extension, RpcProxy)}
    assert service.value not in called
    assert called <= {each.value for each in Service}
