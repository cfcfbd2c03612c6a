"""Checkpoints: what the last seal was, kept where whoever rules over the database cannot change it.

Who has every right in the database can change a row and make all seals after it anew. Against a checkpoint that shows:
the seal that it names is another one by then, or gone.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from services.contracts.tasks import utc_text
from services.info import findings
from services.info.findings import Finding
from services.runtime.postgres.transaction import Transaction

FORMAT = "backoffice audit checkpoint 1"


class CheckpointError(Exception):
    """It cannot be made or read; the message is a sentence for the person who asked."""


@dataclass(frozen=True)
class Checkpoint:
    """The last seal at a time.

    seal, digest, sealed_at: its number, what it is known by, and when it was made
    rows:                    how many audit rows it and those before it cover
    first:                   the digest of seal 1, which tells one audit from another
    exported_at:             when the checkpoint was made, by the database's clock
    """

    seal: int
    digest: str
    sealed_at: str
    rows: int
    first: str
    exported_at: str

    def to_json(self) -> str:
        """As it is kept."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=2) + "\n"


_STANDING = """
SELECT seal.id, seal.digest, seal.at, statement_timestamp() AS now,
    (SELECT digest FROM audit_seal WHERE id = 1) AS first,
    (SELECT sum(rows) FROM audit_seal WHERE id <= seal.id)::bigint AS rows
FROM audit_seal AS seal WHERE seal.id = coalesce(%s::bigint, (SELECT max(id) FROM audit_seal))
"""


def make(tx: Transaction) -> Checkpoint:
    """Of the last seal. Raises ``CheckpointError`` when there is none, or none to begin with."""
    row = tx.one(_STANDING, (None,))
    if row is None or row["first"] is None:
        raise CheckpointError("No audit row has been sealed yet; there is nothing to make a checkpoint of.")
    return Checkpoint(row["id"], row["digest"], utc_text(row["at"]), row["rows"], row["first"], utc_text(row["now"]))


def read(text: str) -> Checkpoint:
    """A checkpoint as ``to_json`` wrote it. Raises ``CheckpointError``."""
    try:
        members = json.loads(text)
    except (ValueError, RecursionError):
        raise CheckpointError("The checkpoint is not JSON.") from None
    if not isinstance(members, Mapping) or members.get("format") != FORMAT:
        raise CheckpointError(f"That is no checkpoint: its format is not {FORMAT!r}.")
    return Checkpoint(**{name: _member(members, name, kind) for name, kind in Checkpoint.__annotations__.items()})


def _member(members: Mapping[str, Any], name: str, kind: type) -> Any:
    value = members.get(name)
    if type(value) is not kind:
        raise CheckpointError(f"The checkpoint is damaged: {name} is missing or wrong.")
    return value


def compare(tx: Transaction, checkpoint: Checkpoint) -> list[Finding]:
    """What is wrong with the seals that stand, by a checkpoint that was made earlier."""
    row = tx.one(_STANDING, (checkpoint.seal,))
    if row is None:
        last = tx.query("SELECT coalesce(max(id), 0) AS id FROM audit_seal")[0]["id"]
        return [findings.tail_cut(checkpoint.seal, last, checkpoint.exported_at)] if last < checkpoint.seal else []
    if row["digest"] != checkpoint.digest:
        whole = row["first"] != checkpoint.first
        return [findings.rewritten(checkpoint.seal, checkpoint.exported_at, whole=whole)]
    return []
