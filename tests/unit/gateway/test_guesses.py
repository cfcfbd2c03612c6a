"""Wrong tokens of one address: refused, then slowed down; right ones, and other addresses, never."""

import logging
from collections.abc import Callable

import pytest
from flask import Request
from werkzeug.test import EnvironBuilder

from services.contracts.errors import Code, Refusal
from services.gateway.guesses import SLOW_SECONDS, Guesses

WRONG = Refusal(Code.NOT_AUTHENTICATED)


def request_from(address: str, forwarded: str | None = None) -> Request:
    headers = [] if forwarded is None else [("X-Forwarded-For", forwarded)]
    return Request(EnvironBuilder(headers=headers, environ_base={"REMOTE_ADDR": address}).get_environ())


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def guesses(slept: list[float]) -> Callable[[int, int], Guesses]:
    return lambda most, proxies: Guesses(most, proxies, slept.append)


def test_the_addresses_of_an_ipv6_network_count_together(guesses: Callable[[int, int], Guesses]) -> None:
    judged = guesses(2, 0)
    codes = [judged.judge(WRONG, request_from(f"2001:db8::{host}")).code for host in (1, 2, 3)]
    assert codes == [Code.NOT_AUTHENTICATED] * 2 + [Code.TOO_MANY_REQUESTS]
    assert judged.judge(WRONG, request_from("2001:db8:0:1::1")).code is Code.NOT_AUTHENTICATED


def test_beyond_the_limit_an_address_is_told_to_wait_and_waits(
    guesses: Callable[[int, int], Guesses], slept: list[float]
) -> None:
    judged = guesses(2, 0)
    codes = [judged.judge(WRONG, request_from("10.0.0.1")).code for _ in range(4)]
    assert codes == [Code.NOT_AUTHENTICATED] * 2 + [Code.TOO_MANY_REQUESTS] * 2
    assert slept == [SLOW_SECONDS] * 2
    assert judged.judge(WRONG, request_from("10.0.0.2")).code is Code.NOT_AUTHENTICATED


def test_other_refusals_are_not_counted(guesses: Callable[[int, int], Guesses]) -> None:
    judged = guesses(1, 0)
    for code in (Code.NOT_PERMITTED, Code.LOGIN_REQUIRED, Code.NOT_FOUND, Code.INVALID_REQUEST):
        assert [judged.judge(Refusal(code), request_from("10.0.0.1")).code for _ in range(3)] == [code] * 3
    assert judged.judge(WRONG, request_from("10.0.0.1")) is WRONG


def test_an_address_is_what_the_trusted_proxy_saw_whatever_the_client_says(
    guesses: Callable[[int, int], Guesses],
) -> None:
    without, behind = guesses(1, 0), guesses(1, 1)
    codes = [without.judge(WRONG, request_from("10.0.0.1", f"1.2.3.{n}")).code for n in range(2)]
    assert codes == [Code.NOT_AUTHENTICATED, Code.TOO_MANY_REQUESTS]
    codes = [behind.judge(WRONG, request_from("10.0.0.9", f"9.9.9.{n}, 1.2.3.4")).code for n in range(2)]
    assert codes == [Code.NOT_AUTHENTICATED, Code.TOO_MANY_REQUESTS]


def test_it_is_logged_who_is_refused_and_why_without_a_token(
    guesses: Callable[[int, int], Guesses], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        guesses(1, 0).judge(WRONG, request_from("10.0.0.1"))
        guesses(1, 0).judge(Refusal(Code.NOT_PERMITTED), request_from("10.0.0.1"))
    assert [record.getMessage() for record in caplog.records] == [
        "a request for None from 10.0.0.1 is refused: not_authenticated",
        "a request for None from 10.0.0.1 is refused: not_permitted",
    ]
