"""Tasks and items as a terminal shows them."""

from collections.abc import Iterator, Mapping
from typing import Any

from services.runtime.printable import printable


def shown_task(task: Mapping[str, Any]) -> str:
    """A task: a line, and below it what it answers."""
    head = f"{task['action']} {task['status']}  {task['id']}"
    return "\n".join([head, *_lines(task.get("result") or {}, "  ")])


def sentence_of(task: Mapping[str, Any]) -> str:
    """Why a task failed."""
    error = task.get("error") or {}
    faults = "".join(f"; {fault['path']} {fault['message']}" for fault in error.get("params", {}).get("errors", ()))
    told = f"{task['action']}: {error.get('message', 'failed')} ({error.get('code')}, {error.get('number')}){faults}"
    return printable(told)


def outcome_line(task: Mapping[str, Any]) -> str:
    """A task that ended, on one line."""
    told = sentence_of(task).partition(": ")[2] if task["status"] == "failed" else _brief(task.get("result") or {})
    return f"{_time(task['finished_at'])}  task  {task['action']} {task['status']}  {told}".rstrip()


def item_line(event: str, item: Mapping[str, Any], now: str) -> str:
    """A change of an item, on one line."""
    holder = f"  held by {item['claimed_by']} until {_time(item['claimed_until'])}" if item.get("claimed_by") else ""
    state = f"level {item['level']}  {item['status']}  version {item['version']}"
    return f"{_time(now)}  item  {item['type']} {item['id']} {event}  {state}{holder}"


def _time(text: str) -> str:
    """The time of day, UTC."""
    return text[11:19]


def _brief(result: Mapping[str, Any]) -> str:
    parts = []
    for name, value in result.items():
        if isinstance(value, Mapping) and "id" in value:
            parts.append(f"{name} {value['id']}")
        elif isinstance(value, list):
            parts.append(f"{len(value)} {name}")
    return ", ".join(parts)


def _lines(value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        width = max((len(str(name)) for name, each in value.items() if not _nested(each)), default=0)
        for name, each in value.items():
            if _nested(each):
                yield f"{indent}{name}"
                yield from _lines(each, indent + "  ")
            elif each is not None:
                yield f"{indent}{name!s:<{width}}  {_plain(each)}"
    else:
        for each in value:
            if isinstance(each, Mapping):
                yield indent + "  ".join(f"{name}={_plain(part)}" for name, part in each.items() if part is not None)
            else:
                yield f"{indent}{_plain(each)}"


def _nested(value: Any) -> bool:
    return isinstance(value, Mapping | list) and bool(value)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value in ([], {}) else printable(str(value))
