"""Named points of a task's path at which a process can be made to kill itself, for tests of what happens then.

Nothing happens at any of them unless the setting ``CRASH_POINT`` names it, which only a test does.
"""

import os
import signal

PER_QUEUE = ("received", "settled")
"""A batch has been taken from its queue; it has been dealt with and is about to be acknowledged."""

POINTS = (
    "gateway.checked",
    "gateway.published",
    "tasks.recorded",
    "info.executed",
    "info.committed",
    "info.told",
    "info.recorded",
    "info.session_changed",
    *(
        f"{queue}.{point}"
        for queue in ("tasks_submitted", "operations_requested", "reads_requested", "operations_done", "dead_letters")
        for point in PER_QUEUE
    ),
)
"""Every point. ``info.executed``: before the commit; ``info.committed``: before anything is published;
``info.told``: the outcomes are published, the changes of items not yet."""

_armed = ""
_passes = 0


def arm(setting: str) -> None:
    """Die at a point (``info.committed``), or when it is reached for the nth time (``info.committed:3``)."""
    global _armed, _passes
    _armed, _, number = setting.partition(":")
    _passes = int(number or 1) - 1


def reached(point: str) -> None:
    """The process has come to this point."""
    global _passes
    if point != _armed:
        return
    if _passes:
        _passes -= 1
        return
    os.kill(os.getpid(), signal.SIGKILL)
