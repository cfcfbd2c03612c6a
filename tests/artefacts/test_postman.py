"""The Postman collection, sent by newman to a system with fresh demo data."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.contracts.action import ACTIONS
from services.gateway.postman import DEMO
from services.info.demo import OPERATORS
from tests.artefacts.conftest import Node
from tests.parts import temporary_database, temporary_vhost
from tests.stack import ROOT, demo_stack

COLLECTION = ROOT / "docs" / "postman.json"

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def url(postgres: str) -> Iterator[str]:
    """The address of a system with fresh demo data."""
    with temporary_database(postgres) as database, temporary_vhost() as amqp_uri:
        with demo_stack(database, amqp_uri, replicas=0) as stack:
            yield stack.url


def test_every_request_of_the_collection_succeeds_from_top_to_bottom(url: str, node: Node, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    done = node(
        "node_modules/newman/bin/newman.js", "run", str(COLLECTION), "--env-var", f"baseUrl={url}",
        "--reporters", "cli,json", "--reporter-json-export", str(report), "--color", "off",
    )  # fmt: skip
    executions = json.loads(report.read_text(encoding="utf-8"))["run"]["executions"]

    assert done.returncode == 0, done.stdout[-8000:]
    assert len(executions) == _requests(json.loads(COLLECTION.read_text(encoding="utf-8")))
    assert [task for task in map(_task, executions) if task and task["status"] != "succeeded"] == []
    assert {task["action"] for task in map(_task, executions) if task} == set(ACTIONS)


def _requests(collection: dict[str, Any]) -> int:
    return sum(len(folder["item"]) for folder in collection["item"])


def _task(execution: dict[str, Any]) -> dict[str, Any] | None:
    body = bytes(execution["response"]["stream"]["data"])
    task: dict[str, Any] | None = json.loads(body).get("task") if body.startswith(b"{") else None
    return task


def test_the_operators_of_the_collection_are_of_the_demo() -> None:
    known = {(each.role, each.name, each.token) for each in OPERATORS}
    assert {(role, name, token) for role, (name, token) in DEMO.items()} <= known
