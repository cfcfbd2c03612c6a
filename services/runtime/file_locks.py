"""Locks on files, which end with the process that holds them however it ends."""

import fcntl
from typing import IO


def locked(file: IO[str]) -> bool:
    """Take an exclusive lock on ``file``; False when another process holds a lock."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
