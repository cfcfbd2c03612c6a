"""The whole suite, part by part: nothing is left out, nothing fails unseen."""

import os
import re
from pathlib import Path

import pytest

from tests import lanes

GOOD = "def test_good() -> None:\n    pass\n"
BAD = "def test_bad() -> None:\n    raise ValueError\n"
SKIPPED = "import pytest\n\n@pytest.mark.skip(reason='no')\ndef test_skipped() -> None:\n    pass\n"


def write(folder: Path, **files: str) -> None:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"test_{name}.py").write_text(text)


def test_every_test_file_of_the_project_belongs_to_one_part() -> None:
    tests = Path(__file__).resolve().parents[1]
    covered = [file for part in lanes.parts(tests) for file in (part.rglob("test_*.py") if part.is_dir() else [part])]
    assert sorted(covered) == sorted(tests.rglob("test_*.py"))


def test_what_takes_long_begins_early(tmp_path: Path) -> None:
    write(tmp_path / "console", one=GOOD)
    write(tmp_path / "unit", two=GOOD, three=GOOD)
    write(tmp_path / "integration", four=GOOD)
    write(tmp_path, alone=GOOD)
    assert [part.stem for part in lanes.parts(tmp_path)] == ["integration", "console", "unit", "test_alone"]


def test_all_parts_run_and_are_counted(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, alone=GOOD)
    write(tmp_path / "one", first=GOOD, second=SKIPPED)
    write(tmp_path / "two", third=GOOD)
    (tmp_path / "helpers").mkdir()

    assert lanes.run(tmp_path, os.environ) == 0

    assert capfd.readouterr().out.splitlines()[-1] == "3 passed, 0 failed, 1 skipped"


def test_a_failure_or_an_error_in_any_part_fails_the_whole(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "one", first=GOOD)
    write(tmp_path / "two", second=BAD)
    write(tmp_path / "three", fourth="import nothing_of_that_name\n")

    assert lanes.run(tmp_path, os.environ) == 1

    *_, one, other, totals = capfd.readouterr().out.splitlines()
    assert totals == "1 passed, 2 failed, 0 skipped"
    assert {re.split("::|/", line.partition(" - ")[0])[-1] for line in (one, other)} == {"test_bad", "test_fourth.py"}


def test_of_a_failure_the_end_tells_what_was_compared_too(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "one", first="def test_bad() -> None:\n    assert max([3, 4]) < 2\n")

    assert lanes.run(tmp_path, os.environ) == 1

    *_, failed, compared, totals = capfd.readouterr().out.splitlines()
    assert failed.endswith("test_bad - assert 4 < 2")
    assert compared == " +  where 4 = max([3, 4])"
    assert totals == "0 passed, 1 failed, 0 skipped"


def test_of_much_that_a_failure_says_the_end_has_the_last_and_no_line_of_a_log(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    said = "assert False, chr(10).join(str(number) for number in range(40))"
    test = f"import logging\n\ndef test_bad() -> None:\n    logging.error('something')\n    {said}\n"
    write(tmp_path / "one", first=test, second=SKIPPED)

    assert lanes.run(tmp_path, os.environ) == 1

    *_, before, first = (lines := capfd.readouterr().out.splitlines())[:-9]
    assert first.endswith("test_bad - AssertionError: 0")
    assert before.startswith("one ")
    assert lines[-9:] == [*(f"  {number}" for number in range(33, 40)), "assert False", "0 passed, 1 failed, 1 skipped"]


def test_a_part_that_ends_without_a_summary_is_named(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "one", first="import os\n\ndef test_bad() -> None:\n    os._exit(3)\n")

    assert lanes.run(tmp_path, os.environ) == 1

    assert capfd.readouterr().out.splitlines()[-2].startswith("one: pytest ended with 3")


def test_no_test_at_all_is_a_failure(tmp_path: Path) -> None:
    assert lanes.run(tmp_path, os.environ) == 1
