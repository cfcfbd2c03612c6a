"""The scripted scenario: requests of all roles, good and refused, and the log of what became of each.

The log has to equal ``tests/test_validation.txt``, whichever way the system runs. By hand::

    python tests/test_script.py                             starts the embedded mode and compares
    python tests/test_script.py --url http://127.0.0.1:5000 a fresh `backoffice up --demo` that runs already
    python tests/test_script.py --write                     writes the file anew
"""

import eventlet

if __name__ == "__main__":
    eventlet.monkey_patch()

import argparse
import difflib
import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests import parts
from tests.client import Client, Live
from tests.stack import demo_stack, embedded

EXPECTED = Path(__file__).with_name("test_validation.txt")
TOKENS = {"Alice": "12qw", "Bob": "34er", "Carol": "56ty", "Dave": "78ui", "Erin": "90op"}
CURSOR = re.compile(r'("next_cursor": )"[^"]+"')
VARYING = (
    (CURSOR, r"\1<cursor>"),
    (re.compile(r'("event": "\w+", "id": )\d+'), r"\1<id>"),
    (re.compile(r'("task_id": )"[^"]+"'), r"\1<task>"),
    (re.compile(r'("(?:median|p95)_seconds": )[0-9.]+'), r"\1<seconds>"),
    (re.compile(r'("buckets": )\[[^]]*\]'), r"\1<buckets>"),
)
"""What differs from run to run, and what the log shows instead."""

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")

Step = tuple[str, str, dict[str, Any]]

TASKS: Sequence[Step] = (
    # Nobody has logged in yet.
    ("Alice", "get_customer", {"id": 1}),
    ("Alice", "login", {"name": "Bob"}),
    ("Alice", "login", {"name": "Alice"}),
    ("Bob", "login", {"name": "Bob"}),
    ("Carol", "login", {"name": "Carol"}),
    ("Dave", "login", {"name": "Dave"}),
    ("Erin", "login", {"name": "Erin"}),
    # The Admin creates.
    ("Alice", "create_customer", {"name": "María José Carreño"}),
    ("Alice", "create_customer", {"name": "張偉"}),
    ("Alice", "create_customer", {"name": "  "}),
    ("Alice", "create_customer", {"name": "x", "level": 1}),
    ("Bob", "create_customer", {"name": "Mallory"}),
    ("Dave", "create_customer", {"name": "Mallory"}),
    ("Alice", "get_customer", {"id": 6}),
    ("Alice", "get_customer", {"id": 999}),
    ("Alice", "create_document", {"cid": 6, "content": "Passport", "level": 1}),
    ("Alice", "create_document", {"cid": 999, "content": "Passport"}),
    ("Alice", "create_document", {"cid": 6, "content": "Contract", "level": 3}),
    ("Alice", "create_transfer", {"cid": 6, "amount": "250.00", "level": 2}),
    ("Alice", "create_transfer", {"cid": 6, "amount": 99, "currency": "EUR"}),
    ("Alice", "create_transfer", {"cid": 6, "amount": 0.1}),
    ("Alice", "create_transfer", {"cid": 6, "amount": "0.001"}),
    ("Alice", "create_transfer", {"cid": 6, "amount": "-5", "currency": "usd"}),
    ("Alice", "create_transfer", {"cid": 6, "amount": "1", "currency": "XXX"}),
    ("Alice", "create_transfer", {"cid": 6, "amount": "100.50", "currency": "JPY"}),
    ("Alice", "create_transfer", {"cid": 999, "amount": "1"}),
    ("Alice", "create_inquiry", {"cid": 7, "problem": "Where is my card?"}),
    ("Alice", "create_inquiry", {"cid": 7, "problem": "I want to complain.", "level": 2}),
    # Everybody looks.
    ("Bob", "get_document", {"id": 1}),
    ("Dave", "get_transfer", {"id": 1}),
    ("Erin", "get_inquiry", {"id": 1}),
    ("Alice", "get_document", {"id": 4711}),
    ("Alice", "get_transfer", {"id": 4711}),
    ("Alice", "get_inquiry", {"id": 4711}),
    # Compliance decides.
    ("Bob", "review_document", {"id": 1, "approved": True}),
    ("Carol", "review_document", {"id": 1, "approved": False, "reason": "Blurred."}),
    ("Bob", "review_document", {"id": 2, "approved": True}),
    ("Carol", "review_document", {"id": 2, "approved": False, "reason": "Blurred.", "version": 1}),
    ("Bob", "review_document", {"id": 3, "approved": "yes"}),
    ("Bob", "review_transfer", {"id": 1, "approved": True, "version": 7}),
    ("Bob", "review_transfer", {"id": 1, "approved": True, "version": 1}),
    ("Alice", "review_transfer", {"id": 3, "approved": True}),
    ("Dave", "review_transfer", {"id": 3, "approved": True}),
    ("Bob", "review_transfer", {"id": 999, "approved": True}),
    ("Bob", "review_document", {"id": 7, "approved": True}),
    # Claims.
    ("Bob", "get_task", {"type": "transfer"}),
    ("Bob", "get_task", {"type": "transfer"}),
    ("Carol", "get_task", {"type": "transfer", "id": 3}),
    ("Carol", "review_transfer", {"id": 3, "approved": True}),
    ("Carol", "release_task", {"type": "transfer", "id": 3}),
    ("Bob", "release_task", {"type": "transfer", "id": 3}),
    ("Bob", "release_task", {"type": "transfer", "id": 3}),
    ("Carol", "get_task", {"type": "transfer", "id": 3}),
    ("Carol", "review_transfer", {"id": 3, "approved": False, "reason": "Unknown payee."}),
    ("Bob", "get_task", {"type": "transfer", "id": 2}),
    ("Bob", "get_task", {"type": "inquiry"}),
    ("Dave", "get_task", {"type": "transfer"}),
    ("Carol", "get_task", {"type": "transfer", "id": 999}),
    # Escalation.
    ("Bob", "escalate_task", {"type": "document", "id": 3, "level": 1}),
    ("Bob", "escalate_task", {"type": "document", "id": 3, "level": 2, "reason": "Looks forged."}),
    ("Bob", "review_document", {"id": 3, "approved": True}),
    ("Carol", "review_document", {"id": 3, "approved": False, "reason": "It is."}),
    ("Carol", "escalate_task", {"type": "document", "id": 3, "level": 3}),
    ("Dave", "escalate_task", {"type": "document", "id": 5, "level": 3}),
    ("Bob", "escalate_task", {"type": "document", "id": 5, "level": 9223372036854775807}),
    ("Bob", "escalate_task", {"type": "document", "id": 5, "level": 9}),
    ("Bob", "get_task", {"type": "document", "id": 5}),
    ("Alice", "release_task", {"type": "document", "id": 5}),
    # Service answers.
    ("Dave", "respond_inquiry", {"id": 1, "answer": " OK", "closed": True}),
    ("Erin", "respond_inquiry", {"id": 1, "answer": "Too late", "closed": False}),
    ("Dave", "get_task", {"type": "inquiry"}),
    ("Dave", "respond_inquiry", {"id": 3, "answer": "In your profile.", "closed": False}),
    ("Dave", "get_task", {"type": "inquiry", "words": ["address"]}),
    ("Dave", "get_inquiry", {"id": 3}),
    ("Dave", "reply_inquiry", {"id": 3, "reply": "I cannot find it."}),
    ("Alice", "reply_inquiry", {"id": 3, "reply": "I cannot find it."}),
    ("Dave", "get_task", {"type": "inquiry", "words": ["address"]}),
    (
        "Dave",
        "respond_inquiry",
        {"id": 3, "answer": "Under Settings.", "closed": True, "until": "2020-01-01T00:00:00Z"},
    ),
    (
        "Dave",
        "respond_inquiry",
        {"id": 3, "answer": "Under Settings.", "closed": False, "until": "2020-01-01T00:00:00Z"},
    ),
    ("Dave", "respond_inquiry", {"id": 3, "answer": "Under Settings.", "closed": True}),
    ("Alice", "reply_inquiry", {"id": 3, "reply": "Found it."}),
    ("Alice", "get_inquiry", {"id": 3}),
    ("Dave", "respond_inquiry", {"id": 2, "answer": "No idea", "closed": True}),
    ("Dave", "escalate_task", {"type": "inquiry", "id": 5, "level": 2}),
    ("Erin", "respond_inquiry", {"id": 5, "answer": "It was too dark.", "closed": True}),
    ("Bob", "respond_inquiry", {"id": 2, "answer": "Hello", "closed": True}),
    # Lists.
    ("Bob", "list_tasks", {}),
    ("Carol", "list_tasks", {"type": "transfer", "limit": 2}),
    ("Carol", "list_tasks", {"claimed_by_me": True}),
    ("Dave", "list_tasks", {"type": "transfer"}),
    ("Erin", "list_tasks", {"type": "inquiry"}),
    ("Erin", "list_tasks", {"limit": 201}),
    ("Erin", "list_tasks", {"cursor": "nonsense"}),
    ("Alice", "list_tasks", {}),
    # More than one may hold.
    ("Erin", "get_task", {"type": "inquiry", "id": 2}),
    ("Erin", "get_task", {"type": "inquiry", "id": 4}),
    ("Erin", "get_task", {"type": "inquiry", "id": 6}),
    ("Erin", "get_task", {"type": "inquiry", "id": 7}),
    ("Alice", "create_inquiry", {"cid": 1, "problem": "One."}),
    ("Alice", "create_inquiry", {"cid": 1, "problem": "Two."}),
    ("Erin", "get_task", {"type": "inquiry", "id": 8}),
    ("Erin", "get_task", {"type": "inquiry", "id": 9}),
    ("Dave", "get_task", {"type": "inquiry"}),
    ("Erin", "get_task", {"type": "inquiry", "id": 9}),
    # No such thing.
    ("Alice", "delete_customer", {"id": 1}),
    ("Alice", "create_customer", {}),
    ("Alice", "get_customer", {"id": 9223372036854775808}),
    ("Alice", "get_customer", {"id": 1.5}),
    ("Alice", "get_customer", {"id": True}),
    # And out.
    ("Bob", "logout", {}),
    ("Bob", "get_customer", {"id": 1}),
    ("Bob", "logout", {}),
    ("Bob", "login", {"name": "Bob"}),
    ("Bob", "get_customer", {"id": 1}),
    # What the console asks for.
    ("Bob", "list_queue", {}),
    ("Dave", "list_queue", {"type": "transfer"}),
    ("Alice", "list_queue", {"limit": 2}),
    ("Bob", "search_customers", {"text": "HOPPER"}),
    ("Bob", "search_customers", {"text": "張"}),
    ("Dave", "search_customers", {"sort": "name", "descending": True, "limit": 1}),
    ("Dave", "search_items", {"text": "passport"}),
    ("Dave", "search_items", {"min_amount": "100", "sort": "amount", "descending": True}),
    ("Dave", "search_items", {"currency": "USD", "min_amount": "100", "sort": "amount", "descending": True}),
    ("Dave", "search_items", {"decided_by": "Carol", "sort": "decided_at"}),
    ("Dave", "search_items", {"status": "pending", "created_from": "yesterday", "sort": "colour"}),
    ("Bob", "get_history", {"type": "document", "id": 3}),
    ("Dave", "get_history", {"type": "document", "id": 3}),
    ("Dave", "get_history", {"type": "inquiry", "id": 3}),
    ("Carol", "get_history", {"type": "document", "id": 3, "limit": 2}),
    ("Carol", "get_history", {"type": "operator", "id": 1}),
    ("Alice", "get_history", {"type": "customer", "id": 999}),
    ("Dave", "list_activity", {"limit": 2}),
    ("Dave", "list_activity", {"id": 2}),
    ("Carol", "get_statistics", {"period": "week"}),
    ("Alice", "get_statistics", {"period": "week"}),
    # The Admin manages operators; a token goes as its hash.
    ("Bob", "list_operators", {}),
    ("Alice", "add_operator", {"name": "Frank", "role": "Service", "token_hash": "0" * 64}),
    ("Alice", "add_operator", {"name": "Frank", "role": "Service", "token_hash": "1" * 64}),
    ("Alice", "add_operator", {"name": "Grace", "role": "Service", "token_hash": "0" * 64}),
    ("Alice", "add_operator", {"name": "Grace", "role": "Boss", "token_hash": "secret"}),
    ("Alice", "change_operator", {"id": 2, "level": 2}),
    ("Bob", "review_document", {"id": 4, "approved": True}),
    ("Alice", "change_operator", {"id": 99, "level": 2}),
    ("Alice", "change_operator", {"id": 1, "role": "Compliance"}),
    ("Alice", "disable_operator", {"id": 1}),
    ("Alice", "disable_operator", {"id": 2}),
    ("Bob", "login", {"name": "Bob"}),
    ("Alice", "enable_operator", {"id": 2}),
    ("Bob", "login", {"name": "Bob"}),
    ("Alice", "rotate_operator", {"id": 2, "token_hash": "0" * 64}),
    ("Alice", "rotate_operator", {"id": 2, "token_hash": "2" * 64}),
    ("Bob", "login", {"name": "Bob"}),
    ("Alice", "get_history", {"type": "operator", "id": 6}),
    ("Alice", "list_operators", {"limit": 3}),
)

RAW: Sequence[tuple[str, bytes]] = (
    ("no token", b'{"task": {"action": "get_customer", "data": {"id": 1}}}'),
    ("wrong token", b'{"token": "nobody", "task": {"action": "get_customer", "data": {"id": 1}}}'),
    ("not JSON", b'{"token": '),
    ("not an object", b"[]"),
    ("a key twice", b'{"token": "12qw", "token": "34er", "task": {}}'),
    ("NaN", b'{"token": "12qw", "task": {"action": "get_customer", "data": {"id": NaN}}}'),
    ("too deep", b'{"token": ' + b"[" * 40 + b"]" * 40 + b"}"),
    ("an unknown member", b'{"token": "12qw", "task": {"action": "get_customer", "data": {"id": 1}}, "x": 1}'),
    ("NUL", b'{"token": "12qw", "task": {"action": "create_customer", "data": {"name": "a\\u0000b"}}}'),
    ("a lone surrogate", b'{"token": "12qw", "task": {"action": "create_customer", "data": {"name": "a\\ud800"}}}'),
    ("too large", b'{"token": "' + b"x" * 70_000 + b'"}'),
    ("login beside", b'{"token": "12qw", "task": {"action": "login", "name": "Alice"}}'),
)


def play(urls: Sequence[str]) -> Iterator[str]:
    """Every step's line. Operators submit at one gateway and listen at another, where there are several."""
    clients = {name: Client(urls[number % len(urls)], token) for number, (name, token) in enumerate(TOKENS.items())}
    ears: dict[str, Live] = {}
    for name, action, data in TASKS:
        outcome = clients[name].submit(action, data)
        if outcome["http"] == 202:
            if name not in ears or ears[name].closed is not None:
                ears[name] = Live(urls[-1], TOKENS[name])
                outcome = {"task": clients[name].task(outcome["task"]["id"], wait=20)}
            else:
                outcome = {"task": ears[name].outcome(outcome["task"]["id"], timeout=20)}
        yield f"{name} {action} {_json(data)}\n    {_shown(outcome)}"
    for title, body in RAW:
        response = clients["Alice"].post(body)
        yield f"{title}\n    {_shown(response.json() | {'http': response.status_code})}"
    yield from _twice(clients["Alice"])
    for ear in ears.values():
        ear.close()


def _twice(alice: Client) -> Iterator[str]:
    first = alice.run("create_customer", {"name": "Only once"}, Idempotency_Key="scenario-1")
    again = alice.run("create_customer", {"name": "Only once"}, Idempotency_Key="scenario-1")
    other = alice.run("create_customer", {"name": "Another"}, Idempotency_Key="scenario-1")
    yield f"the same key and task\n    {_shown({'task': first})}"
    yield f"again: the same answer\n    {first == again}"
    yield f"the same key, another task\n    {_shown(other)}"


def _shown(answer: dict[str, Any]) -> str:
    if "task" not in answer:
        faults = [f"{fault['path']} {fault['message']}" for fault in answer.get("errors") or []]
        return " ".join([f"{answer['http']} {answer['code']}", *([_json(faults)] if faults else [])])
    task = answer["task"]
    if task["status"] == "failed":
        error = task["error"]
        return TIME.sub(
            "<time>", f"failed {error['code']} {error['number']} {_json(error['params'])} {error['message']}"
        )
    result = TIME.sub("<time>", _json(task["result"]))
    for pattern, mask in VARYING:
        result = pattern.sub(mask, result)
    return f"{task['status']} {result}"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def difference(log: str) -> str:
    """How a log differs from the expected one, as a unified diff; empty when it does not."""
    expected = EXPECTED.read_text().splitlines() if EXPECTED.exists() else []
    return "\n".join(difflib.unified_diff(expected, log.splitlines(), "expected", "now", lineterm="", n=1))


def log_of(urls: Sequence[str]) -> str:
    """The whole log."""
    return "\n".join(play(urls)) + "\n"


def test_the_scenario_gives_the_expected_log_embedded() -> None:
    with embedded("--demo") as url:
        assert difference(log_of([url])) == ""


def test_the_scenario_gives_the_expected_log_in_one_process(postgres: str, amqp_uri: str) -> None:
    with parts.temporary_database(postgres) as database, demo_stack(database, amqp_uri, replicas=0) as stack:
        assert difference(log_of(stack.gateways)) == ""


@pytest.mark.parametrize("mode", ["async", "sync"])
def test_the_scenario_gives_the_expected_log_with_two_replicas_of_each_service(
    postgres: str, amqp_uri: str, mode: str
) -> None:
    modes = {f"DB_TASKS_{role}": mode for role in ("ADMIN", "COMPLIANCE", "SERVICE")}
    with parts.temporary_database(postgres) as database:
        with demo_stack(database, amqp_uri, replicas=2, environment=modes) as stack:
            assert difference(log_of(stack.gateways)) == ""


def main() -> int:
    """Play it, and compare or write. Exit code 1 when the log differs."""
    parser = argparse.ArgumentParser(
        description="Play the scripted scenario and compare its log with the expected one."
    )
    parser.add_argument("--url", help="a fresh demo that runs already; otherwise the embedded mode is started")
    parser.add_argument("--write", action="store_true", help=f"write {EXPECTED.name} instead of comparing")
    arguments = parser.parse_args()
    if arguments.url:
        log = log_of([arguments.url])
    else:
        with embedded("--demo") as url:
            log = log_of([url])
    if arguments.write:
        EXPECTED.write_text(log)
        print(f"{EXPECTED} written: {len(log.splitlines())} lines")
        return 0
    found = difference(log)
    print(found or f"{log.count(chr(10)) // 2} steps, as expected")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
