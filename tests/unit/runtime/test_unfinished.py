"""How many unfinished tasks of an operator are accepted."""

import threading
from typing import Any

import eventlet
import pytest

from services.contracts.errors import Code, Refusal
from services.contracts.task_ids import new_task_id
from services.contracts.tasks import Outcome, Task, now_text
from services.runtime.unfinished import CHARACTERS_PER_TASK, COUNTED_SECONDS, Unfinished


class Clock:
    """A clock that is set by hand."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


clock = Clock()


@pytest.fixture
def unfinished() -> Unfinished:
    return Unfinished(3, 2, 0, clock)


def a_task(operator_id: int = 1, action: str = "create_customer", characters: int = 0) -> Task:
    return Task(
        id=new_task_id(),
        action=action,
        data={"text": "x" * characters},
        operator_id=operator_id,
        session="s",
        submitted_at=now_text(),
    )


def outcome(task: Task) -> Outcome:
    return {
        "id": task["id"],
        "action": task["action"],
        "status": "failed",
        "operator": {"id": task["operator_id"], "name": "Ada", "role": "Admin"},
        "data": {},
        "submitted_at": now_text(),
        "finished_at": now_text(),
        "result": None,
        "error": None,
    }


def accept(unfinished: Unfinished, task: Task) -> Task:
    assert unfinished.accept(task, lambda: (task["id"], task["submitted_at"])) == (task["id"], task["submitted_at"])
    return task


def is_full(unfinished: Unfinished, operator_id: int = 1, action: str = "create_customer") -> bool:
    """Whether a further task is refused. It is never published."""
    task = a_task(operator_id, action)

    def fail() -> tuple[str, str]:
        raise Refusal(Code.UNAVAILABLE, {"accepted": "no"})

    with pytest.raises(Refusal) as caught:
        unfinished.accept(task, fail)
    if caught.value.code is Code.TOO_MANY_REQUESTS:
        assert caught.value.params == {"retry_after": 1}
    return caught.value.code is Code.TOO_MANY_REQUESTS


def test_further_tasks_are_refused_until_one_has_finished(unfinished: Unfinished) -> None:
    tasks = [accept(unfinished, a_task()) for _ in range(3)]
    assert is_full(unfinished)
    unfinished.finished([outcome(tasks[1])])
    assert not is_full(unfinished)
    accept(unfinished, a_task())
    assert is_full(unfinished)


def test_tasks_that_only_read_and_other_operators_are_counted_apart(unfinished: Unfinished) -> None:
    looks = [accept(unfinished, a_task(action="list_queue")) for _ in range(2)]
    assert is_full(unfinished, action="search_items")
    assert not is_full(unfinished)
    assert not is_full(unfinished, 2, "search_items")
    unfinished.finished([outcome(looks[0])])
    assert not is_full(unfinished, action="search_items")


def test_outcomes_that_come_twice_or_of_tasks_that_others_accepted_change_nothing(unfinished: Unfinished) -> None:
    tasks = [accept(unfinished, a_task()) for _ in range(3)]
    unfinished.finished([outcome(a_task()), outcome(a_task(2)), outcome(tasks[0]), outcome(tasks[0])])
    accept(unfinished, a_task())
    assert is_full(unfinished)


@pytest.mark.parametrize(("params", "counts"), [({"accepted": "no"}, False), ({"accepted": "unknown"}, True)])
def test_a_task_that_may_have_been_accepted_counts_and_one_that_was_not_does_not(
    params: dict[str, Any], counts: bool
) -> None:
    unfinished = Unfinished(1, 1, 0)

    def fail() -> tuple[str, str]:
        raise Refusal(Code.UNAVAILABLE, params)

    with pytest.raises(Refusal, match="unavailable"):
        unfinished.accept(a_task(), fail)
    assert is_full(unfinished) == counts


def test_a_task_that_stands_for_an_earlier_one_by_its_key_does_not_count(unfinished: Unfinished) -> None:
    for _ in range(5):
        assert unfinished.accept(a_task(), lambda: ("earlier", "then")) == ("earlier", "then")


def test_an_outcome_before_the_publisher_returns_is_not_missed(unfinished: Unfinished) -> None:
    for _ in range(5):
        task = a_task()

        def publish(task: Task = task) -> tuple[str, str]:
            unfinished.finished([outcome(task)])
            return task["id"], task["submitted_at"]

        unfinished.accept(task, publish)


def test_a_task_whose_outcome_never_comes_stops_counting(unfinished: Unfinished) -> None:
    for _ in range(3):
        accept(unfinished, a_task())
    clock.now += COUNTED_SECONDS - 1
    assert is_full(unfinished)
    clock.now += 1
    assert not is_full(unfinished)


def test_when_outcomes_may_have_been_missed_none_counts(unfinished: Unfinished) -> None:
    for _ in range(3):
        accept(unfinished, a_task())
    unfinished.forget_all()
    assert not is_full(unfinished)


def test_nothing_is_kept_of_operators_whose_tasks_have_finished(unfinished: Unfinished) -> None:
    unfinished.finished([outcome(accept(unfinished, a_task(operator_id))) for operator_id in range(50)])
    assert unfinished._lanes == {}


def waiting(unfinished: Unfinished, task: Task) -> eventlet.greenthread.GreenThread:
    """A submission in a greenlet of its own, which has begun."""
    accepting = eventlet.spawn(accept, unfinished, task)
    eventlet.sleep(0)
    return accepting


def test_a_submission_without_room_waits_for_it_and_is_published_in_its_turn() -> None:
    unfinished = Unfinished(1, 1, 2)
    tasks = [a_task() for _ in range(3)]
    accept(unfinished, tasks[0])
    second, third = waiting(unfinished, tasks[1]), waiting(unfinished, tasks[2])
    assert is_full(unfinished)
    unfinished.finished([outcome(tasks[0])])
    assert second.wait() == tasks[1]
    assert not third.dead
    unfinished.finished([outcome(tasks[1])])
    assert third.wait() == tasks[2]


def test_a_submission_that_came_later_does_not_take_the_room_of_one_that_waits() -> None:
    unfinished = Unfinished(1, 1, 2)
    first = accept(unfinished, a_task())
    second = waiting(unfinished, a_task())
    unfinished.finished([outcome(first)])
    later = waiting(unfinished, a_task())
    second.wait()
    assert not later.dead
    unfinished.forget_all()
    later.wait()


def test_a_wait_that_ends_without_room_is_refused_and_leaves_nothing() -> None:
    unfinished = Unfinished(1, 1, 1)
    first = accept(unfinished, a_task())
    with pytest.raises(Refusal, match="too_many_requests"):
        unfinished.accept(a_task(), lambda: ("never", "published"), 0.01)
    unfinished.finished([outcome(first)])
    assert unfinished._lanes == {}


def test_room_that_comes_at_the_very_end_of_a_wait_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    unfinished = Unfinished(1, 1, 1)
    first = accept(unfinished, a_task())

    def time_out(event: threading.Event, seconds: float | None = None) -> bool:
        unfinished.finished([outcome(first)])
        return False

    monkeypatch.setattr(threading.Event, "wait", time_out)
    accept(unfinished, a_task())


def test_a_task_that_was_not_published_makes_room_for_one_that_waits() -> None:
    unfinished = Unfinished(1, 1, 1)
    blocked = eventlet.event.Event()

    def fail() -> tuple[str, str]:
        blocked.wait()
        raise Refusal(Code.UNAVAILABLE, {"accepted": "no"})

    failing = eventlet.spawn(unfinished.accept, a_task(), fail)
    eventlet.sleep(0)
    second = waiting(unfinished, a_task())
    blocked.send()
    second.wait()
    with pytest.raises(Refusal, match="unavailable"):
        failing.wait()


def test_a_task_with_long_texts_counts_for_several_and_is_accepted_when_it_is_the_only_one() -> None:
    unfinished = Unfinished(3, 1, 0)
    large = accept(unfinished, a_task(characters=100 * CHARACTERS_PER_TASK))
    assert is_full(unfinished)
    unfinished.finished([outcome(large)])
    accept(unfinished, a_task(characters=CHARACTERS_PER_TASK))
    small = accept(unfinished, a_task())
    assert is_full(unfinished)
    unfinished.finished([outcome(small)])
    assert not is_full(unfinished)


def test_when_a_large_submission_has_waited_in_vain_a_small_one_behind_it_is_accepted() -> None:
    unfinished = Unfinished(2, 1, 2)
    accept(unfinished, a_task())
    large = a_task(characters=CHARACTERS_PER_TASK)
    refused = eventlet.spawn(unfinished.accept, large, lambda: ("never", "published"), 0.05)
    eventlet.sleep(0)
    small = waiting(unfinished, a_task())
    with pytest.raises(Refusal, match="too_many_requests"):
        refused.wait()
    small.wait()


def test_claiming_by_filters_is_counted_with_what_reads(unfinished: Unfinished) -> None:
    def claim(**filters: Any) -> Task:
        task = a_task(action="get_task")
        task["data"] = {"type": "transfer", **filters}
        return task

    accept(unfinished, claim(words=["gbp"]))
    accept(unfinished, a_task(action="get_customer"))
    with pytest.raises(Refusal):
        accept(unfinished, claim(words=["gbp"]))
    accept(unfinished, claim())
