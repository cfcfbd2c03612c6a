"""Waiting for what happens in the background, never longer than needed."""

import linecache
import subprocess
import sys
import time
from collections.abc import Callable
from typing import TypeVar

import eventlet

T = TypeVar("T")

PATIENCE = 30.0
"""Seconds until what is waited for counts as missing: a machine that is busy with other things is given them too."""


def eventually(probe: Callable[[], T | None], timeout: float = PATIENCE, pause: float = 0.01) -> T:
    """The first true answer of ``probe``; fails with its last answer, and the line of the test that waited, when
    ``timeout`` seconds have passed."""
    deadline = time.monotonic() + timeout
    while True:
        answer = probe()
        if answer:
            return answer
        if time.monotonic() > deadline:
            caller = sys._getframe(1)
            line = linecache.getline(caller.f_code.co_filename, caller.f_lineno).strip()
            raise AssertionError(f"still {str(answer)[:500]} after {timeout:g} s: {line}")
        eventlet.sleep(pause)


def read_until(process: "subprocess.Popen[str]", text: str) -> str:
    """What a process says, up to the line with that text; fails with what it said when it ends before."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if text in line:
            return said
    raise AssertionError(f"ended with {process.wait()} before it said {text!r}:\n{said}")
