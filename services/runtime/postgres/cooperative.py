"""Waiting for PostgreSQL lets other greenlets run; eventlet's own way of it stumbles over recycled descriptors.

A socket may be closed while a greenlet still waits for it, and its number given to a new database connection before
that greenlet has been told. Eventlet notices when it opens the next socket itself. libpq's sockets it does not see,
so it has to be told, or the new connection fails with "Second simultaneous read".
"""

from typing import Any

import psycopg2
from eventlet import hubs, patcher
from psycopg2 import extensions


def use() -> None:
    """Wait like this from now on, in a process that eventlet has patched; elsewhere psycopg2 blocks, as ever."""
    if patcher.is_monkey_patched("psycopg"):
        extensions.set_wait_callback(wait)


def wait(connection: Any) -> None:
    """Called by psycopg2 until the connection has what it waits for."""
    opening = connection.status == extensions.STATUS_SETUP
    known = None
    while (state := connection.poll()) != extensions.POLL_OK:
        number = connection.fileno()
        if opening and number != known:
            hubs.notify_opened(number)
            known = number
        if state == extensions.POLL_READ:
            hubs.trampoline(number, read=True)
        elif state == extensions.POLL_WRITE:
            hubs.trampoline(number, write=True)
        else:
            raise psycopg2.OperationalError(f"unexpected answer of poll: {state}")
