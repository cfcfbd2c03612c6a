"""The dashboard and the alert rules, and the metrics that a scrape has."""

import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import requests
import yaml
from prometheus_client.parser import text_string_to_metric_families

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "deploy" / "monitoring"
DASHBOARD = FOLDER / "dashboard.json"
ALERTS = FOLDER / "alerts.yaml"

_NO_METRICS = re.compile(
    r"\"[^\"]*\"|\{[^}]*\}|\[[^\]]*\]|\b(?:by|without|on|ignoring)\s*\([^)]*\)|\b\d[\d.e]*\b"
    r"|\b(?:and|or|unless|bool|offset)\b|\b[a-z_]+\s*\("
)
"""Strings, matchers, ranges, groupings, numbers, operators and functions."""

Samples = Mapping[str, Mapping[frozenset[tuple[str, str]], float]]
"""Values by name and labels."""


def alerts() -> list[dict[str, Any]]:
    """Every alert rule."""
    return [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]


def dashboard_expressions() -> list[str]:
    """Every expression of the dashboard, its variables filled in."""
    panels = json.loads(DASHBOARD.read_text())["panels"]
    return [
        target["expr"].replace("$__rate_interval", "5m").replace("$instance", ".*")
        for panel in panels
        for target in panel.get("targets", ())
    ]


def metrics_of(expression: str) -> set[str]:
    """The metrics that an expression names."""
    left = expression
    while (shorter := _NO_METRICS.sub(" ", left)) != left:
        left = shorter
    return set(re.findall(r"[a-zA-Z_:][\w:]*", left))


def scrape(monitor: str) -> Samples:
    """What a process tells Prometheus now."""
    text = requests.get(f"{monitor}/metrics", timeout=10).text
    found: dict[str, dict[frozenset[tuple[str, str]], float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[frozenset(sample.labels.items())] = sample.value
    return found


def promtool() -> str | None:
    """Prometheus's own tool, if it can be had."""
    kept = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "backoffice" / "promtool"
    return shutil.which("promtool") or (str(kept) if kept.exists() else None)


def values(samples: Samples, name: str, *labels: str) -> Iterator[tuple[tuple[str, ...], float]]:
    """The series of a metric: the values of these labels, and the number. Series of 0 are left out."""
    for key, value in samples.get(name, {}).items():
        if value:
            yield tuple(dict(key)[label] for label in labels), value
