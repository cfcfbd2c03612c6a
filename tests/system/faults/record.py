"""What the clients of a run were told: the client's side of the ledger."""

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

Task = dict[str, Any]


@dataclass
class Record:
    """Every promise that was made to a client, and everything that contradicts an earlier one.

    accepted:      who was told, with 200 or 202, that they have this task; by task id
    outcomes:      each task's action, and the digest of its outcome as it was first told, by task id
    refused:       markers of creations that were surely not taken
    unsure:        markers of creations of which nobody knows, with the task id if one was told
    highest:       the highest id of each kind of thing that anybody was told of
    answers:       HTTP answers by status
    early:         tasks whose outcome was heard before they were accepted (or which were accepted twice)
    short:         how often an outcome was told without its result
    contradictions: what must not have been
    """

    accepted: dict[str, str] = field(default_factory=dict)
    outcomes: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    unsure: dict[str, str | None] = field(default_factory=dict)
    keys: dict[tuple[str, str], str] = field(default_factory=dict)
    highest: Counter[str] = field(default_factory=Counter)
    answers: Counter[int] = field(default_factory=Counter)
    early: int = 0
    short: int = 0
    contradictions: list[str] = field(default_factory=list)

    def accept(self, who: str, task_id: str, key: str | None) -> None:
        """``who`` was told that they have this task; with the same key it always has to be the same one."""
        self.early += task_id in self.outcomes
        self.accepted[task_id] = who
        if key is not None and self.keys.setdefault((who, key), task_id) != task_id:
            self.contradictions.append(f"{who}'s key {key} belongs to {self.keys[who, key]} and to {task_id}")

    def tell(self, task: Task) -> None:
        """An outcome was told: it has to be the same each time."""
        if task["status"] == "accepted":
            if task["id"] in self.outcomes:
                self.contradictions.append(f"{task['id']} had ended and reads as accepted again")
            return
        if task["status"] == "succeeded" and task["result"] is None:
            # The broker did not carry it; it is stored, and reads as it is.
            self.short += 1
            return
        digest = hashlib.blake2b(json.dumps(task, sort_keys=True).encode(), digest_size=16).digest()
        known = self.outcomes.setdefault(task["id"], (task["action"], digest))
        if known != (task["action"], digest):
            self.contradictions.append(f"{task['id']} was told with another outcome than {task}")
        for kind, thing in (task["result"] or {}).items():
            if isinstance(thing, dict) and "id" in thing:
                self.highest[kind] = max(self.highest[kind], thing["id"])
