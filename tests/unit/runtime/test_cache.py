"""Answers kept for a short while."""

import pytest

from services.runtime.cache import ExpiringCache


class Clock:
    """A clock that stands still until it is told."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Remote:
    """Answers from a dict, and counts."""

    def __init__(self, **answers: int) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def __call__(self, key: str) -> int:
        self.asked.append(key)
        return self.answers[key]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def remote() -> Remote:
    return Remote(a=1, b=2, c=3, negative=-1)


@pytest.fixture
def cache(clock: Clock) -> ExpiringCache[str, int]:
    return ExpiringCache(10.0, 2, lambda value: value > 0, clock)


def test_an_answer_is_asked_for_once(cache: ExpiringCache[str, int], remote: Remote) -> None:
    assert [cache.get("a", lambda: remote("a")) for _ in range(3)] == [1, 1, 1]
    assert remote.asked == ["a"]


def test_an_answer_is_kept_for_its_time_and_no_longer(
    cache: ExpiringCache[str, int], remote: Remote, clock: Clock
) -> None:
    cache.get("a", lambda: remote("a"))
    clock.now += 9.9
    cache.get("a", lambda: remote("a"))
    clock.now += 0.1
    cache.get("a", lambda: remote("a"))
    assert remote.asked == ["a", "a"]


def test_its_time_begins_before_it_is_asked_for(cache: ExpiringCache[str, int], remote: Remote, clock: Clock) -> None:
    def slow() -> int:
        clock.now += 7.0
        return remote("a")

    cache.get("a", slow)
    clock.now += 3.0
    cache.get("a", lambda: remote("a"))
    assert remote.asked == ["a", "a"]


def test_what_may_not_be_kept_is_answered_and_asked_for_again(cache: ExpiringCache[str, int], remote: Remote) -> None:
    assert [cache.get("negative", lambda: remote("negative")) for _ in range(2)] == [-1, -1]
    assert len(cache) == 0
    assert len(remote.asked) == 2


def test_a_failure_is_not_kept(cache: ExpiringCache[str, int], remote: Remote) -> None:
    with pytest.raises(KeyError):
        cache.get("unknown", lambda: remote("unknown"))
    assert len(cache) == 0


def test_the_oldest_makes_room(cache: ExpiringCache[str, int], remote: Remote) -> None:
    for key in ("a", "b", "c", "b", "a"):
        cache.get(key, lambda key=key: remote(key))  # type: ignore[misc]
    assert remote.asked == ["a", "b", "c", "a"]
    assert len(cache) == 2


def test_only_what_is_chosen_is_dropped(cache: ExpiringCache[str, int], remote: Remote) -> None:
    cache.get("a", lambda: remote("a"))
    cache.get("b", lambda: remote("b"))
    cache.drop(lambda value: value == 1)
    cache.get("b", lambda: remote("b"))
    cache.get("a", lambda: remote("a"))
    assert remote.asked == ["a", "b", "a"]


def test_a_drop_wins_over_an_answer_that_is_under_way(cache: ExpiringCache[str, int], remote: Remote) -> None:
    def dropped_meanwhile() -> int:
        value = remote("a")
        cache.drop(lambda value: value == 1)
        return value

    assert cache.get("a", dropped_meanwhile) == 1
    assert len(cache) == 0


def test_a_fresh_answer_replaces_the_kept_one(cache: ExpiringCache[str, int], remote: Remote) -> None:
    cache.get("a", lambda: remote("a"))
    remote.answers["a"] = 7
    assert cache.get("a", lambda: remote("a"), fresh=True) == 7
    assert cache.get("a", lambda: remote("a")) == 7
    assert remote.asked == ["a", "a"]
