"""Messages that were set aside, kept for an operator to look at and to replay."""

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from services.contracts.task_ids import new_task_id
from services.contracts.tasks import DeadLetter, utc_text
from services.info import audit
from services.info.requests import Asked, Request
from services.info.work import AuditEntry, Row
from services.runtime.postgres.transaction import Transaction

LONGEST_REASON = 1_000
LONGEST_BODY = 64_000
"""Of a message that cannot be kept as it is (a multiple of four, as base64 needs)."""


class DeadLetterError(Exception):
    """It cannot be shown or replayed; the message is a sentence for the person who asked."""


_KEEP = """
INSERT INTO dead_letter (queue, reason, body, encoding, task_id, digest)
SELECT queue, reason, body, encoding, task_id, digest
FROM json_to_recordset(%s) AS letter (
    queue text, reason text, body text, encoding text, task_id uuid, digest text)
ON CONFLICT (digest) DO NOTHING
"""


def keep(tx: Transaction, letters: Sequence[tuple[DeadLetter, Request | None]]) -> None:
    """Store messages, each with the task that ends by it. One that is stored already is not stored again."""
    rows = [_row(letter, request.id if request else None) for letter, request in letters]
    if rows:
        tx.execute(_KEEP, (json.dumps(sorted(rows, key=lambda row: str(row["digest"]))),))


def _row(letter: DeadLetter, task_id: str | None) -> Row:
    body, encoding = letter["body"], letter["encoding"]
    content = body.encode("utf-8", "surrogatepass")
    queue = letter["queue"].encode("utf-8", "surrogatepass")
    digest = hashlib.sha256(b"\0".join([queue, str(task_id).encode(), content])).hexdigest()
    if encoding == "utf-8" and ("\0" in body or not _is_text(body)):
        body, encoding = base64.b64encode(content).decode(), "base64"
    return {
        "queue": _storable(letter["queue"]),
        "reason": _storable(letter["reason"]),
        "body": body,
        "encoding": encoding,
        "task_id": task_id,
        "digest": digest,
    }


def at_least(asked: Asked) -> Asked:
    """What can be kept of a message and its task whatever the database has against them: in ASCII, and short."""
    letter, request = asked.dead_letter, asked.request
    if letter is None:
        return asked
    content = letter["body"].encode("utf-8", "surrogatepass")[:LONGEST_BODY]
    in_base64 = letter["encoding"] == "base64"
    kept: DeadLetter = {
        "queue": _in_ascii(letter["queue"]),
        "reason": f"{_in_ascii(letter['reason'])}; the database refuses it as it was, so the task has no data",
        "body": content.decode("ascii") if in_base64 else base64.b64encode(content).decode(),
        "encoding": "base64",
    }
    return Asked(None if request is None else replace(request, data={}), kept)


def _in_ascii(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode().replace("\0", "?")[:LONGEST_REASON]


def _storable(text: str) -> str:
    return text.replace("\0", "?").encode("utf-8", "backslashreplace").decode()


def _is_text(body: str) -> bool:
    try:
        body.encode()
    except UnicodeEncodeError:
        return False
    return True


_LIST = """
SELECT letter.id, letter.at, letter.queue, letter.reason, letter.task_id, letter.replayed_as, letter.replayed_at,
    task.action, operator.name AS operator
FROM dead_letter AS letter
LEFT JOIN task ON task.id = letter.task_id
LEFT JOIN operator ON operator.id = task.operator_id
"""


def list_newest(tx: Transaction, limit: int = 50) -> list[dict[str, Any]]:
    """The newest dead letters without their bodies; times as text."""
    return [_shown(row) for row in tx.query(_LIST + "ORDER BY letter.id DESC LIMIT %s", (limit,))]


def show(tx: Transaction, letter_id: int) -> dict[str, Any]:
    """A dead letter with its body. Raises ``DeadLetterError``."""
    row = tx.one(_LIST + "WHERE letter.id = %s", (letter_id,))
    content = tx.one("SELECT body, encoding FROM dead_letter WHERE id = %s", (letter_id,))
    if row is None or content is None:
        raise DeadLetterError(f"There is no dead letter {letter_id}.")
    return _shown(row) | content


def _shown(row: Row) -> dict[str, Any]:
    return {**row, "at": utc_text(row["at"]), "replayed_at": row["replayed_at"] and utc_text(row["replayed_at"])}


# One replay of a task at a time; whoever waits for another sees its dead letters as that leaves them.
_LOCK_TASK = "SELECT id FROM task WHERE id = (SELECT task_id FROM dead_letter WHERE id = %s) FOR UPDATE"

_TO_REPLAY = """
SELECT task.id AS task_id, task.status, operator.name, operator.active,
    (SELECT replayed_as FROM dead_letter WHERE task_id = task.id AND replayed_as IS NOT NULL LIMIT 1),
    (SELECT id FROM session WHERE operator_id = task.operator_id AND ended_at IS NULL) AS session_id
FROM dead_letter AS letter
LEFT JOIN task ON task.id = letter.task_id
LEFT JOIN operator ON operator.id = task.operator_id
WHERE letter.id = %s
"""

_REPLAY = """
INSERT INTO task (id, action, data, operator_id, session_id, submitted_at, replay_of, publish_again_at)
SELECT %(id)s, action, data, operator_id, %(session_id)s, statement_timestamp(), id, statement_timestamp()
FROM task WHERE id = %(task_id)s
"""


def replay(tx: Transaction, letter_id: int, actor: str) -> str:
    """Record a new task that asks for the same again, for the same operator in the session that is open now; the
    timer of ``info`` publishes it. Answers its id. All dead letters of the task are replayed by it, those that come
    later too, and none when the task has taken effect, or may still do so. Raises ``DeadLetterError``."""
    tx.query(_LOCK_TASK, (letter_id,))
    row = tx.one(_TO_REPLAY, (letter_id,))
    fault = _fault(row, letter_id)
    if row is None or fault:
        raise DeadLetterError(fault)
    task_id = new_task_id()
    tx.execute(_REPLAY, {"id": task_id, "task_id": row["task_id"], "session_id": row["session_id"]})
    tx.execute(
        "UPDATE dead_letter SET replayed_as = %s, replayed_at = statement_timestamp() WHERE task_id = %s",
        (task_id, row["task_id"]),
    )
    entry = AuditEntry("dead_letter", letter_id, "replayed", None, {"task": row["task_id"], "replayed_as": task_id})
    audit.write(tx, [(audit.Author(task_id=task_id, actor=actor), entry)])
    return task_id


def _fault(row: Row | None, letter_id: int) -> str | None:
    if row is None:
        return f"There is no dead letter {letter_id}."
    if row["task_id"] is None:
        return f"Dead letter {letter_id} holds no readable task, so it cannot be replayed."
    if row["replayed_as"]:
        return f"Dead letter {letter_id} was already replayed as task {row['replayed_as']}."
    if row["status"] != "failed":
        ended = "has succeeded" if row["status"] == "succeeded" else "has not ended"
        return f"The task of dead letter {letter_id} {ended}, so there is nothing to replay."
    if not row["active"]:
        return f"The operator of dead letter {letter_id} is unknown or disabled, so it cannot be replayed."
    if row["session_id"] is None:
        return f"{row['name']} has no open session; {row['name']} has to log in before this can be replayed."
    return None
