"""What all workers of a service share."""

from collections.abc import Callable
from typing import Any

from nameko.containers import ServiceContainer
from nameko.extensions import DependencyProvider


class Singleton(DependencyProvider):
    """One object a container, which ``make`` makes of it before any extension starts."""

    def __init__(self, make: Callable[[ServiceContainer], Any]) -> None:
        self._make = make

    def setup(self) -> None:
        """Nameko: before any extension starts."""
        self._made = self._make(self.container)

    def get_dependency(self, worker_ctx: Any) -> Any:
        """Nameko: for each worker."""
        return self._made
