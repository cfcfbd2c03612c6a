"""``Prefer: wait``, as RFC 7240 writes it."""

import time

import pytest

from services.gateway.preferences import wait_seconds


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("wait=10", 10),
        ("WAIT=10", 10),
        ("wait = 10", 10),
        ('wait="10"', 10),
        ("wait=0", 0),
        ("wait=61", 60),
        ("wait=" + "9" * 5000, 60),
        ("wait=007", 7),
        ("respond-async, wait=5", 5),
        ('foo; bar="a, wait=9"; baz, wait=3', 3),
        ("wait=5; strict", 5),
        (", ,wait=5", 5),
        ("wait=1, wait=2", 1),
        ("wait", None),
        ("wait=", None),
        ("wait=-1", None),
        ("wait=1.5", None),
        ("wait=ten", None),
        ("wait=\u0661", None),
        ("return=minimal", None),
        ("@@@, wait=5", None),
    ],
)
def test_the_first_wait_that_can_be_understood_counts(header: str | None, seconds: int | None) -> None:
    assert wait_seconds(header) == seconds


def test_no_header_keeps_the_parser_busy() -> None:
    began = time.process_time()  # the machine may be busy with something else
    for hostile in (
        "a;b= " * 10_000 + "\x01",
        "wait " * 10_000,
        ";" * 60_000,
        '"' + "\\" * 60_000,
        "a" + " ;" * 30_000,
    ):
        wait_seconds(hostile)
    assert time.process_time() - began < 2
