"""Task ids: UUIDv7 (RFC 9562), whose first 48 bits are the time of submission in milliseconds."""

import secrets
import time
from uuid import UUID

FUTURE_TOLERANCE = 24 * 3600.0
"""Seconds that an id may lie ahead of this machine's clock: more than one errs that takes a local time for UTC."""


def new_task_id() -> str:
    """A new id: now, and 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds & (2**48 - 1)) << 80
    value |= 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62)
    return str(UUID(int=value))


def is_task_id(text: object) -> bool:
    """Whether it is a UUIDv7 in its canonical form."""
    if not isinstance(text, str):
        return False
    try:
        value = UUID(text)
    except ValueError:
        return False
    return str(value) == text and value.version == 7


def age(task_id: str) -> float:
    """Seconds since the id was made; negative when this machine's clock is behind its maker's."""
    milliseconds = UUID(task_id).int >> 80
    return time.time() - milliseconds / 1000


def may_be_accepted(task_id: str, horizon: float = 24 * 3600.0) -> bool:
    """Whether a task of this id, not recorded, may still be in the broker: made within ``horizon`` seconds."""
    return -FUTURE_TOLERANCE <= age(task_id) <= horizon
