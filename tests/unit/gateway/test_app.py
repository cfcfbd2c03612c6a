"""Addresses, methods, and the small documents."""

import pytest

from services.contracts.errors import CATALOGUE, Code
from tests.unit.gateway.stage import Stage, refused


@pytest.mark.parametrize("path", ["/nothing", "/api/v1/", "/api/v1/tasks/", "//api/v1", "/api/v2", "/api/v1/tasks/a/b"])
def test_an_address_that_is_none_is_not_found(stage: Stage, path: str) -> None:
    assert refused(stage.client.get(path)) == (404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/api/v1", "OPTIONS, POST"),
        ("PUT", "/api/v1", "OPTIONS, POST"),
        ("TRACE", "/api/v1/tasks", "GET, HEAD, OPTIONS"),
        ("DELETE", "/healthz", "GET, HEAD, OPTIONS"),
        ("BREW", "/", "GET, HEAD, OPTIONS"),
    ],
)
def test_a_method_that_an_address_does_not_take_names_those_it_does(
    stage: Stage, method: str, path: str, allowed: str
) -> None:
    response = stage.client.open(path, method=method)
    assert refused(response) == (405, "method_not_allowed")
    assert response.headers["Allow"] == allowed


def test_head_and_options_are_what_http_says(stage: Stage) -> None:
    head = stage.client.head("/api/v1/errors")
    assert (head.status_code, head.data) == (200, b"")
    options = stage.client.options("/api/v1")
    assert (options.status_code, options.data) == (200, b"")
    assert set(options.headers["Allow"].split(", ")) == {"OPTIONS", "POST"}


def test_the_catalogue_is_listed_in_the_readers_language(stage: Stage) -> None:
    response = stage.get("/api/v1/errors", token=None, Accept_Language="es")
    errors = {entry["code"]: entry for entry in response.get_json()["errors"]}
    assert set(errors) == set(Code)
    assert errors["level_too_low"]["message"] == "Este elemento requiere el nivel {required}; el suyo es {yours}."
    assert (errors["level_too_low"]["number"], errors["level_too_low"]["status"]) == (4032, 403)
    assert response.headers["Content-Language"] == "es"


def test_a_problems_type_leads_to_its_entry(stage: Stage) -> None:
    for code in Code:
        response = stage.client.get(f"/errors/{code}")
        assert response.get_json()["message"] == CATALOGUE[code].message
    assert refused(stage.client.get("/errors/none")) == (404, "not_found")


def test_the_entrance_leads_to_the_documents(stage: Stage) -> None:
    page = stage.client.get("/")
    assert page.content_type.startswith("text/html")
    for path in ("/api/v1/docs", "/api/v1/openapi.json", "/api/v1/errors"):
        assert f'href="{path}"' in page.text
        assert stage.client.get(path).status_code == 200


def test_answers_are_neither_cached_nor_sniffed(stage: Stage) -> None:
    for response in (stage.submit(), stage.get("/api/v1/tasks"), stage.client.get("/nothing")):
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_an_upgrade_of_another_address_is_answered_with_a_problem(stage: Stage) -> None:
    headers = {"Upgrade": "websocket", "Connection": "Upgrade"}
    assert refused(stage.client.get("/healthz", headers=headers)) == (400, "malformed_request")
