"""Each size fits into the next, and texts are measured as JSON."""

from typing import Any

import pytest
from pydantic import ValidationError

from services.contracts import sizes
from services.contracts.actions import CreateDocument, RespondInquiry
from services.contracts.errors import Code, Refusal
from services.contracts.events import EVENTS, OPERATIONS_REQUESTED, Event
from services.contracts.sizes import KIBIBYTE, parts, size_of
from services.contracts.tasks import new_task
from services.contracts.validation import LONGEST_PATH, MOST_FAULTS, Invalid, fault, parse_data, storable_faults
from services.info.requests import as_error

EMOJI = "\N{GRINNING FACE}"


def test_each_size_fits_into_the_next() -> None:
    assert sizes.LARGEST_HELLO < sizes.LARGEST_BODY <= sizes.LARGEST_DATA < sizes.LARGEST_TASK
    assert sizes.LARGEST_PAGE < sizes.LARGEST_RESULT
    assert sizes.LARGEST_RESULT + sizes.LARGEST_DATA < sizes.LARGEST_OUTCOME < sizes.LARGEST_MESSAGE
    assert sizes.LARGEST_KEPT + sizes.LARGEST_TASK < sizes.LARGEST_MESSAGE
    assert sizes.LARGEST_MESSAGE < 16 * KIBIBYTE**2 / 2  # what RabbitMQ takes, by far


@pytest.mark.parametrize("event", EVENTS, ids=str)
def test_what_is_held_unread_of_an_event_is_a_few_megabytes(event: Event) -> None:
    assert event.prefetch * sizes.LARGEST_MESSAGE <= 32 * KIBIBYTE**2


def test_what_people_write_fits_with_any_character() -> None:
    for character in "a", "é", "漢", EMOJI:
        CreateDocument.Data.model_validate({"cid": 1, "content": character * 10_000})
    for character in '"', "\n", "\\":
        CreateDocument.Data.model_validate({"cid": 1, "content": "a" + character * 9_999})


@pytest.mark.parametrize("member", ["content"])
def test_a_text_whose_json_is_too_large_is_refused_and_says_how_large_it_may_be(member: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_data(CreateDocument, {"cid": 1, member: "a" + "\x01" * 9_000})
    (found,) = refused.value.faults
    assert found == fault("too_many_bytes", f"task.data.{member}", max_bytes=40_000)


def test_the_documents_say_how_large_a_text_may_be() -> None:
    answer = RespondInquiry.Data.model_json_schema()["properties"]["answer"]
    assert answer["maxLength"] == 10_000
    assert "40,000 bytes" in answer["description"]


def test_a_lone_surrogate_is_no_failure_of_ours() -> None:
    with pytest.raises((ValidationError, Refusal)):
        parse_data(CreateDocument, {"cid": 1, "content": "\ud800" * 10_001})


@pytest.mark.parametrize(
    ("given", "most_bytes", "most", "expected"),
    [
        ([], 10, 3, []),
        ([1, 1, 1, 1], 10, 3, [slice(0, 3), slice(3, 4)]),
        ([5, 5, 1], 10, 3, [slice(0, 2), slice(2, 3)]),
        ([20, 1, 20], 10, 3, [slice(0, 1), slice(1, 2), slice(2, 3)]),
    ],
)
def test_parts_are_bounded_by_bytes_and_by_number(
    given: list[int], most_bytes: int, most: int, expected: list[slice]
) -> None:
    assert list(parts(given, most_bytes, most)) == expected


def test_many_faults_are_told_in_part() -> None:
    data = {f"k{number}": 1 for number in range(5_000)}
    with pytest.raises(Invalid) as refused:
        parse_data(CreateDocument, data)
    assert len(refused.value.faults) == MOST_FAULTS
    assert size_of(as_error(refused.value)) < sizes.LARGEST_DATA


def test_faults_below_a_long_name_are_small() -> None:
    deep: Any = {"k" * 30_000: ["\0"] * 10_000}
    faults = storable_faults(deep)
    assert len(faults) == MOST_FAULTS
    assert {len(found.path) for found in faults} <= set(range(LONGEST_PATH + 8))
    assert size_of(Invalid(faults).params) < sizes.LARGEST_DATA


def test_a_task_fits_a_message_with_the_largest_data_of_a_request() -> None:
    identity: Any = {"id": 2**63 - 1, "name": EMOJI * 200, "role": "Compliance", "level": 9, "session": "s" * 36}
    task = new_task(identity, "respond_inquiry", {"answer": "a" * (sizes.LARGEST_DATA - 13)})
    assert size_of(task) <= sizes.LARGEST_TASK
    assert OPERATIONS_REQUESTED.per_message * size_of(task) <= sizes.LARGEST_MESSAGE


def test_the_catalogue_has_it() -> None:
    assert Refusal(Code.RESULT_TOO_LARGE, {"size": 2, "limit": 1}).to_wire()["number"] == 4132
