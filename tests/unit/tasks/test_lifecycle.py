"""What is to be done with submitted tasks."""

from typing import Any

import pytest

from services.contracts.tasks import OperatorState, Task
from services.tasks.lifecycle import Plan, plan
from tests.unit.tasks.samples import a_task, an_operator

NOBODY: dict[int, OperatorState] = {}
ALICE = {1: an_operator(1)}


class Directory:
    """Operators as they are remembered, and as they are now."""

    def __init__(self, remembered: dict[int, OperatorState], now: dict[int, OperatorState] | None = None) -> None:
        self.remembered = remembered
        self.now = remembered if now is None else now
        self.fresh = 0

    def __call__(self, operator_id: int, *, fresh: bool = False) -> OperatorState | None:
        self.fresh += fresh
        return (self.now if fresh else self.remembered).get(operator_id)


def planned(*tasks: Task, find: Directory | None = None, synchronous: str = "") -> Plan:
    return plan(tasks, find or Directory(ALICE), lambda role: role == synchronous)


def refusals(made: Plan) -> list[Any]:
    return [operation["refusal"]["code"] if "refusal" in operation else None for operation in made.operations]


def test_tasks_are_requested_in_the_order_of_their_submission() -> None:
    tasks = [a_task() for _ in range(5)]
    assert planned(*tasks) == Plan(operations=[{"task": task} for task in tasks])


def test_what_is_asked_goes_on_unchanged() -> None:
    task: Task = {**a_task(), "recorded": True, "replay_of": "0192f1c4-0000-7000-8000-000000000001"}
    (operation,) = planned(task).operations
    assert operation["task"] is task


@pytest.mark.parametrize("action", ["no_such_action", "", "login", "logout"])
def test_an_action_that_is_no_task_is_refused(action: str) -> None:
    assert refusals(planned(a_task(action))) == ["unknown_action"]


def test_a_role_that_may_not_is_refused() -> None:
    made = planned(a_task("review_transfer", id=1, approved=True))
    assert made.operations[0]["refusal"] == {"code": "not_permitted", "number": 4031, "params": {}}


def test_wrong_data_is_refused_with_every_fault() -> None:
    (operation,) = planned(a_task("create_transfer", cid=0, amount="-1", colour="red")).operations
    assert operation["refusal"]["code"] == "invalid_request"
    faults = operation["refusal"]["params"]["faults"]
    assert {entry["path"] for entry in faults} == {"task.data.cid", "task.data.amount", "task.data.colour"}


def test_a_bad_task_leaves_its_neighbours_alone() -> None:
    tasks = [a_task(), a_task("no_such_action"), a_task()]
    made = planned(*tasks)
    assert refusals(made) == [None, "unknown_action", None]
    assert [operation["task"] for operation in made.operations] == tasks


def test_nobody_is_refused_from_memory() -> None:
    promoted = Directory({1: an_operator(1, "Service")}, ALICE)
    assert refusals(planned(a_task(), find=promoted)) == [None]


def test_who_is_permitted_is_not_asked_for_again() -> None:
    find = Directory(ALICE)
    planned(a_task(), find=find)
    assert find.fresh == 0


@pytest.mark.parametrize("find", [Directory(NOBODY), Directory({1: an_operator(1, "Service")}, NOBODY)])
def test_without_an_answer_of_users_info_decides(find: Directory) -> None:
    assert refusals(planned(a_task(), find=find)) == [None]


def test_a_disabled_operator_is_left_to_info() -> None:
    assert refusals(planned(a_task(), find=Directory({1: an_operator(active=False)}))) == [None]


def test_tasks_of_a_synchronous_role_are_executed_by_call_in_their_order() -> None:
    find = Directory({1: an_operator(1), 2: an_operator(2, "Compliance")})
    decisions = [a_task("review_transfer", 2, id=number, approved=True) for number in (1, 2, 3)]
    creation = a_task()
    made = planned(decisions[0], creation, *decisions[1:], find=find, synchronous="Compliance")
    assert made.calls == decisions
    assert made.operations == [{"task": creation}]


def test_a_refused_task_of_a_synchronous_role_is_stored_like_any_other() -> None:
    made = planned(a_task("create_transfer", cid=0, amount="1"), synchronous="Admin")
    assert made.calls == []
    assert refusals(made) == ["invalid_request"]


def test_when_nobody_knows_the_role_the_task_is_requested() -> None:
    made = planned(a_task(), find=Directory(NOBODY), synchronous="Admin")
    assert (len(made.operations), made.calls) == (1, [])
