"""The head of an HTTP request, read strictly: whatever a proxy in front could understand otherwise is refused.

Two parsers that differ over where a request ends, or over what it asks for, are what request smuggling lives on.
"""

import re
from email.message import Message
from http import HTTPStatus
from typing import Any

TARGET_BYTES = 8 * 1024
HEADER_BYTES = 8 * 1024
"""The most of a request's target, and of its header section."""

MOST_HEADERS = 100
"""The standard library takes no more."""

LINE_BYTES = TARGET_BYTES + 64
"""A request line with the longest target, method and version."""

_REQUEST_LINE = re.compile(
    rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32} (?P<target>[\x21-\x7e]+) HTTP/(?P<version>[0-9]\.[0-9])\r\n"
)

_ENDLESS_LINE = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32} [\x21-\x7e]+")

_ABSOLUTE = re.compile(r"https?://(?P<host>[^/?#@]+)(?P<path>/[^?]*)?(?P<query>\?.*)?", re.IGNORECASE)

_HEADER_LINE = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*\r\n")
"""One line: no continuation of the line before, no space before the colon, no control character, no bare CR or LF."""

_LENGTH = re.compile(r"[0-9]{1,15}")


class MalformedHead(ValueError):
    """The head is not as RFC 9112 has it. ``status``: with which it is refused."""

    def __init__(self, reason: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(reason)
        self.status = status


class StrictLines:
    """The lines of a head, as the standard library asks for them. Raises ``MalformedHead``."""

    def __init__(self, source: Any) -> None:
        self._source = source
        self._bytes = 0

    def readline(self, size: int = -1) -> bytes:
        """The next line."""
        line: bytes = self._source.readline(size)
        self._bytes += len(line)
        if self._bytes > HEADER_BYTES:
            raise MalformedHead("too large", HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        if line and line != b"\r\n" and not _HEADER_LINE.fullmatch(line):
            raise MalformedHead("not a header line")
        return line


def check_request_line(line: bytes) -> None:
    """``line``: at most ``LINE_BYTES``. Raises ``MalformedHead``."""
    match = _REQUEST_LINE.fullmatch(line)
    if match is None:
        endless = len(line) >= LINE_BYTES and _ENDLESS_LINE.fullmatch(line)
        raise MalformedHead("no request line", HTTPStatus.REQUEST_URI_TOO_LONG if endless else HTTPStatus.BAD_REQUEST)
    if match["version"] not in (b"1.0", b"1.1"):
        raise MalformedHead("another version", HTTPStatus.HTTP_VERSION_NOT_SUPPORTED)
    if len(match["target"]) > TARGET_BYTES:
        raise MalformedHead("a long target", HTTPStatus.REQUEST_URI_TOO_LONG)


def check_headers(headers: Message, version: str) -> None:
    """Raise ``MalformedHead`` unless the headers say once, and clearly, for whom the request is and where it ends."""
    hosts = len(headers.get_all("host", []))
    if hosts > 1 or (hosts == 0 and version == "HTTP/1.1"):
        raise MalformedHead("no host, or several")
    lengths, encodings = headers.get_all("content-length", []), headers.get_all("transfer-encoding", [])
    if not encodings:
        if lengths and (len(lengths) > 1 or not _LENGTH.fullmatch(lengths[0])):
            raise MalformedHead("no length")
        return
    if lengths or version != "HTTP/1.1":
        raise MalformedHead("two ends")
    codings = [coding.strip(" \t").lower() for coding in ",".join(encodings).split(",")]
    if set(codings) - {"chunked"}:
        raise MalformedHead("another transfer coding", HTTPStatus.NOT_IMPLEMENTED)
    if len(codings) > 1:
        raise MalformedHead("chunked twice")


def resolve_target(method: str, target: str, headers: Message) -> str:
    """The path and query of a request's target. The host of an absolute one replaces the header (RFC 9112, 3.2.2).

    Raises ``MalformedHead``.
    """
    if target.startswith("/") or method == "CONNECT" or (method, target) == ("OPTIONS", "*"):
        return target
    absolute = _ABSOLUTE.fullmatch(target)
    if absolute is None:
        raise MalformedHead("neither a path nor an address")
    del headers["host"]
    headers["Host"] = absolute["host"]
    return (absolute["path"] or "/") + (absolute["query"] or "")
