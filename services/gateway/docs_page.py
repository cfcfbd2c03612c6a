"""The API's documentation as one page that loads nothing else, made of the OpenAPI document."""

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from flask import Response

from services.gateway.pages import html_answer

_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
pre { overflow-x: auto; padding: .75rem; border: 1px solid color-mix(in srgb, currentColor 25%, transparent); }
code, pre { font: 14px/1.45 ui-monospace, monospace; }
table { border-collapse: collapse; margin: .5rem 0; }
td, th { text-align: left; vertical-align: top; padding: .2rem 1rem .2rem 0; }
section { border-top: 1px solid color-mix(in srgb, currentColor 25%, transparent); margin-top: 2rem; }
summary { cursor: pointer; }
"""
_DIGEST = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()


def docs_page(document: Mapping[str, Any]) -> str:
    """The page."""
    info = document["info"]
    body = "\n".join(
        [
            f"<h1>{escape(info['title'])}</h1><p>{_text(info['description'])}</p>",
            '<p><a href="/api/v1/openapi.json">OpenAPI document</a> · <a href="/api/v1/errors">Error catalogue</a></p>',
            *_contents(document),
            *(part for path, methods in document["paths"].items() for part in _path(path, methods)),
            "<section><h2>Schemas</h2>",
            *(_schema(name, schema) for name, schema in document["components"]["schemas"].items()),
            "</section>",
        ]
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(info['title'])}: the API</title><style>{_STYLE}</style></head>\n<body>{body}</body></html>\n"
    )


def docs_answer(page: str) -> Response:
    """The page, allowed nothing but its own style."""
    return html_answer(page, f"default-src 'none'; style-src 'sha256-{_DIGEST}'")


def _contents(document: Mapping[str, Any]) -> Iterator[str]:
    yield "<ul>"
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            name = escape(operation["operationId"])
            summary = _text(operation["summary"])
            yield f'<li><a href="#{name}"><code>{method.upper()} {escape(path)}</code></a> {summary}</li>'
    yield "</ul>"


def _path(path: str, methods: Mapping[str, Any]) -> Iterator[str]:
    for method, operation in methods.items():
        yield f'<section id="{escape(operation["operationId"])}"><h2><code>{method.upper()} {escape(path)}</code></h2>'
        yield f"<p><strong>{_text(operation['summary'])}.</strong> {_text(operation.get('description', ''))}</p>"
        if operation.get("parameters"):
            yield "<h3>Parameters</h3>" + _table(
                (parameter["name"], f"{parameter['in']}. {parameter.get('description', '')}")
                for parameter in operation["parameters"]
            )
        for media in operation.get("requestBody", {}).get("content", {}).values():
            yield "<h3>Examples</h3>"
            for name, example in media.get("examples", {}).items():
                yield f"<details><summary><code>{escape(name)}</code> {_text(example['summary'])}</summary>"
                yield f"{_json(example['value'])}</details>"
        yield "<h3>Answers</h3>" + _table(
            (status, answer["description"]) for status, answer in operation["responses"].items()
        )
        yield "</section>"


def _table(rows: Iterator[tuple[str, str]]) -> str:
    return "<table>" + "".join(f"<tr><th>{escape(a)}</th><td>{_text(b)}</td></tr>" for a, b in rows) + "</table>"


def _schema(name: str, schema: Mapping[str, Any]) -> str:
    return f'<details id="{escape(name)}"><summary><code>{escape(name)}</code></summary>{_json(schema)}</details>'


def _json(value: Any) -> str:
    return f"<pre>{escape(json.dumps(value, indent=2, ensure_ascii=False))}</pre>"


def _text(text: str) -> str:
    """The text, with what stands between backquotes as code."""
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if index % 2 else part for index, part in enumerate(parts))
