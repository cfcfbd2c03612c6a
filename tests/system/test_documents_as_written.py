"""What the README and the HTTP contract say is sent as it is written, and answered as it is written."""

import itertools
import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import simple_websocket

from tests.api_examples import EXAMPLES, NEW_TRANSFER, TASK_ID, TIME, Example, difference
from tests.client import Client
from tests.documents import README, blocks
from tests.stack import embedded
from tests.waiting import PATIENCE

ADDRESS = "http://127.0.0.1:5000"
README_EXACTLY = '{"token":"78ui","task":{"action":"respond_inquiry","data":{"id":1,"answer":" OK","closed":true}}}'


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A demo on which Alice, Bob and Dave have logged in."""
    with embedded("--demo") as url:
        for token, name in (("12qw", "Alice"), ("34er", "Bob"), ("78ui", "Dave")):
            assert Client(url, token).login(name)["status"] == "succeeded"
        yield url


@pytest.fixture(scope="module")
def created(url: str) -> str:
    """The id of a transfer's task that has finished."""
    task = Client(url, "12qw").run("create_transfer", NEW_TRANSFER)
    assert task["status"] == "succeeded"
    return str(task["id"])


def send(url: str, example: Example, created: str) -> requests.Response:
    """The answer to an example's request."""
    session = requests.Session()
    session.trust_env = False
    raw = example.body if isinstance(example.body, bytes | None) else json.dumps(example.body).encode()
    headers = {"Content-Type": "application/json"} if raw is not None else {}
    return session.request(
        example.method or ("GET" if raw is None else "POST"),
        url + example.path.replace("{created}", created),
        data=raw,
        headers={**headers, "Accept-Language": "en", **example.headers},
        timeout=30,
    )


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.what)
def test_a_request_is_answered_as_the_contract_promises(url: str, created: str, example: Example) -> None:
    answer = send(url, example, created)

    assert answer.status_code == example.status, answer.text
    if example.answer is not None:
        assert difference(example.answer, answer.json()) is None
    for name, expected in example.answer_headers.items():
        assert difference(expected, answer.headers.get(name), name) is None
    if example.status >= 400:
        assert answer.headers["Content-Type"] == "application/problem+json"


def test_the_same_key_and_task_give_the_same_task_and_another_task_a_conflict(url: str) -> None:
    alice = Client(url, "12qw")
    first, again = (
        alice.run("create_customer", {"name": "Grace Hopper"}, Idempotency_Key="contract-1") for _ in range(2)
    )
    other = alice.run("create_customer", {"name": "Ada Lovelace"}, Idempotency_Key="contract-1")

    assert first["status"] == "succeeded"
    assert again == first
    assert (other["http"], other["code"]) == (409, "idempotency_conflict")


def test_the_openapi_document_has_every_action_and_the_catalogue_every_code(url: str) -> None:
    document = requests.get(f"{url}/api/v1/openapi.json", timeout=10).json()
    catalogue = requests.get(f"{url}/api/v1/errors", timeout=10).json()["errors"]

    assert document["openapi"].startswith("3.1")
    assert '"respond_inquiry"' in json.dumps(document)
    assert {"code": "level_too_low", "number": 4032, "status": 403}.items() <= {
        entry["code"]: entry for entry in catalogue
    }["level_too_low"].items()


def test_the_first_message_opens_the_websocket_and_outcomes_are_pushed(url: str) -> None:
    socket = simple_websocket.Client(url.replace("http", "ws", 1) + "/api/v1/ws")
    socket.send(json.dumps({"token": "12qw", "since": None, "language": "es"}))
    ready = json.loads(socket.receive(timeout=PATIENCE) or "null")
    submitted = Client(url, "12qw").submit("get_customer", {"id": 1})
    pushed = json.loads(socket.receive(timeout=PATIENCE) or "null")
    socket.close()

    assert ready == {"type": "ready", "operator": {"id": 1, "name": "Alice", "role": "Admin", "level": 1}}
    assert pushed["type"] == "task"
    assert (pushed["task"]["id"], pushed["task"]["status"]) == (submitted["task"]["id"], "succeeded")


def test_a_websocket_with_an_unknown_token_is_closed_with_4401(url: str) -> None:
    socket = simple_websocket.Client(url.replace("http", "ws", 1) + "/api/v1/ws")
    socket.send(json.dumps({"token": "nobody"}))

    with pytest.raises(simple_websocket.ConnectionClosed) as closed:
        socket.receive(timeout=PATIENCE)
    assert closed.value.reason == 4401


def test_the_requests_of_the_readme_are_answered_as_it_shows() -> None:
    steps = readme_steps()
    ids: dict[str, str] = {}
    with embedded("--demo") as url:
        for command, expected in steps:
            for shown, actual in ids.items():
                command = command.replace(shown, actual)
            found = json.loads(run(command.replace(ADDRESS, url)))
            assert difference(loosened(expected), found) is None, command
            ids[expected["task"]["id"]] = found["task"]["id"]

    assert len(steps) == 4
    assert any(README_EXACTLY in command for command, _ in steps)


def readme_steps() -> list[tuple[str, Any]]:
    """Each block of curl commands in the README with the JSON that follows it."""
    found = blocks(README)
    pairs = itertools.pairwise(found)
    steps = [(text, json.loads(answer)) for (_, text), (language, answer) in pairs if language == "json"]
    assert len(steps) == sum("curl" in text for _, text in found), "every curl block is followed by its answer"
    return steps


def loosened(value: Any) -> Any:
    """What the README shows, with any task id and any time instead of its own."""
    if isinstance(value, dict):
        return {name: loosened(member) for name, member in value.items()}
    if isinstance(value, list):
        return [loosened(member) for member in value]
    patterns = (pattern for pattern in (TASK_ID, TIME) if isinstance(value, str) and pattern.fullmatch(value))
    return next(patterns, value)


def run(script: str) -> str:
    """What a block of shell commands prints."""
    environment = {
        name: value for name, value in os.environ.items() if not re.fullmatch("(?i)(https?|all)_proxy", name)
    }
    done = subprocess.run(
        ["bash", "-euc", script], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_websocket_of_the_readme_is_that_of_the_server() -> None:
    text = Path(README).read_text()

    assert "ws://127.0.0.1:5000/api/v1/ws" in text
    assert '`{"token": "12qw"}` as the first message' in text
