"""The ``Prefer`` header (RFC 7240), of which the gateway honours ``wait``."""

import re

LONGEST_WAIT = 60
"""Seconds."""

# Possessive throughout: no header can make the matcher try again and again.
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]++"  # noqa: S105 - a token of the HTTP grammar
_VALUE = rf'(?:{_TOKEN}|"(?:[^"\\]|\\.)*+")'
_PREFERENCE = re.compile(
    rf"[\s,]*+(?P<name>{_TOKEN})\s*+(?:=\s*+(?P<value>{_VALUE})?+\s*+)?+"
    rf"(?:;\s*+(?:{_TOKEN}\s*+(?:=\s*+{_VALUE}?+\s*+)?+)?+)*+(?:,|$)"
)


def wait_seconds(header: str | None) -> int | None:
    """The seconds of the first ``wait``, at most ``LONGEST_WAIT``; None when there is none that can be understood.

    As the RFC has it, what cannot be understood is as if it had not been said.
    """
    position = 0
    while header and position < len(header):
        match = _PREFERENCE.match(header, position)
        if match is None:
            return None
        if match["name"].lower() == "wait":
            return _seconds(match["value"] or "")
        position = match.end()
    return None


def _seconds(value: str) -> int | None:
    digits = value.strip('"')
    if not digits.isascii() or not digits.isdigit():
        return None
    return min(int(digits[:10]), LONGEST_WAIT) if len(digits.lstrip("0")) <= 10 else LONGEST_WAIT


def applied(seconds: int | None) -> dict[str, str]:
    """The header that tells the client which wait was applied."""
    return {} if seconds is None else {"Preference-Applied": f"wait={seconds}"}
