"""The operators in memory."""

from typing import Any

import pytest

from services.contracts.errors import Code, Refusal
from services.contracts.tasks import Identity, OperatorState
from services.users.directory import EVERYONE, Directory, check_name


def identity(operator_id: int = 1, session: str | None = "s1", name: str = "Alice") -> Identity:
    return {"id": operator_id, "name": name, "role": "Admin", "level": 1, "session": session}


def operator(operator_id: int = 1, *, active: bool = True) -> OperatorState:
    return {"id": operator_id, "name": "Alice", "role": "Admin", "level": 1, "active": active}


class Info:
    """Answers from a dict, and counts."""

    def __init__(self, answers: dict[Any, Any]) -> None:
        self.answers = answers
        self.asked: list[Any] = []

    def __call__(self, subject: Any) -> Any:
        self.asked.append(subject)
        answer = self.answers.get(subject)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def directory() -> Directory:
    return Directory()


def test_a_logged_in_operator_is_identified_from_memory(directory: Directory) -> None:
    info = Info({"hash": identity()})
    assert [directory.identify("hash", info)["id"] for _ in range(3)] == [1, 1, 1]
    assert info.asked == ["hash"]


def test_an_answer_is_kept_for_ten_seconds() -> None:
    now = [0.0]
    directory = Directory(lambda: now[0])
    info = Info({"hash": identity()})
    for now[0] in (0.0, 9.99, 10.0):
        directory.identify("hash", info)
    assert len(info.asked) == 2


def test_an_unknown_token_is_refused_and_asked_for_again(directory: Directory) -> None:
    info = Info({})
    for _ in range(2):
        with pytest.raises(Refusal) as refusal:
            directory.identify("unknown", info)
        assert refusal.value.code is Code.NOT_AUTHENTICATED
    assert info.asked == ["unknown", "unknown"]


def test_who_logs_in_is_not_remembered_as_logged_out(directory: Directory) -> None:
    info = Info({"hash": identity(session=None)})
    assert directory.identify("hash", info)["session"] is None
    info.answers["hash"] = identity(session="s2")
    assert directory.identify("hash", info)["session"] == "s2"


def test_a_failure_passes_through_and_is_not_remembered(directory: Directory) -> None:
    info = Info({"hash": TimeoutError()})
    with pytest.raises(TimeoutError):
        directory.identify("hash", info)
    info.answers["hash"] = identity()
    assert directory.identify("hash", info)["id"] == 1


def test_a_change_drops_the_operator_and_nobody_else(directory: Directory) -> None:
    info = Info({"a": identity(1), "b": identity(2), 1: operator(1), 2: operator(2)})
    for token in ("a", "b"):
        directory.identify(token, info)
    for operator_id in (1, 2):
        directory.operator(operator_id, info)
    info.asked.clear()

    directory.forget({1})

    for token in ("a", "b"):
        directory.identify(token, info)
    for operator_id in (1, 2):
        directory.operator(operator_id, info)
    assert info.asked == ["a", 1]


def test_a_change_of_everyone_drops_all(directory: Directory) -> None:
    info = Info({"a": identity(1), "b": identity(2), 3: operator(3)})
    directory.identify("a", info)
    directory.identify("b", info)
    directory.operator(3, info)
    info.asked.clear()

    directory.forget({EVERYONE})

    directory.identify("a", info)
    directory.identify("b", info)
    directory.operator(3, info)
    assert info.asked == ["a", "b", 3]


def test_a_revocation_wins_over_an_answer_that_is_under_way(directory: Directory) -> None:
    info = Info({"hash": identity()})

    def revoked_meanwhile(token_hash: str) -> Any:
        answer = info(token_hash)
        directory.forget({1})
        return answer

    directory.identify("hash", revoked_meanwhile)
    info.answers["hash"] = None
    with pytest.raises(Refusal):
        directory.identify("hash", info)


def test_a_disabled_operator_is_answered_and_not_remembered(directory: Directory) -> None:
    info = Info({1: operator(active=False)})
    for _ in range(2):
        answer = directory.operator(1, info)
        assert answer is not None
        assert not answer["active"]
    assert info.asked == [1, 1]


def test_a_fresh_answer_is_not_from_memory(directory: Directory) -> None:
    info = Info({1: operator()})
    directory.operator(1, info)
    directory.operator(1, info, fresh=True)
    assert info.asked == [1, 1]


def test_the_right_name_is_accepted() -> None:
    assert check_name(identity(name="Zoë"), "Zoë")["id"] == 1


@pytest.mark.parametrize(
    ("found", "name"),
    [
        (identity(), "Bob"),
        (identity(), "alice"),
        (identity(), "Alice "),
        (identity(), ""),
        (identity(), "\ud800"),
        (None, "Alice"),
        (None, ""),
    ],
)
def test_a_wrong_name_and_a_wrong_token_are_refused_alike(found: Identity | None, name: str) -> None:
    with pytest.raises(Refusal) as refusal:
        check_name(found, name)
    assert (refusal.value.code, refusal.value.params) == (Code.NOT_AUTHENTICATED, {})
