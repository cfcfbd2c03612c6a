"""Calls and subscriptions are declared as the services have them, since permissions on the broker follow from it."""

import importlib
import inspect
from typing import Any

import pytest

from services.contracts.calls import ANSWERING, CALLS, SYSTEMS
from services.contracts.events import EVENTS, Service
from services.runtime.hosting import CLASSES
from services.runtime.messaging.batches import BatchConsumer
from services.runtime.messaging.broadcasts import Listener
from services.runtime.rpc.client import RpcProxy
from services.runtime.rpc.server import Rpc
from tests.documents import ROOT


def service_class(service: Service) -> Any:
    module, _, name = CLASSES[service].partition(":")
    return getattr(importlib.import_module(module), name)


def entrypoints(service: Service, kind: type) -> list[tuple[str, Any]]:
    """The service's entrypoints of a kind, with the names of their methods."""
    methods = inspect.getmembers(service_class(service), inspect.isfunction)
    return [
        (name, each)
        for name, method in methods
        for each in getattr(method, "nameko_entrypoints", ())
        if isinstance(each, kind)
    ]


@pytest.mark.parametrize("service", Service)
def test_a_service_hears_the_events_that_name_it(service: Service) -> None:
    assert {each.event for _, each in entrypoints(service, Listener)} == {e for e in EVENTS if service in e.subscribers}
    assert {each.event for _, each in entrypoints(service, BatchConsumer)} == {
        e for e in EVENTS if e.listener is service
    }


def test_every_method_that_is_called_is_there_and_every_one_that_is_there_is_called() -> None:
    called = {(service, method) for calls in CALLS.values() for service, methods in calls.items() for method in methods}
    there = {(service, name) for service in Service for name, _ in entrypoints(service, Rpc)}
    assert called == there
    assert {service for service, _ in there} == set(ANSWERING)


@pytest.mark.parametrize("caller", [caller for caller in CALLS if caller != SYSTEMS])
def test_a_service_names_every_method_that_it_calls(caller: str) -> None:
    """No other service is called, and every method that is declared stands in its code."""
    code = "".join(file.read_text() for file in (ROOT / "services" / caller).rglob("*.py"))
    assert [method for methods in CALLS[caller].values() for method in methods if f'"{method}"' not in code] == []
    members = [each for _, each in inspect.getmembers(importlib.import_module(f"services.{caller}.service"))]
    classes = [each for each in members if inspect.isclass(each)]
    proxies = {p.service for each in classes for _, p in inspect.getmembers(each) if isinstance(p, RpcProxy)}
    assert proxies == set(CALLS[caller])
