"""Bodies that are made to be misread, or to cost more than they weigh."""

import json
import time
from typing import Any

import pytest
import requests

from tests.client import Client
from tests.security.staffed import Staffed

DEEP = 20_000


def with_task(system: Staffed, task: str) -> bytes:
    """A submission of Alice's around the text of a task."""
    return f'{{"token":"{system.tokens["Alice"]}","task":{task}}}'.encode("utf-8", "surrogatepass")


MALFORMED = {
    "nothing": b"",
    "not JSON": b"<a/>",
    "an array": b"[]",
    "a string": b'"a"',
    "a number": b"1",
    "null": b"null",
    "two documents": b"{}{}",
    "a trailing comma": b'{"token":"a",}',
    "a comment": b'{/**/"token":"a"}',
    "single quotes": b"{'token':'a'}",
    "NaN": b'{"task":{"action":"x","data":{"id":NaN}}}',
    "Infinity": b'{"task":{"action":"x","data":{"id":-Infinity}}}',
    "a key twice": b'{"token":"a","token":"b"}',
    "a key twice, escaped": b'{"token":"a","tok\\u0065n":"b"}',
    "a key twice, deep": b'{"task":{"action":"x","data":{"id":1,"id":2}}}',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"token":"a"}'.encode("utf-16"),
    "UTF-32": '{"token":"a"}'.encode("utf-32"),
    "no UTF-8": b'{"token":"\xff\xfe"}',
    "UTF-8 of too many bytes": b'{"token":"\xc0\xaf"}',
    "an encoded surrogate": b'{"token":"\xed\xa0\x80"}',
    "a control character": b'{"token":"a\x01"}',
    "NUL": b'{"token":"a"}\x00',
    "deep arrays": b"[" * DEEP + b"]" * DEEP,
    "deep objects": b'{"a":' * (DEEP // 2) + b"1" + b"}" * (DEEP // 2),
    "deep and never closed": b'{"a":[' * (DEEP // 3),
    "33 levels": b'{"a":' * 33 + b"1" + b"}" * 33,
    "an unclosed string": b'{"token":"' + b"\\" * 60_000,
    "octal": b'{"token":0123}',
    "hexadecimal": b'{"token":0x10}',
    "a plus": b'{"token":+1}',
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_what_two_parsers_could_understand_differently_is_refused_at_once(system: Staffed, body: bytes) -> None:
    answer, seconds = timed(system, body)
    assert (answer["http"], answer["code"]) == (400, "malformed_json")
    assert seconds < 5


INVALID = {
    "an integer of 60,000 digits": '{"action":"get_customer","data":{"id":' + "9" * 60_000 + "}}",
    "an integer beyond 64 bits": '{"action":"get_customer","data":{"id":9223372036854775808}}',
    "an exponent of a billion": '{"action":"create_transfer","data":{"cid":1,"amount":1e999999999}}',
    "an exponent beyond any": '{"action":"create_transfer","data":{"cid":1,"amount":1e99999999999999999999}}',
    "a fraction of 60,000 digits": '{"action":"create_transfer","data":{"cid":1,"amount":0.' + "1" * 60_000 + "}}",
    "as small as can be": '{"action":"create_transfer","data":{"cid":1,"amount":1e-999999999}}',
    "a negative zero": '{"action":"create_transfer","data":{"cid":1,"amount":-0.0}}',
    "an integer as a boolean": '{"action":"get_customer","data":{"id":true}}',
    "NUL in a text": '{"action":"create_customer","data":{"name":"a\\u0000b"}}',
    "a lone surrogate": '{"action":"create_customer","data":{"name":"\\ud800"}}',
    "surrogates the wrong way round": '{"action":"create_customer","data":{"name":"\\udc00\\ud800"}}',
    "a list for an object": '{"action":"create_customer","data":[]}',
    "an object for a text": '{"action":"create_customer","data":{"name":{"$ne":null}}}',
    "10,000 members": '{"action":"create_customer","data":{' + ",".join(f'"{n:04}":1' for n in range(6_000)) + "}}",
    "a member named __proto__": '{"action":"create_customer","data":{"name":"a","__proto__":{}}}',
    "a text of 60,000 characters": '{"action":"create_customer","data":{"name":"' + "a" * 60_000 + '"}}',
    "an action that is none": '{"action":"__class__","data":{}}',
    "an action that is a list": '{"action":["get_customer"],"data":{}}',
}


@pytest.mark.parametrize("task", INVALID.values(), ids=INVALID)
def test_what_no_action_can_use_is_refused_at_once(system: Staffed, task: str) -> None:
    answer, seconds = timed(system, with_task(system, task))
    assert answer["http"] == 422
    assert answer["code"] in ("invalid_request", "unknown_action")
    assert seconds < 5
    assert len(json.dumps(answer)) < 2_000_000


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Type": "multipart/form-data; boundary=a"}, 415),
        ({"Content-Type": "application/json; charset=utf-16"}, 415),
        ({"Content-Type": "application/xml"}, 415),
        ({"Content-Type": ""}, 415),
        ({"Content-Type": "application/json", "Content-Encoding": "gzip"}, 415),
        ({"Content-Type": "application/json", "Content-Encoding": "br"}, 415),
        ({"Content-Type": "application/json", "Content-Encoding": "identity, gzip"}, 415),
    ],
)
def test_nothing_but_json_as_it_is_will_be_read(system: Staffed, headers: dict[str, str], status: int) -> None:
    """A form of another site's page can send none of what is read; nor is anything unpacked."""
    body = b"\x1f\x8b" if "Content-Encoding" in headers else b"{}"
    answer = requests.post(f"{system.stack.url}/api/v1", body, headers=headers, timeout=20)
    assert answer.status_code == status


@pytest.mark.parametrize("size", [64 * 1024 + 1, 10_000_000])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_above_64_kib_is_refused_however_it_comes(system: Staffed, size: int, chunked: bool) -> None:
    body: Any = b'{"token":"' + b"a" * size + b'"}'
    sent = iter([body[start : start + 50_000] for start in range(0, len(body), 50_000)]) if chunked else body
    answer = requests.post(f"{system.stack.url}/api/v1", sent, headers={"Content-Type": "application/json"}, timeout=20)
    assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")


def timed(system: Staffed, body: bytes) -> tuple[dict[str, Any], float]:
    began = time.monotonic()
    response = Client(system.stack.url, "").post(body)
    return response.json() | {"http": response.status_code}, time.monotonic() - began
