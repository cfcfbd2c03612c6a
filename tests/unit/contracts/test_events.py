import pytest

from services.contracts.events import OPERATIONS_DONE, TASKS_FINISHED


def test_an_event_that_each_replica_hears_has_no_shared_queue() -> None:
    assert OPERATIONS_DONE.queue == "tasks.operations_done"
    with pytest.raises(ValueError, match="no shared queue"):
        _ = TASKS_FINISHED.queue
