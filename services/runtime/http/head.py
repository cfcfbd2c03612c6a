"""The head of an HTTP request, read strictly: whatever a proxy in front could understand otherwise is refused.

Two parsers that differ over where a request ends, or over what it asks for, are what request smuggling lives on.
"""

import re
from email.message import Message
from typing import Any

REQUEST_LINE = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32} [\x21-\x7e]+ HTTP/1\.[01]\r\n")

_HEADER_LINE = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*\r\n")
"""One line: no continuation of the line before, no space before the colon, no control character, no bare CR or LF."""

_LENGTH = re.compile(r"[0-9]{1,15}")


class MalformedHead(ValueError):
    """The head is not as RFC 9112 has it."""


class StrictLines:
    """The lines of a head, as the standard library asks for them. Raises ``MalformedHead``."""

    def __init__(self, source: Any) -> None:
        self._source = source

    def readline(self, size: int = -1) -> bytes:
        """The next line."""
        line: bytes = self._source.readline(size)
        if line and line != b"\r\n" and not _HEADER_LINE.fullmatch(line):
            raise MalformedHead("not a header line")
        return line


def is_sound(headers: Message, version: str) -> bool:
    """Whether the headers say once, and clearly, for whom the request is and where it ends."""
    hosts = len(headers.get_all("host", []))
    if hosts > 1 or (hosts == 0 and version == "HTTP/1.1"):
        return False
    lengths, encodings = headers.get_all("content-length", []), headers.get_all("transfer-encoding", [])
    if not encodings:
        return not lengths or (len(lengths) == 1 and _LENGTH.fullmatch(lengths[0]) is not None)
    return [each.strip().lower() for each in encodings] == ["chunked"] and not lengths and version == "HTTP/1.1"
