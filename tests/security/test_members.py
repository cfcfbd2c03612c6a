"""No member is set or shown that is not meant for it."""

import itertools
from typing import Any

import pytest

from services.contracts.action import ACTIONS
from tests.security.permissions import WHO_MAY
from tests.security.staffed import STAFF, Staffed

FOREIGN_MEMBERS = {
    "id": 7,
    "status": "approved",
    "decided_by": "Bob",
    "decided_at": "2026-01-01T00:00:00.000000Z",
    "created_by": "Bob",
    "created_at": "2026-01-01T00:00:00.000000Z",
    "claimed_by": "Bob",
    "operator_id": 1,
    "session": "x",
    "version": 9,
    "closed": True,
    "__proto__": {},
    "recorded": True,
    "replay_of": "x",
}


@pytest.mark.parametrize("action", [name for name in ACTIONS if name != "login"])
def test_a_member_that_is_not_the_actions_own_is_refused_by_its_name(system: Staffed, action: str) -> None:
    name = next(name for name, (role, _) in STAFF.items() if role.value in WHO_MAY[action])
    fields = set(ACTIONS[action].Data.model_fields)
    foreign = {member: value for member, value in FOREIGN_MEMBERS.items() if member not in fields}
    answer = system.client(name).submit(action, dict(ACTIONS[action].example) | foreign)
    assert answer["http"] == 422
    assert {error["path"] for error in answer["errors"]} == {f"task.data.{member}" for member in foreign}
    # Nor beside the data, nor in the envelope.
    body = {
        "token": system.tokens[name],
        "task": {"action": action, "operator_id": 1, "session": "x"},
        "operator_id": 1,
    }
    faults = {error["path"] for error in system.client(name).post(body).json()["errors"]}
    assert faults >= {"task.operator_id", "task.session", "operator_id"}


def test_no_answer_has_a_member_that_belongs_to_the_services(system: Staffed) -> None:
    sessions = {system.session_of(name) for name in STAFF}
    hidden = {"session", "token", "token_hash", "operator_id", "active", "recorded"}
    for name in STAFF:
        client = system.client(name)
        shown = [client.run("get_customer", {"id": system.customer()}), *client.tasks(), client.login(name)]
        assert not any(hidden & set(members(value)) for value in shown)
        assert not any(session in str(shown) for session in sessions)


def members(value: Any) -> list[str]:
    """The names of all members in a JSON value."""
    if isinstance(value, dict):
        return [*value, *itertools.chain.from_iterable(members(each) for each in value.values())]
    return list(itertools.chain.from_iterable(members(each) for each in value)) if isinstance(value, list) else []
