"""The documents of the events and for Postman."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from services.contracts import events, tasks
from services.contracts.action import ACTIONS
from services.contracts.events import EVENTS, Event
from services.contracts.task_ids import new_task_id
from services.gateway.asyncapi import ENTRIES, asyncapi_document, body_schema
from services.gateway.postman import postman_collection
from services.gateway.typed_schemas import schema_of
from services.runtime.messaging.envelopes import encode
from tests.unit.gateway.stage import Stage, outcome


def test_every_event_is_described() -> None:
    assert set(ENTRIES) == set(EVENTS)
    assert set(asyncapi_document()["components"]["messages"]) == {event.name for event in EVENTS}


def test_every_reference_leads_somewhere() -> None:
    document = asyncapi_document()

    def follow(value: Any) -> None:
        if isinstance(value, dict):
            if "$ref" in value:
                found: Any = document
                for part in value["$ref"].removeprefix("#/").split("/"):
                    found = found[part]
            for member in value.values():
                follow(member)
        elif isinstance(value, list):
            for member in value:
                follow(member)

    follow(document)


def messages() -> dict[Event, list[Any]]:
    """Entries of every event, made as the services make them."""
    stage = Stage()
    stage.submit("create_transfer", {"cid": 1, "amount": "250.00"})
    [task] = stage.events.of(events.TASKS_SUBMITTED)
    item: tasks.ItemState = {
        "type": "transfer",
        "id": 1,
        "level": 1,
        "status": "pending",
        "version": 1,
        "claimed_by": None,
        "claimed_until": None,
    }
    letter: tasks.DeadLetter = {"queue": "q", "reason": "r", "body": "b", "encoding": "utf-8"}
    error: tasks.TaskError = {"code": "not_permitted", "number": 4031, "params": {}}
    change: tasks.ItemChange = {
        "event": "created",
        "item": item,
        "level_before": 1,
        "created_at": "2026-11-24T14:50:56Z",
    }
    return {
        events.TASKS_SUBMITTED: [task, {**task, "recorded": True, "replay_of": new_task_id()}],
        events.OPERATIONS_REQUESTED: [
            {"task": task},
            {"task": task, "refusal": error},
            {"task": None, "dead_letter": letter},
        ],
        events.READS_REQUESTED: [{"task": task}],
        events.OPERATIONS_DONE: [outcome(), outcome(error=dict(error))],
        events.TASKS_FINISHED: [outcome(), outcome(error=dict(error))],
        events.ITEMS_CHANGED: [change],
        events.OPERATORS_CHANGED: [{"id": 0, "ended": True}],
    }


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.name)
def test_messages_are_as_the_document_says(event: Event) -> None:
    payload = asyncapi_document()["components"]["messages"][event.name]["payload"]
    for body in encode(event, messages()[event]):
        Draft202012Validator(payload).validate(json.loads(body))


def test_a_message_that_is_not_so_is_noticed() -> None:
    body = json.loads(next(encode(events.OPERATORS_CHANGED, [{"id": 0, "ended": True, "name": "Alice"}])))
    with pytest.raises(ValidationError, match="name"):
        Draft202012Validator(body_schema(events.OPERATORS_CHANGED)).validate(body)


def test_a_type_that_json_does_not_know_is_refused() -> None:
    with pytest.raises(TypeError, match="no schema for"):
        schema_of(complex)


def test_the_collection_has_a_request_for_every_action_and_address() -> None:
    collection = postman_collection()
    requests = [item["request"] for folder in collection["item"] for item in folder["item"]]
    actions = {json.loads(request["body"]["raw"])["task"]["action"] for request in requests if "body" in request}
    assert actions == set(ACTIONS)
    paths = {"/" + "/".join(request["url"]["path"]) for request in requests}
    assert {"/api/v1/tasks", "/api/v1/tasks/:id", "/metrics", "/"} <= paths
    assert all(request["url"]["raw"].startswith("{{baseUrl}}") for request in requests)
