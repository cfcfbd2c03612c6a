"""What an operator does next, by chance: every action, on things that exist, that were decided, or that never were."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from random import Random
from typing import Any

from tests.system.faults.record import Record

KINDS = {"Admin": ("document", "transfer", "inquiry"), "Compliance": ("document", "transfer"), "Service": ("inquiry",)}
LOOKS = ("get_customer", "get_document", "get_transfer", "get_inquiry")
LISTS: dict[str, dict[str, Any]] = {
    "list_queue": {"limit": 20},
    "search_customers": {"text": "a", "limit": 5},
    "search_items": {"type": "transfer", "currency": "USD", "min_amount": "10.00", "limit": 5},
    "list_activity": {"limit": 5},
    "get_statistics": {"period": "day"},
}
NEW = 11
"""The id of the first operator beyond those who work or flood."""

MANAGE = ("change_operator", "disable_operator", "enable_operator", "rotate_operator")


@dataclass(frozen=True)
class Choice:
    """A task to submit.

    key:    its idempotency key
    marker: a text (of transfers, an amount) that nothing else in the database holds, if it creates something
    wait:   seconds for ``Prefer: wait``
    """

    action: str
    data: dict[str, Any]
    key: str | None
    marker: str | None
    wait: int | None


class Choices:
    """The choices of one operator. The same seed and name choose the same actions in the same order."""

    def __init__(self, seed: str, name: str, number: int, record: Record) -> None:
        self._chance = Random(f"{seed} {name}")
        self._seed = seed
        self._name = name
        self._number = number
        self._record = record
        self._count = itertools.count(1)

    def next(self, role: str, *, keyed: bool = False) -> Choice:
        """What an operator of that role does next."""
        count = next(self._count)
        if self._chance.random() < 0.03:
            role = self._chance.choice(list(KINDS))  # not always what they may do
        action = self._chance.choice(list(self._actions(role)))
        data, marker = self._data(action, role, count)
        key = f"{self._seed}-{self._name}-{count}" if self._chance.random() < 0.4 or keyed else None
        wait = self._chance.choice((None, None, 2))
        return Choice(action, data, key, marker, wait)

    def _actions(self, role: str) -> Iterator[str]:
        yield from (*LOOKS, "get_history", self._chance.choice(list(LISTS)))
        if role == "Admin":
            yield from ("create_customer", "create_document", "create_transfer", "create_inquiry") * 4
            yield from ("add_operator", "list_operators", self._chance.choice(MANAGE))
        else:
            yield from ("review_document", "review_transfer") * 5 if role == "Compliance" else ("respond_inquiry",) * 9
            yield from ("get_task", "get_task", "get_task", "escalate_task", "release_task", "list_tasks")
        if self._chance.random() < 0.3:
            yield "logout"

    def _data(self, action: str, role: str, count: int) -> tuple[dict[str, Any], str | None]:
        verb, _, noun = action.partition("_")
        if noun in ("operator", "operators", "history") or action in LISTS:
            return self._office(action, role, count)
        if verb == "create":
            return self._creation(noun, count)
        if action in LOOKS:
            return {"id": self._id(noun)}, None
        if verb == "review":
            data = {"id": self._id(noun), "approved": self._chance.random() < 0.7, "reason": "as it seems"}
            return data | self._version(), None
        if verb == "respond":
            data = {"id": self._id("inquiry"), "answer": f"answer {count}", "closed": self._chance.random() < 0.5}
            return data | self._version(), None
        return (self._about_items(action, role) if noun in ("task", "tasks") else {}), None

    def _office(self, action: str, role: str, count: int) -> tuple[dict[str, Any], str | None]:
        if action in LISTS or action == "list_operators":
            return dict(LISTS.get(action, {"limit": 5})), None
        if action == "get_history":
            kind = self._chance.choice(KINDS[role])
            return {"type": kind, "id": self._id(kind)}, None
        digest = sha256(f"{self._seed} {self._name} {count}".encode()).hexdigest()
        if action == "add_operator":
            marker = f"{self._seed} {self._name} {count}"
            return {"name": marker, "role": "Service", "level": 1, "token_hash": digest}, marker
        # Only those who have been added meanwhile, none of whom works.
        highest = max(NEW, self._record.highest["operator"])
        data: dict[str, Any] = {"id": self._chance.randint(NEW, highest)}
        if action == "change_operator":
            data |= {"level": self._chance.choice((1, 2)), "role": self._chance.choice(("Service", "Compliance"))}
        return data | ({"token_hash": digest} if action == "rotate_operator" else {}), None

    def _about_items(self, action: str, role: str) -> dict[str, Any]:
        kind = self._chance.choice(KINDS[role])
        if action == "list_tasks":
            return {"limit": self._chance.choice((5, 50))}
        data: dict[str, Any] = {"type": kind}
        if action != "get_task" or self._chance.random() < 0.3:
            data["id"] = self._id(kind)
        if action == "escalate_task":
            data["level"] = self._chance.choice((2, 2, 3))
        return data

    def _creation(self, noun: str, count: int) -> tuple[dict[str, Any], str]:
        marker = f"{self._seed} {self._name} {count}"
        if noun == "customer":
            return {"name": marker}, marker
        data: dict[str, Any] = {"cid": self._id("customer"), "level": self._chance.choice((1, 1, 2))}
        if noun == "transfer":
            marker = f"{count}{self._number:02d}{Random(self._seed).randrange(10**6):06d}.01"
            return data | {"amount": marker}, marker
        return data | {"content" if noun == "document" else "problem": marker}, marker

    def _version(self) -> dict[str, int]:
        return {"version": self._chance.choice((1, 2))} if self._chance.random() < 0.2 else {}

    def _id(self, kind: str) -> int:
        """Mostly something recent, now and then anything, or what does not exist."""
        highest = max(5, self._record.highest[kind])
        luck = self._chance.random()
        if luck < 0.7:
            return self._chance.randint(max(1, highest - 25), highest)
        return self._chance.randint(1, highest) if luck < 0.96 else highest + 10_000
