"""Small pages and documents that belong to no operator."""

from string import Formatter

from flask import Request, Response

from services.contracts.errors import CATALOGUE, Code, Refusal
from services.contracts.languages import error_message
from services.gateway.answers import json_answer, reader_language
from services.gateway.problems import title

_HOME = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Backoffice</title>
<h1>Backoffice</h1>
<p>This is the gateway of a back office: tasks go in over HTTP, their outcomes come back over a WebSocket.
The console, the page for the staff, would be here, but this installation was made without it.</p>
<ul>
<li><a href="/api/v1/docs">The API, explained</a></li>
<li><a href="/api/v1/openapi.json">The API, as an OpenAPI document</a></li>
<li><a href="/api/v1/errors">The error catalogue</a></li>
</ul>
</html>
"""


def home() -> Response:
    """What this is without a console, and where to read on."""
    return html_answer(_HOME)


def html_answer(html: str, policy: str = "default-src 'none'") -> Response:
    """A page that loads nothing from anywhere else."""
    headers = {
        "Content-Security-Policy": f"{policy}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }
    return Response(html, headers=headers, content_type="text/html; charset=utf-8")


def error_catalogue(request: Request) -> Response:
    """Every error in the reader's language; what a message's braces stand for depends on the case."""
    language = reader_language(request)
    return _in_language({"errors": [_described(code, language) for code in Code]}, language)


def error_entry(request: Request, code: str) -> Response:
    """What a problem's ``type`` leads to. Raises ``Refusal`` (``not_found``)."""
    if code not in set(Code):
        raise Refusal(Code.NOT_FOUND)
    language = reader_language(request)
    return _in_language(_described(Code(code), language), language)


def _described(code: Code, language: str) -> dict[str, object]:
    entry = CATALOGUE[code]
    return {
        "code": code.value,
        "number": entry.number,
        "status": entry.status,
        "title": title(code),
        "message": error_message(code, _braces(entry.message), language),
        "of_request": entry.of_request,
        "of_task": entry.of_task,
    }


def _braces(sentence: str) -> dict[str, str]:
    """Parameters that read as their own names in braces."""
    return {name: f"{{{name}}}" for _, name, _, _ in Formatter().parse(sentence) if name}


def _in_language(value: object, language: str) -> Response:
    return json_answer(value, headers={"Content-Language": language, "Vary": "Accept-Language"})
