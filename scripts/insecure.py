"""What looks insecure: ``python -m scripts.insecure code`` asks bandit, ``dependencies`` asks pip-audit.

Bandit has no idea of what a line is for. What it finds and is right as it is stands in ``ACCEPTED`` with the reason;
what it finds besides fails, and so does a reason for which nothing is found any more.
"""

import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]

TOOLS = Path(sys.executable).parent

ACCEPTED: Mapping[tuple[str, str], tuple[int, str]] = {
    ("B104", "services/cli/access.py"): (1, "compares with the address that means all interfaces, and binds nothing"),
    ("B105", "services/cli/up.py"): (1, "the tokens of the demo, which everybody is meant to know"),
    ("B105", "services/contracts/actions.py"): (2, "hashes of made-up tokens, as examples"),
    ("B105", "services/gateway/openapi.py"): (1, "a token of the demo, in the document's example"),
    ("B105", "services/gateway/preferences.py"): (1, "a token of the HTTP grammar"),
    ("B311", "services/runtime/pauses.py"): (1, "jitter, no secret"),
    ("B404", "services/runtime/postgres/programs.py"): (1, "runs the programs of the PostgreSQL wheel"),
    ("B404", "services/runtime/postgres/account.py"): (1, "makes the account of the embedded PostgreSQL"),
    ("B603", "services/runtime/postgres/programs.py"): (2, "the wheel's own programs, without a shell"),
    ("B603", "services/runtime/postgres/account.py"): (1, "a fixed command, without a shell"),
    ("B608", "services/info/batch.py"): (1, "put together from constants of the module"),
    ("B608", "services/info/examination.py"): (2, "put together from constants of the module"),
    ("B608", "services/info/reading.py"): (1, "put together from constants of the module"),
    ("B608", "services/info/republish.py"): (1, "put together from constants of the module"),
    ("B608", "services/info/seals.py"): (1, "put together from constants of the module"),
    ("B608", "services/info/sessions.py"): (2, "put together from constants of the module"),
    ("B608", "services/info/staffing.py"): (1, "put together from constants of the module"),
    ("B608", "services/info/task_store.py"): (2, "put together from constants of the module"),
    ("B608", "services/info/unfolded.py"): (2, "put together from constants of the module"),
    ("B608", "services/info/verification.py"): (2, "put together from constants of the module"),
}
"""How often each is found in a file, and why it is right there."""


def in_code() -> int:
    """Exit code 1 when bandit finds what is not accepted, or no longer finds what is."""
    command = [str(TOOLS / "bandit"), "-q", "-r", "services", "-f", "json", "-c", "pyproject.toml"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - no shell
    report = json.loads(done.stdout)
    findings = [(each["test_id"], each["filename"].removeprefix("./")) for each in report["results"]]
    wrong = unaccepted(Counter(findings)) + [f"{each['filename']}: {each['reason']}" for each in report["errors"]]
    for each in report["results"]:
        if any(line.startswith(f"{each['test_id']} {each['filename'].removeprefix('./')}") for line in wrong):
            print(f"{each['filename']}:{each['line_number']}: {each['test_id']} {each['issue_text']}", file=sys.stderr)
    print("\n".join(wrong) if wrong else f"{len(findings)} findings, all accepted with their reasons")
    return 1 if wrong else 0


def unaccepted(found: Counter[tuple[str, str]]) -> list[str]:
    """What differs from ``ACCEPTED``, a sentence each."""
    return [
        f"{test} {file} is found {found[test, file]} times and accepted {ACCEPTED.get((test, file), (0, ''))[0]} times"
        for test, file in sorted({*found, *ACCEPTED})
        if found[test, file] != ACCEPTED.get((test, file), (0, ""))[0]
    ]


def in_dependencies() -> int:
    """Exit code 1 when a dependency has a known vulnerability. Says so when that could not be found out."""
    with tempfile.TemporaryDirectory(prefix="backoffice-") as folder:
        report = Path(folder) / "report.json"
        options = ["--require-hashes", "--disable-pip", "--timeout", "5", "--progress-spinner", "off"]
        command = [str(TOOLS / "pip-audit"), "-r", "requirements.lock", *options, "-f", "json", "-o", str(report)]
        try:
            done = subprocess.run(  # noqa: S603 - no shell
                command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=90
            )
        except subprocess.TimeoutExpired:
            print("NOT AUDITED: the vulnerability service did not answer in time")
            return 0
        dependencies = json.loads(report.read_text())["dependencies"] if report.exists() else None
    code, sentence = verdict(dependencies, done.stderr)
    print(sentence)
    return code


def verdict(dependencies: list[dict[str, Any]] | None, complaint: str = "") -> tuple[int, str]:
    """The exit code, and what is to be said of pip-audit's report; ``None``: there is none."""
    if dependencies is None:
        reason = complaint.strip().splitlines()[-1:] or ["no reason given"]
        return 0, f"NOT AUDITED: pip-audit made no report ({reason[0][:200]})"
    vulnerable = [each for each in dependencies if each.get("vulns")]
    audited = [each for each in dependencies if "vulns" in each]
    if vulnerable:
        lines = [f"{each['name']} {each['version']}: {vuln['id']}" for each in vulnerable for vuln in each["vulns"]]
        return 1, "\n".join(["vulnerable dependencies:", *lines])
    if not audited:
        return 0, f"NOT AUDITED: the vulnerability service knows none of {len(dependencies)} dependencies here"
    skipped = [each["name"] for each in dependencies if "vulns" not in each]
    rest = f"; NOT AUDITED: {', '.join(skipped)}" if skipped else ""
    return 0, f"{len(audited)} dependencies have no known vulnerability{rest}"


if __name__ == "__main__":
    sys.exit(in_dependencies() if sys.argv[1:] == ["dependencies"] else in_code())
