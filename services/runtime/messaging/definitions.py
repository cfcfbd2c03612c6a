"""RabbitMQ's definitions file: the whole topology, a user for each service, and what each may do."""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from typing import Any

from services.contracts.calls import SYSTEMS
from services.contracts.events import Service
from services.runtime.amqp.consuming import arguments
from services.runtime.messaging.broker import DEAD_LETTER_EXCHANGE, SYSTEMS_RPC_EXCHANGE, Queue
from services.runtime.messaging.permissions import rights
from services.runtime.messaging.topology import shared_queues

VHOST = "backoffice"

USERS = (*(service.value for service in Service), SYSTEMS)
"""One for each service, and one for other systems."""


def definitions(hashes: Mapping[str, str] | None = None, vhost: str = VHOST) -> dict[str, Any]:
    """The document that RabbitMQ loads.

    hashes: the hash of each user's password (``password_hash``); a user without one cannot log in
    """
    known = hashes or {}
    queues = shared_queues()
    return {
        "vhosts": [{"name": vhost}],
        "users": [_user(user, known.get(user, "")) for user in USERS],
        "permissions": [_permissions(user, vhost) for user in USERS],
        "topic_permissions": [topic for user in USERS for topic in _topic_permissions(user, vhost)],
        "exchanges": [_exchange(name, vhost) for name in _exchanges(queues)],
        "queues": [_queue(queue, vhost) for queue in queues],
        "bindings": [binding for queue in queues for binding in _bindings(queue, vhost)],
    }


def password_hash(password: str, salt: bytes | None = None) -> str:
    """As RabbitMQ stores it: four bytes of salt and the SHA-256 of salt and password, in base64."""
    chosen = secrets.token_bytes(4) if salt is None else salt
    return base64.b64encode(chosen + hashlib.sha256(chosen + password.encode()).digest()).decode()


def _user(user: str, hashed: str) -> dict[str, Any]:
    return {"name": user, "password_hash": hashed, "hashing_algorithm": "rabbit_password_hashing_sha256", "tags": []}


def _permissions(user: str, vhost: str) -> dict[str, str]:
    granted = rights(user)
    return {
        "user": user,
        "vhost": vhost,
        "configure": granted.configure,
        "write": granted.write,
        "read": granted.read,
    }


def _topic_permissions(user: str, vhost: str) -> list[dict[str, str]]:
    return [
        {"user": user, "vhost": vhost, "exchange": exchange, "write": topic.write, "read": topic.read}
        for exchange, topic in rights(user).topics.items()
    ]


def _exchanges(queues: list[Queue]) -> list[str]:
    """Every exchange that is not the broker's own. A service that says nothing to a shared queue has one too."""
    named = {binding.exchange for queue in queues for binding in queue.bindings}
    named |= {service.exchange for service in Service} | {DEAD_LETTER_EXCHANGE}
    return sorted(named - {SYSTEMS_RPC_EXCHANGE})


def _exchange(name: str, vhost: str) -> dict[str, Any]:
    return {
        "name": name,
        "vhost": vhost,
        "type": "topic",
        "durable": True,
        "auto_delete": False,
        "internal": False,
        "arguments": {},
    }


def _queue(queue: Queue, vhost: str) -> dict[str, Any]:
    return {"name": queue.name, "vhost": vhost, "durable": True, "auto_delete": False, "arguments": arguments(queue)}


def _bindings(queue: Queue, vhost: str) -> list[dict[str, Any]]:
    return [
        {
            "source": binding.exchange,
            "vhost": vhost,
            "destination": queue.name,
            "destination_type": "queue",
            "routing_key": binding.routing_key,
            "arguments": {},
        }
        for binding in queue.bindings
    ]
