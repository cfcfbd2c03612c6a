"""Statements, formats and markup in every field of every action: what is taken is taken as it is, and nothing else."""

from typing import Any
from urllib.parse import quote

import pytest

from services.contracts.action import ACTIONS
from services.contracts.characters import refused_in
from services.contracts.operators import Role
from services.contracts.tokens import new_token, token_hash
from tests.client import Client
from tests.security.permissions import WHO_MAY
from tests.security.staffed import STAFF, Staffed

PAYLOADS = (
    "'; DROP TABLE operator; --",
    "' OR '1'='1",
    "') UNION SELECT token_hash, 1 FROM operator --",
    "1); SELECT pg_sleep(30); --",
    "\\'; SELECT 1; --",
    "$1 $$ $tag$ %s %(id)s %n %x {0} {0.__class__} ${jndi:ldap://127.0.0.1/x}",
    '"; "}, {"action": "logout"}, {"',
    "<script>alert(1)</script><!--",
    "../../etc/passwd; $(id) `id` | id",
    '\r\nSet-Cookie: a=b\r\n\r\n{"level": "ERROR"}',
    "a%00b %27 \\u0000 &#39; \N{RIGHT-TO-LEFT OVERRIDE} \N{FULLWIDTH APOSTROPHE}",
    "*)(uid=*))(|(uid=*",
)

NAMES = tuple(payload for payload in PAYLOADS if refused_in(payload) is None)
"""Those that a name may be: no control or bidirectional character in it."""


def fields() -> list[tuple[str, str]]:
    """Every field of every action."""
    return [(action, field) for action, declared in ACTIONS.items() for field in declared.Data.model_fields]


@pytest.fixture(scope="module")
def staff(system: Staffed) -> dict[str, Client]:
    """One operator of each role, of the second gateway too."""
    system.customer()
    return {role.value: system.client(name, 1) for name, (role, level) in STAFF.items() if level == 2}


def counts(system: Staffed) -> dict[str, Any]:
    """What no statement of ours changes by the way."""
    with system.transaction() as tx:
        row = tx.one(
            "SELECT (SELECT count(*) FROM operator) AS operators, "
            "(SELECT md5(string_agg(operator::text, '' ORDER BY id)) FROM operator) AS operator, "
            "(SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace) AS relations"
        )
    assert row is not None
    return dict(row)


@pytest.mark.parametrize(("action", "field"), fields(), ids=lambda value: value)
def test_a_payload_in_a_field_is_refused_or_taken_as_it_is(
    system: Staffed, staff: dict[str, Client], action: str, field: str
) -> None:
    before = counts(system)
    client = staff[next(role for role in ("Admin", "Compliance", "Service") if role in WHO_MAY[action])]
    example = dict(ACTIONS[action].example)
    assert all(run(client, action, example | {field: payload}) for payload in PAYLOADS)
    if action == "add_operator" and field == "name":
        with system.transaction() as tx:
            names = {row["name"] for row in tx.query("SELECT name FROM operator")}
        assert names & set(PAYLOADS) == set(NAMES)
    else:
        assert counts(system) == before


def run(client: Client, action: str, data: dict[str, Any]) -> bool:
    """Whether it ended as it should: refused for what it is, or with the very text that was sent."""
    if action == "add_operator" and data["token_hash"] == ACTIONS[action].example["token_hash"]:
        data = data | {"token_hash": token_hash(new_token())}
    answer = client.submit(action, data, Prefer="wait=30")
    if answer["http"] != 200:
        return answer["http"] in (401, 422, 429) and answer["code"] != "internal_error"
    task = answer["task"]
    if task["status"] == "failed":
        return bool(task["error"]["code"] != "internal_error")
    return bool(task["data"] == task["data"] | {name: data[name] for name in data if name != "token_hash"})


def test_what_was_stored_is_shown_as_it_was_sent(system: Staffed) -> None:
    alice, customers = system.client("Alice"), {}
    for payload in PAYLOADS:
        made = alice.run("create_document", {"cid": system.customer(), "content": payload})["result"]["document"]
        assert alice.run("get_document", {"id": made["id"]})["result"]["document"]["content"] == payload
    for payload in NAMES:
        customers[payload] = alice.run("create_customer", {"name": payload})["result"]["customer"]["id"]
    for payload, number in customers.items():
        assert alice.run("get_customer", {"id": number})["result"]["customer"]["name"] == payload
        found = alice.run("search_customers", {"text": payload, "limit": 200})["result"]["customers"]
        assert number in {each["id"] for each in found}


@pytest.mark.parametrize("payload", [*PAYLOADS, "\x00", "\ud800", "%", "_"])
def test_a_payload_in_the_address_the_query_and_the_headers_is_harmless(system: Staffed, payload: str) -> None:
    client, headers = system.client("Bob"), {"Authorization": f"Bearer {system.tokens['Bob']}"}
    base = f"{system.stack.url}/api/v1"
    quoted = quote(payload.encode("utf-8", "surrogatepass"), safe="")
    for address in (f"/tasks/{quoted}", f"/{quoted}", f"/errors/{quoted}"):
        assert client.http.get(base + address, headers=headers, timeout=20).status_code in (400, 404)
    for name in ("limit", "cursor", "status", "other"):
        answer = client.http.get(f"{base}/tasks?{name}={quoted}", headers=headers, timeout=20)
        assert answer.status_code == 422, name
    if "\r" not in payload and "\x00" not in payload:
        value = payload.encode("utf-8", "surrogatepass")
        for name in (
            "Idempotency-Key",
            "Prefer",
            "Accept-Language",
            "X-Forwarded-For",
            "traceparent",
            "Origin",
            "Cookie",
        ):
            answer = client.http.get(f"{base}/tasks", headers=headers | {name: value}, timeout=20)
            assert answer.status_code == 200, name
            assert payload not in str(answer.headers)


def test_a_new_operator_is_of_a_role_that_exists(system: Staffed) -> None:
    for role in ("admin", "Admin ", "Root", "", None, ["Admin"], {"$ne": 1}):
        data = dict(ACTIONS["add_operator"].example) | {"role": role}
        assert system.client("Alice").submit("add_operator", data)["http"] == 422
    assert {role.value for role in Role} == {"Admin", "Compliance", "Service"}
