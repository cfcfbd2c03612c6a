"""Waiting for what happens in the background, never longer than needed."""

import time
from collections.abc import Callable
from typing import TypeVar

import eventlet

T = TypeVar("T")

PATIENCE = 30.0
"""Seconds until what is waited for counts as missing: a machine that is busy with other things is given them too."""


def eventually(probe: Callable[[], T | None], timeout: float = PATIENCE, pause: float = 0.01) -> T:
    """The first true answer of ``probe``; fails with its last answer when ``timeout`` seconds have passed."""
    deadline = time.monotonic() + timeout
    while True:
        answer = probe()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"still {answer!r} after {timeout:g} s")
        eventlet.sleep(pause)
