"""Outcomes and messages that are as large as they may be, and larger."""

import json
from contextlib import suppress
from random import Random
from typing import Any

import eventlet
import requests

from services.contracts.events import OPERATIONS_DONE, OPERATIONS_REQUESTED, TASKS_FINISHED, TASKS_SUBMITTED, Event
from services.contracts.task_ids import new_task_id
from services.contracts.tasks import now_text
from tests.memory import limit, peak
from tests.system.faults.broker_access import Letter, send
from tests.system.faults.families.clients import clients_dead
from tests.system.faults.person import Person
from tests.system.faults.registry import fault
from tests.system.faults.site import Site

LONG = "x" * 10_000
DOCUMENTS = 40
OF_A_LEVEL = 9
"""That nobody has, so that they stay."""

NOBODY = 999_999
HUGE_BYTES = 4_000_000

LISTS: dict[str, dict[str, Any]] = {
    "search_items": {"type": "document", "min_level": OF_A_LEVEL, "limit": 200},
    "list_queue": {"limit": 1_000},
    "list_activity": {"limit": 200},
}


@fault()
def outcomes_oversized(site: Site, chance: Random) -> None:
    """Everybody asks for long lists of long texts at once, reads long pages of tasks, and has sockets that are deaf."""
    for _ in range(DOCUMENTS):
        _named(site, "Ann").submit("create_document", {"cid": 1, "content": LONG, "level": OF_A_LEVEL})
    deaf = eventlet.spawn(clients_dead, site, chance)
    asking = [eventlet.spawn(_ask, site, person) for person in site.people]
    for each in (*asking, deaf):
        each.wait()
    _check_memory(site)


def _named(site: Site, name: str) -> Person:
    return next(person for person in site.people if person.name == name)


def _ask(site: Site, person: Person) -> None:
    for action, data in LISTS.items():
        for _ in range(3):
            person.submit(action, data)
    for url in site.stack.gateways:
        with suppress(requests.RequestException, OSError):
            headers = {"Authorization": f"Bearer {person.token}"}
            requests.get(f"{url}/api/v1/tasks", {"limit": "200"}, headers=headers, timeout=10)


@fault(buries=True)
def messages_oversized(site: Site, chance: Random) -> None:
    """Tasks and outcomes of megabytes on every queue of the loop, as no release or an earlier one says them."""
    said: dict[Event, Any] = {
        TASKS_SUBMITTED: _task(),
        OPERATIONS_REQUESTED: {"task": _task()},
        OPERATIONS_DONE: _outcome(),
        TASKS_FINISHED: _outcome(),
    }
    letters = [
        Letter(event.speakers[0].exchange, event.name, json.dumps({"version": 1, event.member: [entry]}).encode())
        for event, entry in said.items()
    ]
    send(site, chance.sample(letters * 3, 3 * len(letters)))
    eventlet.sleep(3)
    _check_memory(site)


def _task() -> dict[str, Any]:
    return {
        "id": new_task_id(),
        "action": "create_customer",
        "data": {"name": "x" * HUGE_BYTES},
        "operator_id": NOBODY,
        "session": "",
        "submitted_at": now_text(),
    }


def _outcome() -> dict[str, Any]:
    return {
        "id": new_task_id(),
        "action": "get_history",
        "status": "succeeded",
        "operator": {"id": NOBODY, "name": "", "role": ""},
        "data": {},
        "submitted_at": now_text(),
        "finished_at": now_text(),
        "result": {"entries": [{"text": "x" * HUGE_BYTES}], "next_cursor": None},
        "error": None,
    }


def _check_memory(site: Site) -> None:
    for name, process in site.processes.items():
        if process.running:
            with suppress(OSError):
                most, allowed = peak(process.pid), limit(name.partition("-")[0])
                if most > allowed:
                    site.complain(f"{name} has needed {most} MiB, and may have {allowed}")
