"""The OpenAPI document, against the actions, the catalogue and what is really answered."""

import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from services.contracts.action import ACTIONS
from services.contracts.errors import CATALOGUE, Code
from services.contracts.operators import Role
from services.contracts.tasks import Identity
from services.gateway.openapi import example_task, openapi_document
from services.gateway.result_schemas import result_schema
from tests.unit.gateway.stage import ALICE, BOB, Stage, outcome

DOCUMENT = openapi_document()


def validator(schema: dict[str, Any]) -> Draft202012Validator:
    """A validator that finds the document's own schemas."""
    return Draft202012Validator({**schema, "components": DOCUMENT["components"]})


def test_the_document_is_valid() -> None:
    validate(DOCUMENT)


def test_it_is_served(stage: Stage) -> None:
    assert stage.client.get("/api/v1/openapi.json").get_json() == DOCUMENT


def test_every_address_is_in_it_and_no_other(stage: Stage) -> None:
    served = {re.sub(r"<(\w+)>", r"{\1}", rule.rule) for rule in stage.app.url_map.iter_rules()}
    assert served == {path.replace("/tasks/{id}", "/tasks/{task_id}") for path in DOCUMENT["paths"]}


@pytest.mark.parametrize("name", ACTIONS)
def test_an_actions_example_fits_the_schema_of_a_submission_and_is_accepted(name: str) -> None:
    stage = Stage()
    body = {"token": "12qw", "task": example_task(name)}
    validator({"$ref": "#/components/schemas/Submission"}).validate(body)
    identity = ALICE if Role.ADMIN in ACTIONS[name].roles else {**BOB, "role": next(iter(ACTIONS[name].roles)).value}
    everybody: Identity = {**identity, "session": "s"}
    stage.identities = dict.fromkeys(stage.identities, everybody)
    response = stage.post(body)
    assert response.status_code == (200 if ACTIONS[name].session else 202)
    schema = DOCUMENT["paths"]["/api/v1"]["post"]["responses"][str(response.status_code)]
    if response.status_code == 202:
        validator(schema["content"]["application/json"]["schema"]).validate(response.get_json())


@pytest.mark.parametrize(
    "task",
    [
        {"action": "create_customer"},
        {"action": "create_customer", "data": {}},
        {"action": "create_customer", "data": {"name": "x", "y": 1}},
        {"action": "create_transfer", "data": {"cid": 1, "amount": "1.23456"}},
        {"action": "login"},
        {"action": "logout", "data": {"x": 1}},
        {"action": "nonsense"},
    ],
)
def test_what_is_refused_does_not_fit_the_schema(stage: Stage, task: Any) -> None:
    body = {"token": "12qw", "task": task}
    assert not validator({"$ref": "#/components/schemas/Submission"}).is_valid(body)
    assert stage.post(body).status_code >= 400


@pytest.mark.parametrize("name", ACTIONS)
def test_every_actions_result_is_described(name: str) -> None:
    assert result_schema(ACTIONS[name])["required"]


def test_every_error_of_a_request_is_documented_for_submissions_or_reading() -> None:
    documented = set()
    for methods in DOCUMENT["paths"].values():
        for operation in methods.values():
            for status, answer in operation["responses"].items():
                for media in answer.get("content", {}).values():
                    for code in media.get("examples", {}):
                        assert str(CATALOGUE[Code(code)].status) == status
                        documented.add(code)
    of_request = {code.value for code, entry in CATALOGUE.items() if entry.of_request}
    assert documented == of_request - {"method_not_allowed"}


def test_answers_fit_their_schemas(stage: Stage) -> None:
    error = {"code": "level_too_low", "number": 4032, "params": {"required": 2, "yours": 1}}
    answers = {
        "/api/v1/tasks/{id}": stage.get("/api/v1/tasks/" + outcome()["id"]),
        "/api/v1/errors": stage.client.get("/api/v1/errors"),
    }
    stage.tasks.methods["tasks_of"] = lambda *_: {"tasks": [outcome(error=error)], "next_cursor": None}
    answers["/api/v1/tasks"] = stage.get("/api/v1/tasks")
    for path, response in answers.items():
        answer = DOCUMENT["paths"][path]["get"]["responses"]["200"]
        validator(answer["content"]["application/json"]["schema"]).validate(response.get_json())


def test_problems_fit_their_schemas(stage: Stage) -> None:
    responses = DOCUMENT["paths"]["/api/v1"]["post"]["responses"]
    for response in (stage.post(b"{"), stage.submit(token="x"), stage.submit(data={}), stage.submit(action="x")):
        answer = responses[str(response.status_code)]
        validator(answer["content"]["application/problem+json"]["schema"]).validate(response.get_json())
        for header in answer.get("headers", {}):
            assert header in response.headers
