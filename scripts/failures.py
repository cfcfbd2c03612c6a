"""docs/failures.md, written from the tables that the code goes by."""

from collections.abc import Iterable

from services.runtime.amqp.failures import REPLIES
from services.runtime.failures import FailureClass, Reaction
from services.runtime.postgres.failures import LOST, REFUSED, SQLSTATES, UNKNOWN

_HEAD = """\
# What is done about failures

Every class of failure of the database and of the broker, and what is done about it. Written by `make docs` from
`services/runtime/postgres/failures.py` and `services/runtime/amqp/failures.py`, by which the code goes.

- **Retry alone**: the transaction was rolled back. The tasks of its batch are repeated one by one for some
  seconds; what still fails is held.
- **Hold**: the work is repeated as it is with growing pauses, and put back on its queue after `HOLD_SECONDS`.
  Nothing is lost.
- **Fail this task**: it fails whenever it is repeated. Its neighbours go on; it is set aside, ends with
  `internal_error`, and `backoffice dead` shows it.
- **Stop the process**: it does not start, says why in a sentence, and ends with exit code 2.
- **Replace the connection**: it is closed and never used again, and so is every connection of the pool that was
  made before it failed.

What has failed at each try for a minute makes `/readyz` answer 503 with the reason, shows in
`backoffice_retrying_seconds`, and raises [BackofficeRetriesLong](operating.md#backofficeretrieslong). (A gateway
that only cannot read what it missed stays ready, and so does one in which only a dead letter fails: it still works.)

A record of what was set aside does not fail for the reason of the failure: what the broker does not carry is cut, what
the database does not store is kept in base64, and its record is marked as such. An outcome that the broker does not
carry is told without its result.
"""
_DATABASE = """
## The database

By SQLSTATE; a single state goes before its class. `migrate` and the other commands end with a sentence instead
of repeating.

"""
_BROKER = """
## The broker

By AMQP reply code. RabbitMQ does not tell which of the messages in flight made it close a channel or a
connection. Where one of them may have, each is published again alone, on a connection of its own; the reaction
is that to the message for which the same happens again. The others have gone through. On the connection that
consumes, every code replaces the connection, and what was not acknowledged is delivered again.

"""
_START = """
## Refused at the start

`info` and `migrate` try the database before they begin. One that is not there yet is waited for, and one that
becomes unfit later is not used: `/readyz` says why.

"""


def failures_document() -> str:
    """docs/failures.md."""
    database = _table(["SQLSTATE", *_COLUMNS], map(_row, [*SQLSTATES.values(), UNKNOWN, LOST]))
    replies = [[*_row(reply)[:-1], "yes" if reply.by_message else "", reply.reason] for reply in REPLIES.values()]
    broker = _table(["code", *_COLUMNS[:-1], "others repeated alone", _COLUMNS[-1]], replies)
    start = _table(["what", "reaction"], [[what, Reaction.STOP.value] for what in REFUSED])
    return _HEAD + _DATABASE + database + _BROKER + broker + _START + start


_COLUMNS = ["name", "reaction", "replace the connection", "because"]


def _row(failure: FailureClass) -> list[str]:
    return [
        f"`{failure.code}`",
        failure.name,
        failure.reaction.value,
        "yes" if failure.replace else "",
        failure.reason,
    ]


def _table(head: list[str], rows: Iterable[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
