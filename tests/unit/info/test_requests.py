"""What comes in a message is checked before anything is done with it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.task_ids import new_task_id
from services.contracts.tasks import DeadLetter
from services.info.requests import Malformed, read, request_of

SESSION = "5f0c1c7e-9a0b-4f0e-8a64-0d3a0f3f9a11"
LETTER: DeadLetter = {"queue": "q", "reason": "r", "body": "b", "encoding": "utf-8"}


def task(**members: Any) -> Any:
    return {
        "id": new_task_id(),
        "action": "get_customer",
        "data": {"id": 1},
        "operator_id": 1,
        "session": SESSION,
        "submitted_at": "2026-11-24T14:50:56.123456Z",
    } | members


def test_a_task_is_taken_as_it_is() -> None:
    asked = task()
    request = request_of(asked)
    assert (request.id, request.data, request.session_id, request.refusal) == (asked["id"], {"id": 1}, SESSION, None)


@pytest.mark.parametrize(
    ("stated", "read_as"),
    [
        ("2026-11-24T15:50:56.123456+01:00", "2026-11-24T14:50:56.123456Z"),
        ("2026-11-24T14:50Z", "2026-11-24T14:50:00.000000Z"),
    ],
)
def test_a_time_reads_the_same_however_it_is_written(stated: str, read_as: str) -> None:
    assert request_of(task(submitted_at=stated)).submitted_at == read_as


@pytest.mark.parametrize(
    "fault",
    [
        {"id": "0192F1C4-0000-7000-8000-000000000000"},
        {"id": 5},
        {"action": "a\0b"},
        {"action": ["x"]},
        {"data": None},
        {"data": {"amount": float("nan")}},
        {"operator_id": True},
        {"operator_id": 2**63},
        {"operator_id": "1"},
        {"submitted_at": "soon"},
        {"submitted_at": 5},
        {"submitted_at": "0001-01-01T00:00:00+23:00"},
    ],
    ids=str,
)
def test_what_cannot_be_stored_is_malformed(fault: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        request_of(task(**fault))


@pytest.mark.parametrize("member", ["id", "action", "data", "operator_id", "session", "submitted_at"])
def test_what_lacks_a_member_is_malformed(member: str) -> None:
    broken = task()
    del broken[member]
    with pytest.raises(Malformed):
        request_of(broken)


@pytest.mark.parametrize("session", ["", "x", None, 7, SESSION.upper()])
def test_a_session_that_cannot_exist_is_none(session: Any) -> None:
    assert request_of(task(session=session)).session_id is None


@pytest.mark.parametrize("text", ["\0", "\ud800", {"deep": ["\0"]}, 2**63])
def test_data_that_cannot_be_stored_is_left_out_and_refused(text: Any) -> None:
    request = request_of(task(data={"name": text}))
    assert request.data == {}
    assert request.refusal
    assert request.refusal["code"] == "invalid_request"
    assert request.refusal["params"]["faults"][0]["path"].startswith("task.data.name")


def test_a_refusal_is_taken_over_with_the_catalogues_number() -> None:
    request = read({"task": task(), "refusal": {"code": "not_permitted", "number": 1, "params": {}}}).request
    assert request
    assert request.refusal == {"code": "not_permitted", "number": 4031, "params": {}}


@pytest.mark.parametrize("code", ["internal_error", "nonsense", None, []])
def test_an_internal_or_unknown_error_quotes_the_task_and_nothing_else(code: Any) -> None:
    asked = task()
    request = read({"task": asked, "refusal": {"code": code, "number": 1, "params": {"secret": "x"}}}).request
    assert request
    assert request.refusal == {"code": "internal_error", "number": 5001, "params": {"task_id": asked["id"]}}


def test_a_dead_letter_is_kept_with_or_without_its_task() -> None:
    assert read({"task": None, "dead_letter": LETTER}).request is None
    assert read({"task": task(id="x"), "dead_letter": LETTER}).dead_letter == LETTER
    assert read({"task": task(), "dead_letter": LETTER}).request is not None
    with pytest.raises(Malformed):
        read({"task": None})


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(list(task())), json), json)
def test_no_message_at_all_raises_anything_but_malformed(members: dict[str, Any], refusal: Any) -> None:
    try:
        read({"task": task(**members), "refusal": refusal})
    except Malformed:
        return
