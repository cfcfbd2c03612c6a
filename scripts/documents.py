"""The documents that are made from the code: ``python -m scripts.documents`` writes them, ``--check`` compares."""

import argparse
import json
import sys
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path

from scripts.failures import failures_document
from scripts.sizes import sizes_document
from services.cli.lists import settings_document
from services.gateway.asyncapi import asyncapi_document
from services.gateway.openapi import openapi_document
from services.gateway.postman import postman_collection
from services.runtime.messaging.definitions import definitions

ROOT = Path(__file__).resolve().parents[1]


def _json(document: object) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _prometheus_rule() -> str:
    """The alert rules as the Prometheus operator takes them."""
    alerts = (ROOT / "deploy/monitoring/alerts.yaml").read_text(encoding="utf-8")
    groups = alerts[alerts.index("groups:") :]
    head = "# alerts.yaml for the Prometheus operator. Written by `make docs`.\n"
    resource = "apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata:\n  name: backoffice\nspec:\n"
    return head + resource + textwrap.indent(groups, "  ")


DOCUMENTS: Mapping[str, Callable[[], str]] = {
    "docs/openapi.json": lambda: _json(openapi_document()),
    "docs/asyncapi.json": lambda: _json(asyncapi_document()),
    "docs/postman.json": lambda: _json(postman_collection()),
    "docs/settings.md": settings_document,
    "docs/failures.md": failures_document,
    "docs/sizes.md": sizes_document,
    "deploy/rabbitmq/definitions.json": lambda: _json(definitions()),
    "deploy/monitoring/prometheus-rule.yaml": lambda: _prometheus_rule(),
}
"""Where each document is, and what makes it."""


def differing() -> list[str]:
    """The names of those that are not what the code makes of them."""
    return [name for name, make in DOCUMENTS.items() if _stored(name) != make()]


def _stored(name: str) -> str | None:
    path = ROOT / name
    return path.read_text(encoding="utf-8") if path.exists() else None


def main() -> int:
    """Exit code 1 when ``--check`` finds a difference."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; name those that are out of step")
    if parser.parse_args().check:
        names = differing()
        if names:
            print(f"out of step with the code: {', '.join(names)}; run `make docs`", file=sys.stderr)
        return 1 if names else 0
    for name, make in DOCUMENTS.items():
        (ROOT / name).write_text(make(), encoding="utf-8")
        print(name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
