"""What verifying the audit finds, each in a sentence for the person who has to act on it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

MOST_NAMED = 20
"""Ranges of rows in one sentence; the rest is counted."""


class Kind(StrEnum):
    """What was done to the audit."""

    ROWS_CHANGED = "rows changed"
    ROWS_GONE = "rows gone"
    ROWS_INSERTED = "rows inserted"
    SEAL_CHANGED = "seal changed"
    SEALS_GONE = "seals gone"
    SEAL_REMADE = "seal remade"
    TAIL_CUT = "tail cut"
    REWRITTEN = "rewritten"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong. ``seal`` and ``rows`` (numbers of audit rows) say where, as far as that is known."""

    kind: Kind
    sentence: str
    seal: int | None = None
    rows: tuple[range, ...] = ()


@dataclass
class Report:
    """What was verified, and what was found.

    seals, rows:   how many were checked
    waiting:       rows that are not sealed yet, the oldest of them written at ``waiting_since``
    unexplained:   further broken seals, which were only counted
    """

    seals: int = 0
    rows: int = 0
    waiting: int = 0
    waiting_since: datetime | None = None
    unexplained: int = 0
    findings: list[Finding] = field(default_factory=list)


def rows_changed(seal: int, rows: Iterable[int]) -> Finding:
    """Their content is not what was sealed."""
    spans = spans_of(rows)
    return Finding(Kind.ROWS_CHANGED, f"Seal {seal}: {named(spans)} changed after being sealed.", seal, spans)


def rows_gone(seal: int, rows: Iterable[int]) -> Finding:
    """They were sealed, and are not there."""
    spans = spans_of(rows)
    return Finding(Kind.ROWS_GONE, f"Seal {seal}: {named(spans)} removed after being sealed.", seal, spans)


def rows_inserted(spans: tuple[range, ...], reason: str, seal: int | None = None) -> Finding:
    """They were not written by the services at the time that their place in the audit claims."""
    where = f"Seal {seal}" if seal else "No seal"
    return Finding(Kind.ROWS_INSERTED, f"{where}: {named(spans)} inserted by hand: {reason}.", seal, spans)


def seal_changed(seal: int, why: str) -> Finding:
    """The seal, not its rows."""
    return Finding(Kind.SEAL_CHANGED, f"Seal {seal} itself was changed: {why}.", seal)


def without_number(rows: int, seals: int) -> Finding:
    """The database refuses that, unless somebody took the constraint away."""
    return Finding(Kind.ROWS_INSERTED, f"{rows:,} rows and {seals:,} seals without a number were inserted by hand.")


def seals_gone(first: int, last: int) -> Finding:
    """Later ones are there."""
    which = f"Seal {first} is" if first == last else f"Seals {first} to {last} are"
    return Finding(Kind.SEALS_GONE, f"{which} gone, and what was sealed by then is without proof.", first)


def seal_remade(seal: int) -> Finding:
    """The next seal was made on another one of that number."""
    sentence = (
        f"Seal {seal} was made anew, since seal {seal + 1} stands on another one: what it covers can have changed."
    )
    return Finding(Kind.SEAL_REMADE, sentence, seal)


def tail_cut(seal: int, last: int, when: str) -> Finding:
    """A checkpoint names a seal that is beyond the last one."""
    now = f"the last one now is seal {last}" if last else "there is none now"
    return Finding(Kind.TAIL_CUT, f"The checkpoint of {when} names seal {seal}, and {now}: the end was cut off.", seal)


def rewritten(seal: int, when: str, *, whole: bool) -> Finding:
    """A checkpoint names another seal of that number. ``whole``: the very first one differs too."""
    if whole:
        what = "all seals were made anew, or the checkpoint is another database's"
    else:
        what = "seals up to it were made anew, and what they cover can have been changed"
    return Finding(Kind.REWRITTEN, f"Seal {seal} is not the one that the checkpoint of {when} names: {what}.", seal)


def spans_of(numbers: Iterable[int]) -> tuple[range, ...]:
    """Ascending numbers as ranges."""
    spans: list[range] = []
    for number in numbers:
        if spans and spans[-1].stop == number:
            spans[-1] = range(spans[-1].start, number + 1)
        else:
            spans.append(range(number, number + 1))
    return tuple(spans)


def spans_in(multirange: str) -> tuple[range, ...]:
    """PostgreSQL's ``{[1,5),[7,9)}``. Raises ``ValueError`` when an end is missing."""
    bounds = [part.split(",") for part in multirange.strip("{}").replace("[", "").split(")") if part]
    return tuple(range(int(pair[-2]), int(pair[-1])) for pair in bounds)


def named(spans: tuple[range, ...]) -> str:
    """``Row 5 was``, or ``Rows 5, 7 to 9 were``."""
    if sum(map(len, spans)) == 1:
        return f"row {spans[0].start} was"
    shown = [str(span.start) if len(span) == 1 else f"{span.start} to {span.stop - 1}" for span in spans[:MOST_NAMED]]
    rest = sum(map(len, spans[MOST_NAMED:]))
    more = f" and {rest:,} more" if rest else ""
    return f"rows {', '.join(shown)}{more} were"
