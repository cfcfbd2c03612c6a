"""Every action has its operation, and nothing else has one."""

from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from services.contracts.action import ACTIONS, Action
from services.contracts.actions import GetTask, GetTransfer, Login
from services.contracts.operators import Role
from services.info.operations import check_complete
from services.info.operations.registry import OPERATIONS, operation
from services.info.work import Work


@pytest.fixture
def count_items() -> Iterator[type[Action]]:
    """An action that is declared during the test alone."""

    class CountItems(Action):
        """Count the items."""

        name: ClassVar[str] = "count_items"
        roles: ClassVar = frozenset({Role.ADMIN})
        result: ClassVar = ("count",)

    yield CountItems
    del ACTIONS["count_items"]
    OPERATIONS.pop("count_items", None)


def execute(work: Work, data: Any) -> dict[str, Any]:
    """Nothing that is ever called."""
    return {}


def test_every_action_that_is_no_session_has_an_operation() -> None:
    assert {name for name, action in ACTIONS.items() if not action.session} == set(OPERATIONS)
    check_complete()


def test_an_action_without_an_operation_is_named_and_so_is_the_page_that_tells_how(count_items: type[Action]) -> None:
    with pytest.raises(TypeError, match=r"no operation for count_items: .*docs/adding-an-action\.md"):
        check_complete()


def test_an_action_is_complete_with_its_operation(count_items: type[Action]) -> None:
    assert operation(count_items)(execute) is execute

    check_complete()
    assert OPERATIONS["count_items"].function is execute
    assert OPERATIONS["count_items"].locks_operator is False


def test_a_second_operation_of_an_action_is_refused_by_name() -> None:
    with pytest.raises(TypeError, match="get_transfer already has get_transfer"):
        operation(GetTransfer)(execute)


def test_a_session_action_has_no_operation() -> None:
    with pytest.raises(TypeError, match="login opens or ends a session"):
        operation(Login)(execute)


def test_what_is_no_declared_action_has_no_operation() -> None:
    with pytest.raises(TypeError, match="is not an action"):
        operation(GetTransfer.Data)(execute)  # type: ignore[arg-type]


def test_claiming_runs_one_after_another_for_each_operator() -> None:
    assert {name for name, declared in OPERATIONS.items() if declared.locks_operator} == {GetTask.name}
