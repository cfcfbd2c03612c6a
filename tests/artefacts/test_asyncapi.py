"""The AsyncAPI document, read by AsyncAPI's own parser."""

import json

from tests.artefacts.conftest import Node
from tests.stack import ROOT


def test_the_parser_of_asyncapi_finds_no_fault(node: Node) -> None:
    done = node("parse_asyncapi.mjs", str(ROOT / "docs" / "asyncapi.json"))

    assert done.returncode == 0, done.stderr[-4000:]
    assert json.loads(done.stdout) == {"channels": True, "faults": []}
