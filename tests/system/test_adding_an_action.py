"""docs/adding-an-action.md, followed to the letter in a copy of the code."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.documents import ADDING_AN_ACTION, ROOT, blocks

ACTIONS = "services/contracts/actions.py"
OPERATIONS = "services/info/operations/transfers.py"

USE_IT = """
import eventlet
eventlet.monkey_patch()
import json, sys
import requests
import services
from tests.client import Client
from tests.stack import embedded
from tests.waiting import eventually

with embedded("--demo") as url:
    bob, dave = Client(url, "34er"), Client(url, "78ui")
    found = {"services": services.__path__[0], "logins": [bob.login("Bob"), dave.login("Dave")]}
    found["openapi"] = requests.get(url + "/api/v1/openapi.json", timeout=10).json()
    live = dave.live()
    found["asked"] = bob.run("question_transfer", {"id": 1, "question": "Who is the payee?"})
    eventually(lambda: live.items)
    found["pushed"] = live.items
    found["read"] = dave.run("get_inquiry", {"id": 6})
    found["too high"] = bob.run("question_transfer", {"id": 2, "question": "Who is the payee?"})
    found["not permitted"] = dave.run("question_transfer", {"id": 1, "question": "Who is the payee?"})
    found["faults"] = bob.run("question_transfer", {"id": 1, "query": "Who is the payee?"})
    live.close()
print(json.dumps(found))
"""

DOCUMENTS = "from scripts.documents import differing; print(differing())"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the code that nothing else uses."""
    for folder in ("services", "tests", "scripts", "docs", "deploy"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def pieces() -> tuple[str, str]:
    """The class and the function, as the document has them."""
    action, function = (text for language, text in blocks(ADDING_AN_ACTION) if language == "python")
    return action, function


def append(file: Path, text: str) -> None:
    file.write_text(f"{file.read_text()}\n\n{text}")


def python(copy: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python on the copy."""
    base = {name: value for name, value in os.environ.items() if name not in ("AMQP_URI", "DATABASE_URL")}
    environment = base | {"PYTHONPATH": str(copy), "PYTHONWARNINGS": "ignore"}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=copy,
        env=environment,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )


def printed(copy: Path, *arguments: str) -> str:
    """What Python prints, which has to succeed."""
    done = python(copy, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_two_pieces_of_the_document_make_a_whole_action(copy: Path) -> None:
    action, function = pieces()
    append(copy / ACTIONS, action)
    append(copy / OPERATIONS, function)

    found: dict[str, Any] = json.loads(printed(copy, "-c", USE_IT))

    assert found["services"] == str(copy / "services")
    bob, dave = (login["result"]["actions"] for login in found["logins"])
    assert ("question_transfer" in bob, "question_transfer" in dave) == (True, False)
    assert '"question_transfer"' in json.dumps(found["openapi"])
    asked = found["asked"]["result"]["inquiry"]
    assert (asked["problem"], asked["created_by"], asked["status"]) == ("Who is the payee?", "Bob", "open")
    assert found["read"]["result"]["inquiry"] == asked
    assert [(item["event"], item["item"]["type"], item["item"]["id"]) for item in found["pushed"]] == [
        ("created", "inquiry", asked["id"])
    ]
    assert found["too high"]["error"]["code"] == "level_too_low"
    assert (found["not permitted"]["http"], found["not permitted"]["code"]) == (403, "not_permitted")
    assert [fault["path"] for fault in found["faults"]["errors"]] == ["task.data.question", "task.data.query"]


def test_the_command_line_lists_it_and_the_written_documents_ask_to_be_written_anew(copy: Path) -> None:
    action, function = pieces()
    append(copy / ACTIONS, action)
    append(copy / OPERATIONS, function)

    (line,) = [line for line in printed(copy, "-m", "services.cli", "actions").splitlines() if "question_tr" in line]

    assert line.split()[:2] == ["question_transfer", "Compliance"]
    assert "Ask the customer of a transfer about it, by an inquiry that Service answers." in line
    assert line.endswith("id, question")
    assert printed(copy, "-c", DOCUMENTS) == "['docs/openapi.json', 'docs/postman.json']\n"


def test_the_class_alone_is_refused_with_a_sentence_that_names_it_and_the_document(copy: Path) -> None:
    append(copy / ACTIONS, pieces()[0])

    refused = python(copy, "-c", "import services.info.service")

    assert refused.returncode != 0
    assert (
        "no operation for question_transfer: write it in services/info/operations/ (docs/adding-an-action.md)"
        in refused.stderr
    )
    assert "`no operation for question_transfer: write it in" in ADDING_AN_ACTION.read_text()


def test_the_function_alone_is_refused_and_the_class_is_named(copy: Path) -> None:
    append(copy / OPERATIONS, pieces()[1])

    refused = python(copy, "-c", "import services.info.service")

    assert refused.returncode != 0
    assert "cannot import name 'QuestionTransfer' from 'services.contracts.actions'" in refused.stderr


def test_a_function_for_what_is_no_declared_action_is_refused_by_name(copy: Path) -> None:
    undeclared = pieces()[0].replace("(Action)", "").replace("(ActionData)", "").replace(": ClassVar", "")
    append(copy / ACTIONS, undeclared)
    append(copy / OPERATIONS, pieces()[1])

    refused = python(copy, "-c", "import services.info.service")

    assert refused.returncode != 0
    assert "operation question_transfer: " in refused.stderr
    assert "QuestionTransfer'> is not an action of services.contracts.actions" in refused.stderr


def test_a_wrong_declaration_is_refused_by_name_at_import(copy: Path) -> None:
    append(copy / ACTIONS, pieces()[0].replace('"question_transfer"', '"get_transfer"'))

    refused = python(copy, "-c", "import services.contracts.actions")

    assert refused.returncode != 0
    assert "action QuestionTransfer: the name 'get_transfer' is already taken by GetTransfer" in refused.stderr
