"""JSON read strictly."""

import gzip
from decimal import Decimal

import pytest

from services.contracts.errors import Refusal
from services.gateway.json_body import parse_object
from tests.unit.gateway.stage import Stage, refused


def nested(depth: int) -> bytes:
    return b'{"a":' * (depth - 1) + b"{}" + b"}" * (depth - 1)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"1",
        b"null",
        b'"text"',
        b"{",
        b"{}{}",
        b'{"a":1,"a":1}',
        b'{"a":{"b":1,"b":2}}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":-Infinity}',
        b'{"a":01}',
        b"{'a':1}",
        b'{"a":"\xff"}',
        b'\xef\xbb\xbf{"a":1}',
        '{"a":1}'.encode("utf-16"),
        b'{"a":"\x00"}',
        nested(33),
        b'{"a":' + b"[" * 32 + b"]" * 32 + b"}",
        b'{"a":' * 10_000,
        b"[" * 60_000,
        b'{"' + b"[" * 60_000,
    ],
)
def test_what_is_no_plain_object_is_malformed(body: bytes) -> None:
    with pytest.raises(Refusal, match="malformed_json"):
        parse_object(body)


def test_an_object_may_nest_to_the_limit() -> None:
    assert parse_object(nested(32))
    assert parse_object(b'{"a":' + b"[" * 31 + b"]" * 31 + b"}")
    assert parse_object(b'{"a":"' + b"[{" * 100 + b'\\"[[","b":[' + b"[]," * 50 + b"[]]}")


def test_decimals_are_exact_and_numbers_beyond_all_measure_are_harmless() -> None:
    parsed = parse_object(b'{"a":0.1,"b":1e999999999999999999999,"c":%s,"d":-%s}' % (b"9" * 5000, b"9" * 5000))
    assert parsed["a"] == Decimal("0.1")
    assert parsed["b"].is_nan()
    assert parsed["c"] > 2**63
    assert parsed["d"] < -(2**63)


def test_a_whole_number_is_an_integer_however_it_is_written() -> None:
    parsed = parse_object(b'{"a":[1.0,1e2,-0.0,100e-2,1.5,1e19,1e400]}')["a"]
    assert parsed[:6] == [1, 100, 0, 1, Decimal("1.5"), 10**19]
    assert [type(number) for number in parsed] == [int, int, int, int, Decimal, int, Decimal]


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 202),
        ("application/json; charset=utf-8", 202),
        ('Application/JSON;Charset="UTF-8"', 202),
        ("application/json; charset=latin-1", 415),
        ("application/jsonp", 415),
        ("text/json", 415),
        ("", 415),
    ],
)
def test_only_json_in_utf_8_is_read(stage: Stage, content_type: str, status: int) -> None:
    body = b'{"token":"12qw","task":{"action":"create_customer","data":{"name":"Grace"}}}'
    assert stage.post(body, {"Content-Type": content_type}).status_code == status


@pytest.mark.parametrize(
    ("coding", "status"), [("gzip", 415), ("GZIP", 415), ("br", 415), ("gzip, identity", 415), ("identity", 202)]
)
def test_a_body_with_a_content_coding_is_not_read(stage: Stage, coding: str, status: int) -> None:
    body = b'{"token":"12qw","task":{"action":"create_customer","data":{"name":"Grace"}}}'
    sent = body if status == 202 else gzip.compress(body)
    assert stage.post(sent, {"Content-Encoding": coding}).status_code == status


def test_a_body_of_64_kib_is_read_and_a_larger_one_is_not(stage: Stage) -> None:
    body = b'{"token":"12qw","task":{"action":"create_customer","data":{"name":"Grace"}}}'
    assert stage.post(body.ljust(65_536)).status_code == 202
    response = stage.post(body.ljust(65_537))
    assert refused(response) == (413, "payload_too_large")
    assert response.get_json()["params"] == {"limit": 65_536}
