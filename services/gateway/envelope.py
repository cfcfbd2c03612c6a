"""The envelope of a submission: its members, and every fault of it that can be told without knowing the action."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from services.contracts.action import Action, canonical
from services.contracts.validation import Fault, Invalid, fault, parse_data, storable_faults

LOGIN = "login"

_ENVELOPE = frozenset({"token", "task"})
_TASK = frozenset({"action", "data"})
_LOGIN_TASK = _TASK | {"name"}


@dataclass(frozen=True)
class Envelope:
    """What was sent.

    token:        the one stated, None when there is no usable one
    contradicted: two tokens were stated, and they differ
    task:         empty when it is missing or no object
    faults:       all of the envelope's own
    """

    token: str | None
    contradicted: bool
    task: Mapping[str, Any]
    faults: list[Fault] = field(default_factory=list)

    @property
    def states_action(self) -> bool:
        """Whether there is an action to look for."""
        return "action" in self.task

    @property
    def is_login(self) -> bool:
        """It asks for a session instead of needing one."""
        return self.task.get("action") == LOGIN

    def check(self, action: type[Action] | None, largest_level: int | None = None) -> dict[str, Any]:
        """The action's canonical data. Raises ``Invalid`` with every fault of the envelope and the data at once.

        largest_level: levels that are given end there
        """
        faults = [*self.faults, *storable_faults(self.task, "task")]
        data: dict[str, Any] = {}
        if action is not None:
            try:
                data = canonical(self._parse(action, largest_level))
            except Invalid as invalid:
                faults.extend(invalid.faults)
        if faults:
            raise Invalid(_one_a_path(faults))
        return data

    def _parse(self, action: type[Action], largest_level: int | None) -> Any:
        data = self.task.get("data", {})
        if action.name != LOGIN or not isinstance(data, Mapping):
            return parse_data(action, data, largest_level=largest_level)
        if "name" in data and "name" in self.task and data["name"] != self.task["name"]:
            raise Invalid([fault("conflict", "task.name")])
        if "name" in data:
            return parse_data(action, data)
        beside = {"name": self.task["name"]} if "name" in self.task else {}
        try:
            return parse_data(action, {**data, **beside})
        except Invalid as invalid:
            raise Invalid([_beside(entry) for entry in invalid.faults]) from None


def _beside(entry: Fault) -> Fault:
    """A fault of a name that stands, or should stand, beside the action."""
    path = "task.name" if entry.path == "task.data.name" else entry.path
    return Fault(path, entry.message, entry.params)


def read_envelope(document: Mapping[str, Any], bearer: str | None) -> Envelope:
    """The envelope in a request's JSON object; ``bearer`` is the token of its header."""
    faults = _unknown(document, _ENVELOPE, "")
    stated = document.get("token", bearer)
    contradicted = bearer is not None and stated != bearer
    if contradicted:
        faults.append(fault("conflict", "token"))
    task = document.get("task")
    if not isinstance(task, Mapping):
        faults.append(fault("object" if "task" in document else "missing", "task"))
        task = {}
    elif "action" not in task:
        faults.append(fault("missing", "task.action"))
    faults += _unknown(task, _LOGIN_TASK if task.get("action") == LOGIN else _TASK, "task.")
    return Envelope(stated if isinstance(stated, str) else None, contradicted, task, faults)


def _unknown(members: Mapping[str, Any], known: frozenset[str], prefix: str) -> list[Fault]:
    return [fault("extra_forbidden", prefix + name) for name in members if name not in known]


def _one_a_path(faults: Iterable[Fault]) -> list[Fault]:
    first: dict[str, Fault] = {}
    for entry in faults:
        first.setdefault(entry.path, entry)
    return list(first.values())
