"""Who a request says it comes from: its bearer token and its address."""

import re

from flask import Request

_BEARER = re.compile(r"bearer +(?P<token>\S.*)", re.IGNORECASE)


def bearer_token(request: Request) -> str | None:
    """The token of ``Authorization: Bearer …``; None when there is none."""
    header = request.headers.get("Authorization", "")
    match = _BEARER.fullmatch(header.strip())
    return match["token"].encode("latin-1").decode("utf-8", "replace") if match else None


def client_address(request: Request, trusted_proxies: int) -> str:
    """The client's address: what the outermost of the trusted proxies saw, or the connection's other end."""
    if trusted_proxies:
        seen = [address.strip() for address in request.headers.get("X-Forwarded-For", "").split(",")]
        if len(seen) >= trusted_proxies and seen[-trusted_proxies]:
            return seen[-trusted_proxies]
    return request.remote_addr or ""
