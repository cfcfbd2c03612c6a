"""Calls that wait for an outcome."""

from typing import Any

import eventlet
import pytest

from services.tasks.waiters import Waiters
from tests.unit.tasks.samples import a_task, an_outcome

LONG = 3_600.0
"""Longer than any test may last."""


@pytest.fixture
def waiters() -> Waiters:
    return Waiters(most=2)


def test_an_outcome_that_comes_before_the_wait_is_not_missed(waiters: Waiters) -> None:
    task = a_task()
    with waiters.expecting(task) as waiter:
        waiters.deliver([an_outcome(task)])
        assert waiter.wait(0) == an_outcome(task)


def test_an_outcome_ends_the_wait(waiters: Waiters) -> None:
    task = a_task()
    with waiters.expecting(task) as waiter:
        eventlet.spawn_after(0.02, waiters.deliver, [an_outcome(a_task()), an_outcome(task)])
        assert waiter.wait(LONG) == an_outcome(task)


def test_a_wait_ends_without_an_outcome_when_its_time_is_up(waiters: Waiters) -> None:
    with waiters.expecting(a_task()) as waiter:
        assert waiter.wait(0.02) is None


def test_an_outcome_that_nobody_waits_for_is_passed_over(waiters: Waiters) -> None:
    waiters.deliver([an_outcome(a_task())])


def test_a_wait_leaves_nothing_behind(waiters: Waiters) -> None:
    read: list[Any] = []
    with pytest.raises(RuntimeError), waiters.expecting(a_task()):
        raise RuntimeError
    waiters.read_again(lambda operator_id, task_id: read.append(task_id))
    assert read == []


def test_what_went_unheard_is_read(waiters: Waiters) -> None:
    task = a_task(operator_id=7)
    with waiters.expecting(task) as waiter:
        waiters.read_again(lambda operator_id, task_id: {(7, task["id"]): an_outcome(task)}[operator_id, task_id])
        assert waiter.wait(0) == an_outcome(task)


@pytest.mark.parametrize("read", [None, {"status": "accepted"}])
def test_a_task_that_has_not_ended_is_waited_for_still(waiters: Waiters, read: Any) -> None:
    task = a_task()
    with waiters.expecting(task) as waiter:
        waiters.read_again(lambda operator_id, task_id: read)
        assert waiter.wait(0) is None


def test_too_many_calls_do_not_wait(waiters: Waiters) -> None:
    first, second, third = a_task(), a_task(), a_task()
    with waiters.expecting(first), waiters.expecting(second):
        with waiters.expecting(third) as waiter:
            assert waiter.wait(LONG) is None
    with waiters.expecting(third) as waiter:
        waiters.deliver([an_outcome(third)])
        assert waiter.wait(0) == an_outcome(third)
