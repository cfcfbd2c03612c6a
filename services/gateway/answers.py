"""What a client is answered: JSON, never cached, never sniffed."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flask import Request, Response
from werkzeug.datastructures import Headers

from services.contracts.languages import best_language
from services.runtime.messaging.envelopes import to_json

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_HEADERS = (("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"))


class _Complete(Response):
    """An answer whose headers are complete and ASCII as they are; completing them takes Werkzeug half of its time."""

    def get_wsgi_headers(self, environ: "WSGIEnvironment") -> Headers:
        return self.headers


def json_answer(
    value: Any,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    media_type: str = "application/json",
) -> Response:
    """``value`` as a JSON answer."""
    return json_text_answer(to_json(value), status, headers, media_type)


def json_text_answer(
    text: bytes,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    media_type: str = "application/json",
) -> Response:
    """What is JSON already as an answer."""
    always = (("Content-Type", media_type), ("Content-Length", str(len(text))), *_HEADERS)
    return _Complete(text, status, (*always, *(headers or {}).items()))


def reader_language(request: Request) -> str:
    """The language in which to answer."""
    return best_language(request.headers.get("Accept-Language"))
