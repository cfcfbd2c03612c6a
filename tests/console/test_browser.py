"""The console in a headless Chromium against the real system: each flow, races in two browsers, keyboard, axe."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from scripts import console
from tests import parts
from tests.stack import demo_stack

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
PICTURES = ("shots",) if "SHOTS" in os.environ else ()
"""``make shots`` writes the pictures of docs/console; they take a minute and hold nothing else to account."""

CLAIM_SECONDS = {"lease": "6"}
"""Claims that end while a test waits; elsewhere they last as they do in earnest."""


@pytest.fixture(scope="module")
def node() -> Mapping[str, str]:
    """The variables with which Playwright runs, and a console that is built."""
    if shutil.which(CHROMIUM) is None:
        pytest.skip(f"there is no Chromium at {CHROMIUM}")
    try:
        console.build()
        return console.install()
    except console.CannotBuild as error:
        pytest.skip(str(error))


@pytest.fixture
def empty_database(postgres: str) -> Iterator[str]:
    """The URL of a database for the demo."""
    with parts.temporary_database(postgres) as url:
        yield url


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "spec",
    [
        *("desk", "cursor", "text", "queue", "inquiry", "session", "connection", "counter", "oversight"),
        *("lease", "keyboard", "races", "axe", *PICTURES),
    ],
)
def test_the_console(spec: str, node: Mapping[str, str], empty_database: str, tmp_path: Path) -> None:
    seconds = CLAIM_SECONDS.get(spec, "900")
    settings = {"CLAIM_SECONDS": seconds, "LOGINS_PER_MINUTE": "1000"}
    with demo_stack(empty_database, None, replicas=0, environment=settings) as stack:
        variables = {
            **node,
            "CONSOLE_URL": stack.url,
            "CHROMIUM": CHROMIUM,
            "CLAIM_SECONDS": seconds,
        }
        command = ["npx", "playwright", "test", f"{spec}.spec.ts", f"--output={tmp_path / 'results'}"]
        done = subprocess.run(command, cwd=console.FOLDER, env=variables, capture_output=True, text=True)
        if done.returncode:
            pytest.fail(told(done.stdout + done.stderr, stack.logs()), pytrace=False)


def told(said: str, logs: list[str]) -> str:
    """What failed in one line, then the services' logs, then all that Playwright said: most is told by both ends."""
    said = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", said)
    errors = re.findall(r"^ +\d+\) (.*?) *$|^ +(Error: .*)$|^ +> (\d+ \|.*)$", said, re.MULTILINE)
    return "\n".join([" / ".join("".join(each) for each in errors), *logs, said[-8000:]])


def test_a_failure_is_told_in_its_first_line() -> None:
    said = "\n".join(["[1/1]", "  1) desk.spec.ts:6 ", "    Error: not focused", "    > 18 |   await x;", "  1 failed"])
    first, log, *_, last = told(said, ["a log"]).splitlines()
    assert first == "desk.spec.ts:6 / Error: not focused / 18 |   await x;"
    assert (log, last) == ("a log", "  1 failed")
