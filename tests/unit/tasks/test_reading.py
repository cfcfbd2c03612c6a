"""How a task reads."""

from typing import Any

import pytest

from services.contracts.errors import Code, Refusal
from services.contracts.validation import Invalid
from services.tasks.reading import check_page, check_task_id, shown
from tests.task_ids import task_id_of_age


def test_a_recorded_task_reads_as_it_is_recorded() -> None:
    task = {"id": task_id_of_age(days=99), "status": "succeeded"}
    assert shown(task["id"], task) is task


@pytest.mark.parametrize("age", [-3_700, -200, 0, 3_600, 86_000])
def test_a_task_that_may_be_on_its_way_reads_as_accepted(age: float) -> None:
    task_id = task_id_of_age(seconds=age)
    assert shown(task_id, None) == {
        "id": task_id,
        "action": None,
        "status": "accepted",
        "operator": None,
        "data": None,
        "submitted_at": None,
        "finished_at": None,
        "result": None,
        "error": None,
    }


@pytest.mark.parametrize("age", [-87_000, 87_000])
def test_a_task_that_cannot_be_on_its_way_is_not_found(age: float) -> None:
    with pytest.raises(Refusal) as refusal:
        shown(task_id_of_age(seconds=age), None)
    assert refusal.value.code is Code.NOT_FOUND


@pytest.mark.parametrize("task_id", ["", "7", "6f9619ff-8b86-4d01-b42d-00c04fc964ff", None, 7, ["x"]])
def test_what_is_no_id_of_a_task_is_not_found(task_id: Any) -> None:
    with pytest.raises(Refusal) as refusal:
        check_task_id(task_id)
    assert refusal.value.code is Code.NOT_FOUND


@pytest.mark.parametrize("page", [(1, None, None), (200, "MDE5MmYx", "failed"), (50, None, "accepted")])
def test_a_page_within_bounds_is_asked_for(page: Any) -> None:
    check_page(*page)


@pytest.mark.parametrize(
    ("page", "paths"),
    [
        ((0, None, None), ["limit"]),
        ((201, None, None), ["limit"]),
        (("50", None, None), ["limit"]),
        ((True, None, None), ["limit"]),
        ((50, "", None), ["cursor"]),
        ((50, 7, None), ["cursor"]),
        ((50, "c" * 201, None), ["cursor"]),
        ((50, "\0", None), ["cursor"]),
        ((50, None, "done"), ["status"]),
        ((50, None, ["failed"]), ["status"]),
        ((0, 7, "done"), ["limit", "cursor", "status"]),
    ],
)
def test_every_fault_of_a_page_is_told(page: Any, paths: list[str]) -> None:
    with pytest.raises(Invalid) as invalid:
        check_page(*page)
    assert [fault.path for fault in invalid.value.faults] == paths
