"""What is done about a failure. The tables of ``amqp/failures.py`` (reply codes) and ``postgres/failures.py``
(SQLSTATE) say it of every class; ``docs/failures.md`` is written from them."""

from dataclasses import dataclass
from enum import StrEnum


class Unavailable(Exception):
    """Something the work needs (broker, database, another service) cannot be had now; repeating may help."""


class Reaction(StrEnum):
    """What is done with the work that met a failure."""

    RETRY_ALONE = "retry alone"
    """Its neighbours may be at fault, or in its way: it is repeated without them, and held if that does not help."""
    HOLD = "hold"
    """It is repeated as it is, with growing pauses, until it succeeds."""
    FAIL = "fail this task"
    """It fails again whenever it is repeated: its neighbours go on without it, and it is set aside."""
    STOP = "stop the process"
    """Nothing can be done at all before somebody has changed a setting."""


@dataclass(frozen=True)
class FailureClass:
    """One row of a table.

    code:     as the broker or the database states it
    name:     what its manual calls that
    reaction: what becomes of the work
    replace:  the connection is closed, and another one made
    reason:   why
    """

    code: str
    name: str
    reaction: Reaction
    replace: bool
    reason: str
