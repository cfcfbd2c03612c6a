"""The broken builds: what is changed in the source, and the scenario that has to notice."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.stack import ROOT

PARTS = ("services", "tests", "pyproject.toml")
"""What a build needs."""


class Stale(AssertionError):
    """The source no longer has the text that a mutation replaces: the mutation has to be written anew."""


@dataclass(frozen=True)
class Edit:
    """``old``, which stands once in the file, becomes ``new``."""

    file: str
    old: str
    new: str

    def apply(self, folder: Path) -> None:
        """Raises ``Stale``."""
        path = folder / self.file
        text = path.read_text(encoding="utf-8")
        if text.count(self.old) != 1:
            raise Stale(f"{self.file} has this {text.count(self.old)} times, not once:\n{self.old}")
        path.write_text(text.replace(self.old, self.new), encoding="utf-8")


@dataclass(frozen=True)
class Mutation:
    """A guarantee taken away.

    scenario: the one that notices
    promise:  which promise is reported as broken
    """

    scenario: str
    promise: str
    edits: tuple[Edit, ...]


MUTATIONS = {
    "acknowledges first": Mutation(
        "killed before the commit",
        "every accepted task has an outcome",
        (
            Edit(
                "services/runtime/messaging/batches.py",
                "        told = [(letter.delivery.headers, letter.entries) for letter in letters]\n",
                "        _each(letters, lambda delivery: delivery.acknowledge())\n"
                "        told = [(letter.delivery.headers, letter.entries) for letter in letters]\n",
            ),
        ),
    ),
    "drops the check of the task's id": Mutation(
        "delivered twice",
        "a task has at most one effect",
        (
            Edit(
                "services/info/batch.py",
                '    finished = {row["id"]: row for row in locked if row["finished_at"]}\n',
                "    finished: dict[str, Row] = {}\n    locked = []\n",
            ),
            # Otherwise the outcome, of which there can be one only, would stop the second effect.
            Edit(
                "services/info/batch.py",
                "**stored[end.request.id]}",
                "**stored.get(end.request.id, {'finished_at': datetime.now(UTC), "
                "'submitted_at': datetime.fromisoformat(end.request.submitted_at)})}",
            ),
            Edit("services/info/batch.py", "import json\n", "import json\nfrom datetime import UTC, datetime\n"),
        ),
    ),
    "checks the level outside the transaction": Mutation(
        "demoted while deciding",
        "nobody decided, claimed or escalated without being allowed to at that time",
        (
            Edit(
                "services/info/execution.py",
                "        with self._pool.transaction() as tx:\n            done = execute(tx, asked, self._rules)\n",
                "        requests = [entry.request for entry in asked if entry.request]\n"
                "        with self._pool.transaction() as tx:\n"
                "            admission = Admission(tx, requests, self._rules.operations, self._rules.idle_seconds)\n"
                "        with self._pool.transaction() as tx:\n"
                "            done = execute(tx, asked, self._rules, admission)\n",
            ),
            Edit("services/info/execution.py", "import touch\n", "import Admission, touch\n"),
            Edit(
                "services/info/batch.py",
                "def execute(tx: Transaction, asked: Sequence[Asked], rules: Rules) -> Round:",
                "def execute(tx: Transaction, asked: Sequence[Asked], rules: Rules, admission: Admission) -> Round:",
            ),
            Edit(
                "services/info/batch.py",
                "    admission = Admission(tx, to_do, rules.operations, rules.idle_seconds)\n",
                "",
            ),
        ),
    ),
    "reads the operator without a lock": Mutation(
        "demoted while deciding",
        "nobody decided, claimed or escalated without being allowed to at that time",
        (
            Edit("services/info/admission.py", "            turns.together(tx, shared)\n", ""),
            Edit("services/info/admission.py", "tx.query(_OPERATORS + strength, ", "tx.query(_OPERATORS, "),
        ),
    ),
    "skips the audit row": Mutation(
        "delivered twice",
        "every succeeded change has exactly one audit row",
        (Edit("services/info/batch.py", "            if end.work\n", "            if False\n"),),
    ),
    "says an outcome before it commits": Mutation(
        "a commit that fails",
        "an outcome does not change",
        (
            Edit(
                "services/info/execution.py",
                "                yield self._execute(asked)\n",
                "                with self._pool.transaction() as tx:\n"
                "                    yield execute(tx, asked, self._rules)\n",
            ),
        ),
    ),
    "does not ask for an open session": Mutation(
        "logged out while the task waits",
        "nobody changed anything without an open session",
        (Edit("services/info/admission.py", "if session is None or not session.open or ", "if session is None or "),),
    ),
    "ignores idempotency keys": Mutation(
        "the same key twice",
        "a key gives one task",
        (
            Edit(
                "services/info/task_store.py",
                "    earlier = None if key is None else task_of_key(",
                "    earlier = None if True else task_of_key(",
            ),
        ),
    ),
}
"""By what the build does."""


def build(folder: Path, mutation: Mutation | None = None) -> None:
    """Copy the source into an empty folder, and take something away. Raises ``Stale``."""
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, folder / part)
        else:
            shutil.copy2(source, folder / part)
    for edit in mutation.edits if mutation else ():
        edit.apply(folder)
