"""What each role may do: the table of the domain."""

import pytest

from services.contracts.operators import Role
from services.users.permissions import may

EVERYONE = {"login", "logout", "get_customer", "get_document", "get_transfer", "get_inquiry"}
DECIDING = {"get_task", "escalate_task", "release_task", "list_tasks"}
PERMITTED = {
    Role.ADMIN: EVERYONE
    | {"create_customer", "create_document", "create_transfer", "create_inquiry", "reply_inquiry", "release_task"},
    Role.COMPLIANCE: EVERYONE | DECIDING | {"review_document", "review_transfer"},
    Role.SERVICE: EVERYONE | DECIDING | {"respond_inquiry"},
}
ALL = set().union(*PERMITTED.values())


@pytest.mark.parametrize("role", Role)
def test_a_role_may_do_what_the_domain_says_and_nothing_else(role: Role) -> None:
    assert {action for action in ALL if may(role, action)} == PERMITTED[role]


def test_nobody_may_do_what_does_not_exist() -> None:
    assert not any(may(role, "drop_table") for role in Role)


def test_a_role_that_does_not_exist_may_do_nothing() -> None:
    assert not any(may("Root", action) for action in ALL)
