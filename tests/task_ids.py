"""Ids of tasks that were not submitted just now."""

from datetime import timedelta
from uuid import UUID

from services.contracts.task_ids import new_task_id


def task_id_of_age(**age: float) -> str:
    """The id of a task submitted so long ago, as ``timedelta`` takes it; a negative age is that of a fast clock."""
    milliseconds = timedelta(**age) // timedelta(milliseconds=1)
    return str(UUID(int=UUID(new_task_id()).int - (milliseconds << 80)))
