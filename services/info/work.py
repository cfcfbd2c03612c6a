"""One task at work inside the transaction that executes it, as an operation sees it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from services.contracts.operators import LARGEST_LEVEL, Role
from services.contracts.tasks import ItemChange
from services.info.figures import Figures

Params = Sequence[Any] | Mapping[str, Any] | None
Row = dict[str, Any]


class Transaction(Protocol):
    """What the rules need of a database transaction; rows are dicts by column name."""

    def query(self, sql: str, params: Params = None, *, prepare: bool = True) -> list[Row]:
        """All rows of a statement. ``prepare``: it is said often, and one plan fits all its parameters."""

    def one(self, sql: str, params: Params = None) -> Row | None:
        """The first row of a statement, or None."""


@dataclass(frozen=True)
class Operator:
    """Who asked for the task, as the row reads that this transaction has locked."""

    id: int
    name: str
    role: Role
    level: int


@dataclass(frozen=True)
class Limits:
    """What the settings bound.

    claim_seconds:         how long a claim lasts unless it is renewed
    max_claims:            how many an operator may hold
    longest_claim_seconds: how long a claim lasts however often it is renewed
    largest_level:         the highest level that an item or an operator is given
    """

    claim_seconds: int
    max_claims: int
    longest_claim_seconds: int = 28_800
    largest_level: int = LARGEST_LEVEL


@dataclass(frozen=True)
class AuditEntry:
    """What an operation did to one thing: JSON-ready states, None before its creation."""

    entity: str
    entity_id: int
    event: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


@dataclass
class Work:
    """A task being executed. An operation reads and changes the database through it, tells what it changed,
    and answers the task's result; it raises ``Refusal`` when a rule says no, and then nothing of it remains.

    entries and changes are written, or said, when the whole batch is done, in the same transaction or after it.
    figures:           what was counted a moment ago
    operators_changed: whose role, level, token or sessions it changed; what comes after it in the batch heeds that
    """

    transaction: Transaction
    task_id: str
    operator: Operator
    limits: Limits
    figures: Figures = field(default_factory=Figures)
    entries: list[AuditEntry] = field(default_factory=list)
    changes: list[ItemChange] = field(default_factory=list)
    operators_changed: set[int] = field(default_factory=set)

    def query(self, sql: str, params: Params = None, *, prepare: bool = True) -> list[Row]:
        """All rows of a statement. ``prepare``: it is said often, and one plan fits all its parameters."""
        return self.transaction.query(sql, params, prepare=prepare)

    def one(self, sql: str, params: Params = None) -> Row | None:
        """The first row of a statement, or None."""
        return self.transaction.one(sql, params)

    def audit(
        self,
        entity: str,
        entity_id: int,
        event: str,
        before: Mapping[str, Any] | None,
        after: Mapping[str, Any] | None,
    ) -> None:
        """Note a change for the audit; ``before`` and ``after`` hold JSON values."""
        self.entries.append(AuditEntry(entity, entity_id, event, before, after))
