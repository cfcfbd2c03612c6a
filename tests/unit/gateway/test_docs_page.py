"""The page that explains the API."""

import base64
import hashlib
import re

from services.contracts.action import ACTIONS
from services.gateway.openapi import openapi_document
from tests.unit.gateway.stage import Stage


def test_it_names_every_address_action_and_answer(stage: Stage) -> None:
    page = stage.client.get("/api/v1/docs").text
    document = openapi_document()
    for path in document["paths"]:
        assert f" {path}</code>" in page
    for action in ACTIONS.values():
        assert f"<code>{action.name}</code>" in page
        assert f'id="{action.__name__}Data"' in page


def test_it_loads_nothing_and_its_policy_allows_its_own_style_alone(stage: Stage) -> None:
    response = stage.client.get("/api/v1/docs")
    policy = response.headers["Content-Security-Policy"]
    style = re.search("<style>(.*?)</style>", response.text, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}'")
    assert not re.search(r"(src=|url\(|@import|<script|<link|https?://)", response.text)


def test_every_link_leads_somewhere(stage: Stage) -> None:
    page = stage.client.get("/api/v1/docs").text
    for target in re.findall(r'href="([^"]+)"', page):
        if target.startswith("#"):
            assert f'id="{target[1:]}"' in page
        else:
            assert stage.client.get(target).status_code == 200
