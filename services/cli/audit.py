"""``backoffice audit``: proving that the audit is what was written."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from tqdm import tqdm

from services.cli import output
from services.cli.database import database
from services.cli.program import examples
from services.contracts.tasks import utc_text
from services.info import checkpoints, seals, verification
from services.info.findings import Report
from services.runtime.postgres.database import Pool
from services.runtime.printable import printable
from services.runtime.settings import Settings

BROKEN = 3
"""The exit code when something is wrong with the audit. 1 says that it could not be verified."""


@click.group(
    epilog=examples(
        "backoffice audit checkpoint --output 2026-11-24.json",
        "backoffice audit verify --checkpoint 2026-11-24.json",
    )
)
def audit() -> None:
    """Verify that nobody changed the audit, and export checkpoints to verify it against."""


@audit.command()
@click.option(
    "--checkpoint",
    "files",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    help="One exported earlier; several are allowed. Without one, a cut end or seals made anew may pass unseen.",
)
def verify(files: tuple[Path, ...]) -> None:
    """Check every audit row against its seal, and the seals against each other and against checkpoints.

    The exit code is 0 when nothing is wrong, 3 when something is, 1 when it could not be verified.
    """
    known = [_read(file) for file in files]
    with _pool() as pool, tqdm(unit=" rows", delay=2, leave=False, file=sys.stderr) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        report = verification.verify(pool, known, progress)
    _tell(report, known)
    sys.exit(BROKEN if report.findings else 0)


@audit.command()
@click.option(
    "--output",
    "target",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="A file, instead of the terminal.",
)
def checkpoint(target: Path | None) -> None:
    """Seal what has been written, and export what the last seal is.

    Keep it where nobody who can change the database can change it.
    """
    with _pool() as pool:
        seals.seal_all(pool)
        with pool.transaction() as tx:
            made = checkpoints.make(tx)
    if target is None:
        output.show(made.to_json(), newline=False)
    else:
        _write(target, made.to_json())
        output.show(f"{target}: seal {made.seal}, {made.rows:,} rows.")


@contextmanager
def _pool() -> Iterator[Pool]:
    settings = Settings.from_environment()
    with database(settings) as url:
        pool = Pool(url, size=2, role=settings.database_role, name="backoffice command")
        try:
            yield pool
        finally:
            pool.close()


def _read(file: Path) -> checkpoints.Checkpoint:
    try:
        return checkpoints.read(file.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, checkpoints.CheckpointError) as error:
        raise checkpoints.CheckpointError(f"{file}: {error}") from None


def _write(output: Path, text: str) -> None:
    """All of it or nothing: an earlier checkpoint is not lost to a full disk."""
    unfinished = output.with_name(f"{output.name}.unfinished")
    try:
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(output)
    except OSError as error:
        raise checkpoints.CheckpointError(f"{output} cannot be written: {error.strerror}.") from None


def _tell(report: Report, known: list[checkpoints.Checkpoint]) -> None:
    output.show(f"{_many(report.rows, 'row')} in {_many(report.seals, 'seal')} were checked.")
    for finding in report.findings:
        output.show(printable(finding.sentence))
    if report.unexplained:
        output.show(f"{_many(report.unexplained, 'further seal')} broken.")
    if report.waiting_since:
        verb = "is" if report.waiting == 1 else "are"
        since = utc_text(report.waiting_since)
        output.show(
            f"{_many(report.waiting, 'row')} {verb} not sealed yet, the oldest of {since}: nothing proves those."
        )
    output.show(_verdict(report, known))


def _verdict(report: Report, known: list[checkpoints.Checkpoint]) -> str:
    if report.findings:
        return "THE AUDIT IS NOT WHAT WAS WRITTEN."
    if known:
        newest = max(known, key=lambda one: one.seal)
        return f"Nothing is wrong. Up to seal {newest.seal} that holds since {newest.exported_at}."
    if report.seals:
        return "Nothing is wrong, as far as can be seen without a checkpoint."
    return "There are no seals, so nothing is proved."


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")
