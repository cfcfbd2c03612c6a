"""Requests that are refused for who asks: logged, and counted for each address when a token is nobody's."""

import logging
import time
from collections.abc import Callable

from flask import Request

from services.contracts.errors import Code, Refusal
from services.gateway.credentials import client_address
from services.gateway.limits import SlidingWindow, counted_address
from services.gateway.problems import too_many_requests

log = logging.getLogger(__name__)

SLOW_SECONDS = 0.25
"""How long an address beyond its limit waits for each refusal."""

_LOGGED = frozenset({Code.NOT_AUTHENTICATED, Code.LOGIN_REQUIRED, Code.NOT_PERMITTED, Code.TOO_MANY_REQUESTS})


class Guesses:
    """Wrong tokens a minute, for an address. Right ones are never asked about, so nobody can lock their owner out.

    most:            how many are refused as they are; further ones are told to come back later
    trusted_proxies: how many proxies in front add to ``X-Forwarded-For``
    """

    def __init__(self, most: int, trusted_proxies: int, sleep: Callable[[float], None] = time.sleep) -> None:
        self._addresses = SlidingWindow(most, 60.0)
        self._trusted_proxies = trusted_proxies
        self._sleep = sleep

    def judge(self, refusal: Refusal, request: Request) -> Refusal:
        """How the request is refused in the end; beyond the limit, only after a while."""
        if refusal.code not in _LOGGED:
            return refusal
        address = client_address(request, self._trusted_proxies)
        wait = self._addresses.take(counted_address(address)) if refusal.code is Code.NOT_AUTHENTICATED else None
        if wait is None:
            # Neither name nor path: people paste tokens where they do not belong.
            log.warning("a request for %s from %s is refused: %s", request.endpoint, address[:60], refusal.code)
            return refusal
        self._sleep(SLOW_SECONDS)
        return too_many_requests(wait)
