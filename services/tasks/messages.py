"""Whether an entry of a message is what it should be: nothing that comes over the broker is trusted."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

from services.contracts.sizes import LARGEST_OUTCOME, LARGEST_RESULT, LARGEST_TASK, size_of
from services.contracts.task_ids import is_task_id
from services.contracts.tasks import DeadLetter, Outcome, Task
from services.contracts.validation import storable_faults

DEEPEST = 64
"""Levels of nesting; a request has 32 at most."""


_LONG_NUMBER = re.compile(r"\d{19}")


class Unreadable(ValueError):
    """The entry can never be worked on; the message says why."""


def read_task(entry: Any) -> Task:
    """The entry as a task that can be stored and told. Raises ``Unreadable``."""
    _check_json(entry)
    _check_size(entry, LARGEST_TASK)
    if not is_task_id(entry.get("id")):
        raise Unreadable("no task id")
    if not isinstance(entry.get("action"), str) or not entry["action"].isascii():
        raise Unreadable("no name of an action")
    if not isinstance(entry.get("data"), dict):
        raise Unreadable("the data is no object")
    if type(entry.get("operator_id")) is not int:
        raise Unreadable("no operator")
    if not isinstance(entry.get("session"), str):
        raise Unreadable("no session")
    if not _is_time(entry.get("submitted_at")):
        raise Unreadable("no time of submission")
    return cast(Task, entry)


def read_outcome(entry: Any) -> Outcome:
    """The entry as an outcome that can be told to its operator. Raises ``Unreadable``."""
    _check_json(entry)
    if not is_task_id(entry.get("id")):
        raise Unreadable("no task id")
    if entry.get("status") not in ("succeeded", "failed"):
        raise Unreadable("no outcome")
    operator = entry.get("operator")
    if not isinstance(operator, dict) or type(operator.get("id")) is not int:
        raise Unreadable("no operator")
    return _bounded(cast(Outcome, entry))


def _bounded(outcome: Outcome) -> Outcome:
    """Without a result that is too large: a release before this limit has stored it, and it can be read there."""
    size = size_of(outcome["result"]) if "result" in outcome else 0
    if size > LARGEST_RESULT:
        outcome = {**outcome, "result": None, "result_bytes": size}
    _check_size(outcome, LARGEST_OUTCOME)
    return outcome


def _check_size(entry: Any, most: int) -> None:
    size = size_of(entry)
    if size > most:
        raise Unreadable(f"{size} bytes, and the most is {most}")


def read_dead_letter(entry: Mapping[str, Any]) -> DeadLetter | None:
    """The message that an operation asks to keep, if it asks for one that can be kept."""
    letter = entry.get("dead_letter")
    if not isinstance(letter, dict) or _is_deeper(letter, 1) or storable_faults(letter):
        return None
    texts = all(isinstance(letter.get(member), str) for member in ("queue", "reason", "body"))
    return cast(DeadLetter, letter) if texts and letter.get("encoding") in ("utf-8", "base64") else None


def _check_json(entry: Any) -> None:
    if _is_deeper(entry, DEEPEST):
        raise Unreadable("not storable: too deep")
    try:
        text = json.dumps(entry, allow_nan=False)
    except ValueError as error:
        raise Unreadable(f"not storable: {error}") from None
    faults = storable_faults(entry) if _may_be_unstorable(text) else []
    if faults:
        raise Unreadable(f"not storable: {faults[0].path} {faults[0].message}")
    if not isinstance(entry, dict):
        raise Unreadable("not an object")


def _may_be_unstorable(text: str) -> bool:
    """False for a JSON text without a NUL, a surrogate or a number beyond 64 bits, which nearly all are."""
    return "\\u0000" in text or "\\ud" in text or _LONG_NUMBER.search(text) is not None


def _is_deeper(value: Any, levels: int) -> bool:
    layer = [value] if isinstance(value, dict | list) else []
    for _ in range(levels):
        members = [each.values() if isinstance(each, dict) else each for each in layer]
        layer = [member for some in members for member in some if isinstance(member, (dict, list))]
    return bool(layer)


def _is_time(text: Any) -> bool:
    try:
        moment = datetime.fromisoformat(text)
        return moment.tzinfo is not None and moment.astimezone(UTC) is not None
    except (TypeError, ValueError, OverflowError):
        return False
