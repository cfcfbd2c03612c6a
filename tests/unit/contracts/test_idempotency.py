"""Keys and fingerprints."""

from decimal import Decimal

import pytest

from services.contracts.action import canonical
from services.contracts.actions import CreateTransfer
from services.contracts.idempotency import fingerprint, is_key


@pytest.mark.parametrize("key", ["a", "!", "~", "8e03978e-40d5-43dd-bc93-6894a57f9324", '"quoted"', "k" * 255])
def test_a_key_is_1_to_255_visible_characters(key: str) -> None:
    assert is_key(key)


@pytest.mark.parametrize("key", ["", " ", "a b", "a\n", "\x7f", "é", "k" * 256, None, 7, b"a"])
def test_anything_else_is_no_key(key: object) -> None:
    assert not is_key(key)


def test_the_order_of_members_does_not_change_the_fingerprint() -> None:
    assert fingerprint("get_task", {"type": "document", "id": 1}) == fingerprint(
        "get_task", {"id": 1, "type": "document"}
    )


def test_an_amount_written_in_another_way_is_the_same_task() -> None:
    prints = {
        fingerprint(CreateTransfer.name, canonical(CreateTransfer.parse({"cid": 1, "amount": amount})))
        for amount in ("250", "250.0", "250.00", 250, Decimal("250.0"))
    }
    assert len(prints) == 1


@pytest.mark.parametrize(
    ("action", "data"),
    [("get_transfer", {"id": 1}), ("get_document", {"id": 2}), ("get_document", {"id": "1"}), ("get_document", {})],
)
def test_another_task_has_another_fingerprint(action: str, data: dict[str, object]) -> None:
    assert fingerprint(action, data) != fingerprint("get_document", {"id": 1})


def test_the_fingerprint_never_changes_between_releases() -> None:
    # Keys are kept for a day and longer, so a rolling upgrade reads what the release before has written.
    assert fingerprint("get_document", {"id": 1}) == (
        "2b111836ac1b9fe1eff96c2b5dab5a1d63e4acfcfbfe50d72f79c52192f5cdee"
    )
