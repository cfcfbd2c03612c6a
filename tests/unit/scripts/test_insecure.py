"""What the check of code and dependencies makes of what its tools say."""

from collections import Counter

import pytest

from scripts.insecure import ACCEPTED, unaccepted, verdict

AS_ACCEPTED = Counter({key: count for key, (count, _) in ACCEPTED.items()})


def test_what_is_accepted_passes_and_everything_accepted_has_a_reason() -> None:
    assert unaccepted(AS_ACCEPTED) == []
    assert all(reason for _, reason in ACCEPTED.values())


def test_a_new_finding_and_a_reason_without_a_finding_fail() -> None:
    assert unaccepted(AS_ACCEPTED + Counter({("B602", "services/cli/up.py"): 1})) == [
        "B602 services/cli/up.py is found 1 times and accepted 0 times"
    ]
    assert unaccepted(AS_ACCEPTED - Counter({("B311", "services/runtime/pauses.py"): 1})) == [
        "B311 services/runtime/pauses.py is found 0 times and accepted 1 times"
    ]


SOUND = {"name": "a", "version": "1", "vulns": []}
SKIPPED = {"name": "b", "skip_reason": "not found"}
VULNERABLE = {"name": "c", "version": "2", "vulns": [{"id": "PYSEC-1"}, {"id": "PYSEC-2"}]}


@pytest.mark.parametrize(
    ("dependencies", "code", "words"),
    [
        (None, 0, "NOT AUDITED: pip-audit made no report (no route)"),
        ([SKIPPED], 0, "NOT AUDITED: the vulnerability service knows none of 1 dependencies here"),
        ([SOUND], 0, "1 dependencies have no known vulnerability"),
        ([SOUND, SKIPPED], 0, "1 dependencies have no known vulnerability; NOT AUDITED: b"),
        ([SOUND, SKIPPED, VULNERABLE], 1, "vulnerable dependencies:\nc 2: PYSEC-1\nc 2: PYSEC-2"),
    ],
)
def test_what_was_not_audited_is_never_said_to_be_sound(dependencies: object, code: int, words: str) -> None:
    assert verdict(dependencies, "trace\nno route\n") == (code, words)  # type: ignore[arg-type]
