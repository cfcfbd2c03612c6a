"""The AsyncAPI document of the events between the services, made of the declared events and their types."""

from typing import Any

from services.contracts import events, tasks
from services.contracts.events import DEAD_LETTER_QUEUE, EVENTS, VERSION, Event
from services.gateway.typed_schemas import Schema, schema_of

ENTRIES: dict[Event, Any] = {
    events.TASKS_SUBMITTED: tasks.Task,
    events.OPERATIONS_REQUESTED: tasks.Operation,
    events.READS_REQUESTED: tasks.Operation,
    events.OPERATIONS_DONE: tasks.Outcome,
    events.TASKS_FINISHED: tasks.Outcome,
    events.ITEMS_CHANGED: tasks.ItemChange,
    events.OPERATORS_CHANGED: tasks.OperatorChange,
}
"""What the list in an event's body holds."""

_MEANINGS: dict[Event, str] = {
    events.TASKS_SUBMITTED: "Tasks were accepted and are to be done.",
    events.OPERATIONS_REQUESTED: "Tasks were checked; their operations are to be executed, or their refusals stored.",
    events.READS_REQUESTED: "Tasks that only read were checked; their operations are to be executed.",
    events.OPERATIONS_DONE: "Tasks have an outcome that is stored.",
    events.TASKS_FINISHED: "Tasks are finished; whoever waits for them is to be told.",
    events.ITEMS_CHANGED: "Changes of items were committed.",
    events.OPERATORS_CHANGED: "Operators or sessions changed; what is remembered of them is void.",
}

_DESCRIPTION = f"""The events on the services' topic exchanges. A body is an object with `version` ({VERSION}) and one
list. A durable quorum queue delivers at least once, so every reader is idempotent by id; what cannot be handled goes to
the queue `{DEAD_LETTER_QUEUE}`. A reader that meets a newer version leaves the message to one that knows it."""


def asyncapi_document() -> dict[str, Any]:
    """The whole document."""
    channels: dict[str, Schema] = {}
    operations: dict[str, Schema] = {}
    for event in EVENTS:
        for speaker in event.speakers:
            name = f"{speaker}_{event.name}"
            channels[name] = _channel(event, speaker.exchange)
            operations[f"{name}_send"] = _operation("send", name, event, f"{speaker} says it.")
            operations[f"{name}_receive"] = _operation("receive", name, event, _listeners(event))
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Backoffice: the events", "version": str(VERSION), "description": _DESCRIPTION},
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": {event.name: _message(event) for event in EVENTS}},
    }


def body_schema(event: Event) -> Schema:
    """The schema of an event's body."""
    return {
        "type": "object",
        "properties": {
            "version": {"const": VERSION},
            event.member: {
                "type": "array",
                "items": schema_of(ENTRIES[event]),
                "minItems": 1,
                "maxItems": event.per_message,
            },
        },
        "required": ["version", event.member],
        "additionalProperties": False,
    }


def _channel(event: Event, exchange: str) -> Schema:
    return {
        "address": event.name,
        "description": _MEANINGS[event],
        "messages": {event.name: {"$ref": f"#/components/messages/{event.name}"}},
        "bindings": {
            "amqp": {
                "is": "routingKey",
                "exchange": {"name": exchange, "type": "topic", "durable": True, "autoDelete": False},
                "bindingVersion": "0.3.0",
            }
        },
    }


def _operation(kind: str, channel: str, event: Event, summary: str) -> Schema:
    return {
        "action": kind,
        "summary": summary,
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [{"$ref": f"#/channels/{channel}/messages/{event.name}"}],
    }


def _listeners(event: Event) -> str:
    if event.listener is None:
        return "Every listener has a transient queue of its own."
    return f"The replicas of {event.listener} share the durable queue {event.queue}."


def _message(event: Event) -> Schema:
    return {
        "name": event.name,
        "title": event.name.replace("_", " ").capitalize(),
        "summary": _MEANINGS[event],
        "contentType": "application/json",
        "payload": body_schema(event),
    }
