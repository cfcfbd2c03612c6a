"""How a container's extensions find what the host gave it: ``{"settings": Settings, "broker": Broker,
"monitoring": Monitoring}``."""

from typing import Any

from nameko.containers import ServiceContainer
from nameko.extensions import DependencyProvider

from services.runtime.messaging.broker import Broker
from services.runtime.settings import Settings
from services.runtime.telemetry.measures import Measures
from services.runtime.telemetry.monitoring import Monitoring


def settings_of(container: ServiceContainer) -> Settings:
    """The settings of this process."""
    settings: Settings = container.config["settings"]
    return settings


def broker_of(container: ServiceContainer) -> Broker:
    """The broker as this container sees it."""
    broker: Broker = container.config["broker"]
    return broker


def monitoring_of(container: ServiceContainer) -> Monitoring:
    """What this process tells of itself; the container's own when the host gave none."""
    monitoring: Monitoring = container.config.setdefault("monitoring", Monitoring())
    return monitoring


class Provider(DependencyProvider):
    """A dependency of a service, or of another dependency, which nameko alone does not foresee."""

    def bind(self, container: ServiceContainer, attr_name: str | None = None) -> Any:
        """Nameko: ``attr_name`` is the service's; another dependency states none."""
        return super().bind(container, attr_name)


class Config(Provider):
    """The settings as a dependency."""

    def get_dependency(self, worker_ctx: Any) -> Settings:
        """Called by nameko for each worker."""
        return settings_of(self.container)


class Metering(Provider):
    """The metrics of this process as a dependency."""

    def get_dependency(self, worker_ctx: Any) -> Measures:
        """Called by nameko for each worker."""
        return monitoring_of(self.container).measures
