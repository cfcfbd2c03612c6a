"""A wrong declaration of an operation fails at import, naming the thing and the fault."""

from typing import Any

import pytest

from services.contracts.action import Action
from services.contracts.actions import GetCustomer, Login
from services.info.operations import registry
from services.info.operations.registry import check_complete, operation


def do_it(work: Any, data: Any) -> dict[str, Any]:
    return {}


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (Login, "do_it: login opens or ends a session"),
        (GetCustomer, "do_it: get_customer already has get_customer"),
        (Action, "is not an action"),
        (str, "is not an action"),
        ("get_customer", "is not an action"),
    ],
)
def test_a_wrong_declaration_is_refused_with_a_sentence(action: Any, words: str) -> None:
    with pytest.raises(TypeError, match=words):
        operation(action)(do_it)


def test_an_action_without_its_operation_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    check_complete()
    monkeypatch.delitem(registry.OPERATIONS, "get_customer")
    with pytest.raises(TypeError, match=r"no operation for get_customer: .*docs/adding-an-action\.md"):
        check_complete()
