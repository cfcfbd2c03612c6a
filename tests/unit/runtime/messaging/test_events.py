import pytest

from services.contracts.events import OPERATIONS_REQUESTED, Service
from services.runtime.messaging.events import Speaker


def test_events_of_another_service_cannot_be_said() -> None:
    with pytest.raises(ValueError, match="does not say"):
        Speaker(Service.GATEWAY, None, 1).say(OPERATIONS_REQUESTED, [])  # type: ignore[arg-type]
