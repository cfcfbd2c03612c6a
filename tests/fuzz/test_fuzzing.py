"""A short run of every fuzzing target over its corpus and some thousand inputs made from it, the same each time."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("atheris", reason="atheris is for Linux alone")

from tests.fuzz.__main__ import CORPUS, ROOT
from tests.fuzz.corpus import seeds

RUNS = 5_000
NAMES = sorted(folder.name for folder in CORPUS.iterdir())


def fuzz(name: str, folder: Path, runs: int = RUNS) -> subprocess.CompletedProcess[str]:
    kept = f"{folder}/"
    command = (
        f"from tests.fuzz.__main__ import run; import sys; sys.exit(run({name!r}, seed=1, runs={runs}, kept={kept!r}))"
    )
    return subprocess.run([sys.executable, "-c", command], cwd=ROOT, capture_output=True, text=True, timeout=280)


@pytest.mark.parametrize("name", NAMES)
def test_no_input_makes_a_parser_fail_otherwise_than_it_should(name: str, tmp_path: Path) -> None:
    done = fuzz(name, tmp_path)
    assert done.returncode == 0, done.stderr[-3_000:]
    assert f"Done {RUNS} runs" in done.stderr


def test_a_target_that_fails_is_seen(tmp_path: Path) -> None:
    done = fuzz("broken", tmp_path, 10)
    assert done.returncode != 0
    assert "seen" in done.stdout + done.stderr


def test_the_corpus_is_that_of_the_declared_examples() -> None:
    """`python -m tests.fuzz.corpus` writes it anew."""
    made = {(target, name): data for target, name, data in seeds()}
    stored = {(file.parent.name, file.name): file.read_bytes() for file in CORPUS.glob("*/*")}
    assert made == stored
