"""What ``tasks`` needs from the outside, so that its parts can be given fakes."""

from collections.abc import Sequence
from typing import Any, Protocol

from services.contracts.events import Event


class RemoteService(Protocol):
    """Another service's RPC methods (``services.runtime.rpc.client.ServiceClient``)."""

    def call(self, method: str, *args: Any, timeout: float | None = None, **kwargs: Any) -> Any:
        """The method's result. Raises ``Refusal``, ``Unavailable`` or ``RemoteFailure``."""


class Speaker(Protocol):
    """Says this service's events (``services.runtime.messaging.events.Speaker``)."""

    def say(self, event: Event, entries: Sequence[Any]) -> None:
        """Returns when confirmed. Raises ``NotAccepted`` or ``Unconfirmed``."""
