"""A database connection gets the number of a descriptor that was closed while somebody still waited for it."""

import contextlib
import socket

import eventlet

from services.runtime.postgres.database import connect
from tests.waiting import PATIENCE


def test_a_connection_does_not_stumble_over_the_waiter_of_a_closed_socket(postgres: str) -> None:
    ours, theirs = socket.socketpair()
    number = ours.fileno()

    def wait() -> None:
        with contextlib.suppress(OSError, EOFError):
            ours.recv(1)

    waiter = eventlet.spawn(wait)
    eventlet.sleep(0)
    ours.close()

    connection = connect(postgres, None, "test")

    assert connection.fileno() == number
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    connection.close()
    theirs.close()
    with eventlet.Timeout(PATIENCE):
        waiter.wait()
