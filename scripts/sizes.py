"""The document of how large things may be: the numbers are those of the code."""

from services.contracts import sizes
from services.contracts.events import EVENTS
from services.gateway import connection, live
from services.info import batch, task_store
from services.info.desk import MOST_ITEMS
from services.info.paging import LARGEST_ENTRY, PORTION
from services.runtime.http import protocol
from services.runtime.messaging import broadcasts, events

_INTRODUCTION = """\
# How large things may be

Written from the code by `make docs`. Everything is bounded in bytes as well as in number, since a thousand of what is
small on average can be large together. Bytes are those of compact JSON in UTF-8. Each limit fits into the next, so that
what is accepted can be stored, told, shown and read again. `tests/system/test_memory.py` holds every process below the
memory of its manifest while much is asked for at once and little of it is read.

| what | at most | beyond it | where |
|---|---|---|---|
"""

_CONCLUSION = """
A text (`content`, `problem`, `answer`, a reason, a name, what is searched for) has at most {bytes} bytes for each
of the characters that it may have. Only texts full of control characters, which JSON escapes, need more. So an item
with its customer, and an entry of a history with an inquiry and its answer before and after, always fit a result.

A page that ends early has a `next_cursor`, like one that has as many entries as were asked for. RabbitMQ takes messages
of up to 16 MiB (128 MiB before release 4), which is far more than the largest of ours.

The pending board holds {items:,} items, some hundred bytes each; of more it keeps the numbers by type and level alone.

Releases before these limits have stored larger results. Such a task shows `result: null` and the size as
`result_bytes`. `backoffice result TASK_ID` prints the result from the database, a piece at a time.
"""


def sizes_document() -> str:
    """The whole document."""
    rows = "".join(
        f"| {what} | {_size(most)} | {beyond} | `services/{where}` |\n" for what, most, beyond, where in _rows()
    )
    return _INTRODUCTION + rows + _CONCLUSION.format(bytes=sizes.BYTES_A_CHARACTER, items=MOST_ITEMS)


def _rows() -> list[tuple[str, int, str, str]]:
    held = max(event.prefetch for event in EVENTS if event.per_message > 1) * sizes.LARGEST_MESSAGE
    return [
        ("The body of a request, a WebSocket's message", sizes.LARGEST_BODY, "`payload_too_large`, 1009", "gateway"),
        ("A WebSocket's first message", sizes.LARGEST_HELLO, "1009", "gateway/websocket.py"),
        ("The data of a task", sizes.LARGEST_DATA, "`invalid_request`", "info/requests.py"),
        ("A task on its way", sizes.LARGEST_TASK, "set aside", "tasks/messages.py"),
        ("The entries of a page", sizes.LARGEST_PAGE, "the page ends early, with a cursor", "info/paging.py"),
        ("The result of a task", sizes.LARGEST_RESULT, "`result_too_large`, nothing is done", "info/batch.py"),
        ("An outcome", sizes.LARGEST_OUTCOME, "told without its result", "tasks/messages.py"),
        ("What is kept of a dead letter", sizes.LARGEST_KEPT, "its beginning", "tasks/dead_letters.py"),
        (
            "A message or a call that is parsed",
            sizes.LARGEST_READ,
            "set aside as one",
            "runtime/messaging/envelopes.py",
        ),
        ("A message, a call, a reply", sizes.LARGEST_MESSAGE, "split; `TooLarge`", "runtime/messaging/envelopes.py"),
        (
            "What one `say` has on its way",
            events.PUBLISHED_AT_ONCE,
            "one part after the other",
            "runtime/messaging/events.py",
        ),
        ("What a reader of work holds", held, "waits on the queue", "contracts/events.py"),
        (
            "What a reader of broadcasts holds",
            broadcasts.PREFETCH * sizes.LARGEST_MESSAGE,
            "waits on the queue",
            "runtime/messaging/broadcasts.py",
        ),
        ("Outcomes that one statement stores", batch.STORED_AT_ONCE, "the next statement", "info/batch.py"),
        (
            f"Tasks that are read at a time ({task_store.PORTION})",
            task_store.PORTION * sizes.LARGEST_OUTCOME,
            "the next reading",
            "info/task_store.py",
        ),
        (
            f"Entries of a history, likewise ({PORTION})",
            PORTION * LARGEST_ENTRY,
            "the next reading",
            "info/paging.py",
        ),
        ("What waits for one WebSocket", connection.MOST_BYTES, "it is cut", "gateway/connection.py"),
        ("What waits for all of them", live.MOST_BYTES, "the slowest are cut", "gateway/live.py"),
        (
            "Answers not read, bodies not sent to the end",
            protocol.MOST_BYTES,
            "the slowest are cut",
            "runtime/http/protocol.py",
        ),
        ("What the kernel keeps for one client", 2 * protocol.SEND_BUFFER, "waits here", "runtime/http/protocol.py"),
    ]


def _size(count: int) -> str:
    for unit, name in ((1024**2, "MiB"), (1024, "KiB")):
        if count >= unit:
            return f"{count / unit:.3g} {name}"
    return f"{count} bytes"
