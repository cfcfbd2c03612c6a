"""What users said of operators."""

import pytest

from services.contracts.tasks import OperatorState
from services.runtime.rpc.client import RemoteFailure, RpcTimeout
from services.tasks.operators import EVERYONE, Operators
from tests.unit.tasks.samples import an_operator


class Users:
    """Answers, or fails, and counts."""

    def __init__(self) -> None:
        self.operators: dict[int, OperatorState] = {1: an_operator(1), 2: an_operator(2, "Service")}
        self.failure: Exception | None = None
        self.asked: list[tuple[int, bool]] = []

    def __call__(self, operator_id: int, fresh: bool) -> OperatorState | None:
        self.asked.append((operator_id, fresh))
        if self.failure:
            raise self.failure
        return self.operators.get(operator_id)


@pytest.fixture
def now() -> list[float]:
    return [100.0]


@pytest.fixture
def operators(now: list[float]) -> Operators:
    return Operators(lambda: now[0])


@pytest.fixture
def users() -> Users:
    return Users()


def test_an_operator_is_asked_for_once_in_ten_seconds(operators: Operators, users: Users, now: list[float]) -> None:
    for now[0] in (100.0, 109.9, 110.0):
        assert operators.find(1, users) == an_operator(1)
    assert users.asked == [(1, False), (1, False)]


def test_a_fresh_answer_is_asked_for_as_such(operators: Operators, users: Users) -> None:
    operators.find(1, users)
    operators.find(1, users, fresh=True)
    assert users.asked == [(1, False), (1, True)]


def test_an_unknown_operator_is_not_remembered(operators: Operators, users: Users) -> None:
    assert operators.find(3, users) is None
    users.operators[3] = an_operator(3)
    assert operators.find(3, users) == an_operator(3)


@pytest.mark.parametrize("failure", [RpcTimeout(), RemoteFailure()])
def test_when_users_fails_nobody_can_tell(operators: Operators, users: Users, failure: Exception) -> None:
    users.failure = failure
    assert operators.find(1, users) is None


def test_users_that_fails_is_left_alone_for_a_while(operators: Operators, users: Users, now: list[float]) -> None:
    users.failure = RpcTimeout()
    assert [operators.find(operator_id, users) for operator_id in (1, 2, 3)] == [None, None, None]
    assert len(users.asked) == 1
    users.failure = None
    now[0] += 5.0
    assert operators.find(2, users) == an_operator(2, "Service")


def test_who_is_remembered_stays_known_while_users_fails(operators: Operators, users: Users) -> None:
    operators.find(1, users)
    users.failure = RpcTimeout()
    assert operators.find(2, users) is None
    assert operators.find(1, users) == an_operator(1)


def test_a_change_drops_the_operator_and_nobody_else(operators: Operators, users: Users) -> None:
    operators.find(1, users)
    operators.find(2, users)
    operators.forget({1})
    operators.find(1, users)
    operators.find(2, users)
    assert [operator_id for operator_id, _ in users.asked] == [1, 2, 1]


def test_a_change_of_everyone_drops_all(operators: Operators, users: Users) -> None:
    operators.find(1, users)
    operators.forget({EVERYONE})
    operators.find(1, users)
    assert len(users.asked) == 2
