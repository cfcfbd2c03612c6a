"""What waits for clients, counted for all of them."""

from services.runtime.http.backlog import Backlog


class Client:
    """One that may be cut."""

    def __init__(self, cut: list["Client"]) -> None:
        self._cut = cut

    def cut(self) -> None:
        self._cut.append(self)


def clients(count: int) -> tuple[list[Client], list[Client]]:
    cut: list[Client] = []
    return [Client(cut) for _ in range(count)], cut


def test_within_its_bound_nobody_is_cut() -> None:
    (first, second), cut = clients(2)
    backlog = Backlog(100)
    backlog.add(first.cut, 50)
    backlog.add(second.cut, 50)
    assert (backlog.bytes, cut) == (100, [])


def test_beyond_it_those_are_cut_who_have_kept_theirs_waiting_longest() -> None:
    (first, second, third), cut = clients(3)
    backlog = Backlog(100)
    backlog.add(first.cut, 50)
    backlog.add(second.cut, 50)
    backlog.remove(first.cut, 10)  # it reads
    backlog.add(third.cut, 40)
    assert cut == [second]
    assert backlog.bytes == 80


def test_whoever_brings_too_much_alone_is_cut() -> None:
    (only,), cut = clients(1)
    backlog = Backlog(100)
    with backlog.waiting(only.cut, 200):
        assert cut == [only]
    assert backlog.bytes == 0


def test_what_is_dropped_twice_counts_once() -> None:
    (only,), _ = clients(1)
    backlog = Backlog(100)
    backlog.add(only.cut, 60)
    backlog.remove(only.cut, 60)
    backlog.remove(only.cut, 60)
    assert backlog.bytes == 0
