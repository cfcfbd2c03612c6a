"""The Flask application: which address is answered by what, and how every failure is answered."""

from pathlib import Path

from flask import Flask, Response, request
from prometheus_client import CONTENT_TYPE_LATEST
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from services.contracts.errors import Code, Refusal
from services.gateway import console_files, pages
from services.gateway.answers import json_answer, json_text_answer, reader_language
from services.gateway.docs_page import docs_answer, docs_page
from services.gateway.gateway import Gateway
from services.gateway.openapi import openapi_document
from services.gateway.problems import problem_answer, unexpected
from services.gateway.protection import protect
from services.runtime.failures import Unavailable
from services.runtime.messaging.envelopes import to_json


def create_app(gateway: Gateway, console: Path = console_files.BUILT) -> Flask:
    """The application of one gateway. ``console``: the folder with the built console, if it is built."""
    app = Flask("backoffice", static_folder=None)
    app.url_map.strict_slashes = True
    app.url_map.merge_slashes = False
    app.url_map.redirect_defaults = False
    _add_api(app, gateway)
    _add_documents(app, gateway.submissions.largest_level)
    _add_entrance(app, console)
    _add_operations(app, gateway)
    _add_failures(app, gateway)
    protect(app)
    return app


def _add_api(app: Flask, gateway: Gateway) -> None:
    @app.post("/api/v1")
    def submit() -> Response:
        with gateway.tracing.request("POST /api/v1", request.headers.get("traceparent")):
            return gateway.submissions.submit(request)

    @app.get("/api/v1/tasks")
    def list_tasks() -> Response:
        with gateway.tracing.request("GET /api/v1/tasks", request.headers.get("traceparent")):
            return gateway.tasks_api.list(request)

    @app.get("/api/v1/tasks/<task_id>")
    def get_task(task_id: str) -> Response:
        with gateway.tracing.request("GET /api/v1/tasks/{id}", request.headers.get("traceparent")):
            return gateway.tasks_api.get(request, task_id)

    # Werkzeug tells upgrades from other requests; both are answered here.
    @app.get("/api/v1/ws")
    @app.route("/api/v1/ws", websocket=True)
    def live() -> Response:
        return gateway.live_endpoint.upgrade(request)


def _add_documents(app: Flask, largest_level: int) -> None:
    document = openapi_document(largest_level)
    document_text = to_json(document)
    page = docs_page(document)

    @app.get("/api/v1/openapi.json")
    def openapi() -> Response:
        return json_text_answer(document_text)

    @app.get("/api/v1/docs")
    def docs() -> Response:
        return docs_answer(page)

    @app.get("/api/v1/errors")
    def errors() -> Response:
        return pages.error_catalogue(request)

    @app.get("/errors/<code>")
    def error(code: str) -> Response:
        return pages.error_entry(request, code)


def _add_entrance(app: Flask, console: Path) -> None:
    files = console_files.read(console)
    console_files.add(app, files)
    if not files:

        @app.get("/")
        def home() -> Response:
            return pages.home()


def _add_operations(app: Flask, gateway: Gateway) -> None:
    @app.get("/healthz")
    def alive() -> Response:
        return json_answer({"status": "alive"})

    @app.get("/readyz")
    def ready() -> Response:
        reasons = gateway.readiness.reasons()
        if reasons:
            raise Refusal(Code.UNAVAILABLE, {"reasons": reasons})
        return json_answer({"status": "ready"})

    @app.get("/metrics")
    def metrics() -> Response:
        return Response(gateway.metrics.exposition(), content_type=CONTENT_TYPE_LATEST)


def _add_failures(app: Flask, gateway: Gateway) -> None:
    @app.errorhandler(Exception)
    def failed(error: Exception) -> Response:
        refusal, headers = _refusal_of(error)
        refusal = gateway.guesses.judge(refusal, request)
        gateway.metrics.refused(refusal.code)
        return problem_answer(refusal, reader_language(request), headers)


def _refusal_of(error: Exception) -> tuple[Refusal, dict[str, str]]:
    """What the client is told, and the headers beside it."""
    if isinstance(error, Refusal):
        return error, {}
    if isinstance(error, Unavailable):
        return Refusal(Code.UNAVAILABLE), {}
    if isinstance(error, MethodNotAllowed):
        return Refusal(Code.METHOD_NOT_ALLOWED), {"Allow": ", ".join(sorted(error.valid_methods or ()))}
    if isinstance(error, NotFound):
        return Refusal(Code.NOT_FOUND), {}
    if isinstance(error, HTTPException) and error.code is not None and error.code < 500:
        return Refusal(Code.MALFORMED_REQUEST), {}
    return unexpected(request), {}
