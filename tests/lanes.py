"""The whole test suite in less time: its parts run side by side, since tests wait more than they compute."""

import re
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue

LANES = 2
"""Parts that run at a time."""

_SLOWEST = ("integration", "system", "deployment", "security", "console")
"""What starts servers, processes and browsers takes longest, and had better not begin when all else has ended."""

_COUNT = re.compile(r"(\d+) (passed|failed|error|skipped)")
_SUMMARY = " short test summary info "

_MOST_LINES = 8
"""Of what a failed test says beyond its line: a log of CI may keep its end alone."""

_NO_TESTS = 5
"""pytest's exit code when it found none."""

_UNCUT = {"CI": "true"}
"""The variable with which pytest cuts the lines on failed tests nowhere."""


@dataclass(frozen=True)
class Result:
    """How one part ended: pytest's exit code, its last line, and what it says at its end of the tests that failed."""

    code: int
    closing: str
    failures: list[str]


def parts(tests: Path) -> list[Path]:
    """What stands directly below ``tests`` and holds tests: the slowest first, then the largest."""
    found = [*tests.glob("*/"), *tests.glob("test_*.py")]
    return sorted(filter(_size, found), key=_turn)


def _turn(part: Path) -> tuple[int, int]:
    return (_SLOWEST.index(part.name) if part.name in _SLOWEST else len(_SLOWEST)), -_size(part)


def _size(part: Path) -> int:
    files = part.rglob("test_*.py") if part.is_dir() else [part]
    return sum(file.stat().st_size for file in files)


def run(tests: Path, environment: Mapping[str, str]) -> int:
    """Run every part as a pytest of its own, telling what each says, and at the end again which tests failed.

    0 when all passed, else 1.
    """
    waiting: SimpleQueue[Path] = SimpleQueue()
    for part in parts(tests):
        waiting.put(part)
    results: list[Result] = []
    lanes = [threading.Thread(target=_lane, args=(waiting, environment, results)) for _ in range(LANES)]
    for lane in lanes:
        lane.start()
    for lane in lanes:
        lane.join()
    for failure in [line for result in results for line in result.failures]:
        print(failure)
    counts = totals([result.closing for result in results])
    print(f"{counts['passed']} passed, {counts['failed'] + counts['error']} failed, {counts['skipped']} skipped")
    return int(not counts["passed"] or any(result.code not in (0, _NO_TESTS) for result in results))


def totals(closings: list[str]) -> Counter[str]:
    """The sums of what pytest's closing lines count."""
    counts: Counter[str] = Counter()
    for closing in closings:
        for number, what in _COUNT.findall(closing):
            counts[what] += int(number)
    return counts


def _lane(waiting: "SimpleQueue[Path]", environment: Mapping[str, str], results: list[Result]) -> None:
    while True:
        try:
            part = waiting.get_nowait()
        except Empty:
            return
        results.append(_run(part, environment))


def _run(part: Path, environment: Mapping[str, str]) -> Result:
    closing = ""
    summary: list[str] | None = None
    with subprocess.Popen(
        [sys.executable, "-m", "pytest", "-q", "-rfEs", str(part)],
        env={**environment, **_UNCUT},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            closing = line
            if summary is not None:
                summary.append(line.rstrip())
            elif _SUMMARY in line:
                summary = []
            sys.stdout.write(f"{part.stem:<12}| {line}")
            sys.stdout.flush()
    failures = told(summary[:-1]) if summary else []
    if process.returncode not in (0, _NO_TESTS) and not failures:
        failures = [f"{part.stem}: pytest ended with {process.returncode}: {closing.rstrip()}"]
    return Result(process.returncode, closing, failures)


def told(summary: list[str]) -> list[str]:
    """Of each test that failed, pytest's line on it and the last of the lines that follow."""
    groups: list[list[str]] = []
    for line in summary:
        if line.startswith(("FAILED ", "ERROR ", "SKIPPED ")):
            groups.append([line])
        elif groups and not line.startswith("!!!"):
            groups[-1].append(line)
    failures = [group for group in groups if not group[0].startswith("SKIPPED ")]
    return [line for first, *others in failures for line in (first, *others[-_MOST_LINES:])]
