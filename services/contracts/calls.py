"""Who calls which method of whom by RPC. The broker's permissions are made from it."""

from collections.abc import Mapping

from services.contracts.events import Service

SYSTEMS = "internal"
"""Other systems of the company: the name of their broker user."""

CALLS: Mapping[str, Mapping[Service, tuple[str, ...]]] = {
    Service.GATEWAY: {
        Service.USERS: ("authenticate", "identify", "login", "logout", "rights"),
        Service.TASKS: ("accept", "finished_since", "get", "task_of", "tasks_of"),
    },
    Service.USERS: {
        Service.INFO: ("end_session", "identify", "open_session", "operator", "rights"),
    },
    Service.TASKS: {
        Service.USERS: ("identify", "login", "logout", "operator"),
        Service.INFO: ("exec_db_task", "finished_since", "record", "task", "tasks_of"),
    },
    SYSTEMS: {
        Service.USERS: ("authenticate", "permitted"),
        Service.TASKS: ("get", "list", "run", "submit"),
        Service.INFO: ("pending",),
    },
}
"""By caller."""

ANSWERING = tuple(service for service in Service if any(service in called for called in CALLS.values()))
"""The services that answer calls."""


def callers(service: Service) -> tuple[Service, ...]:
    """The services that call a service."""
    return tuple(caller for caller in Service if service in CALLS.get(caller, {}))
