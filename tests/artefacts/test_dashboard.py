"""The dashboard, read and written by Grafana's own model of dashboards: what it does not know is lost on the way."""

import json
from collections.abc import Iterator
from typing import Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from tests.monitoring import DASHBOARD


def test_grafana_knows_every_member_of_the_dashboard() -> None:
    register_default_plugins()
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))

    kept = json.loads(JSONEncoder().encode(Dashboard.from_json(dashboard)))

    assert set(_members(dashboard)) - set(_members(kept)) == set()


def test_a_member_that_grafana_does_not_know_is_found() -> None:
    register_default_plugins()
    wrong = {"title": "A", "panels": [{"type": "stat", "titel": "B"}]}

    kept = json.loads(JSONEncoder().encode(Dashboard.from_json(wrong)))

    assert {path for path, _ in set(_members(wrong)) - set(_members(kept))} == {"/panels/0/titel"}


def _members(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value that is neither object nor list, with its path."""
    if isinstance(value, dict | list):
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _members(each, f"{path}/{key}")
    else:
        yield path, value
