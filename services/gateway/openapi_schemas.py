"""The schemas of the OpenAPI document that is made of the declared actions."""

from typing import Any

from services.contracts.action import ACTIONS, Action
from services.contracts.actions import Login
from services.contracts.errors import CATALOGUE, Code
from services.contracts.values import ENDS_AT_LARGEST_LEVEL
from services.gateway.problems import title
from services.gateway.result_schemas import (
    ID,
    RESULT_PARTS,
    ROLE,
    TASK_ID,
    TEXT,
    TIME,
    Schema,
    nullable,
    record,
    ref,
    result_schemas,
)

_REFERENCE = "#/components/schemas/{model}"
_TOKEN: Schema = {
    "type": "string",
    "description": "The access token; or send it as `Authorization: Bearer …`.",
    "examples": ["12qw"],
}


def component_schemas(largest_level: int) -> dict[str, Schema]:
    """Every schema by its name."""
    return {
        **_requests(largest_level),
        **_tasks(),
        **result_schemas(),
        **RESULT_PARTS,
        **_problems(),
        "ErrorEntry": record(
            "A line of the error catalogue.",
            code=TEXT,
            number=ID,
            status=ID,
            title=TEXT,
            message={**TEXT, "description": "In the reader's language; braces stand for the error's parameters."},
            of_request={"type": "boolean", "description": "A request can be answered with it."},
            of_task={"type": "boolean", "description": "A task can end with it."},
        ),
    }


def _requests(largest_level: int) -> dict[str, Schema]:
    schemas: dict[str, Schema] = {}
    for action in ACTIONS.values():
        data = action.Data.model_json_schema(ref_template=_REFERENCE)
        _end_levels(data, largest_level)
        schemas.update(data.pop("$defs", {}))
        schemas[f"{action.__name__}Data"] = {**data, "title": f"{action.__name__}Data", "description": action.help()}
        schemas[f"{action.__name__}Task"] = _task_request(action, bool(data.get("required")))
    return {"Submission": _submission(), **schemas}


def _end_levels(schema: Any, largest: int) -> None:
    """Set the maximum of every level within ``schema`` that ends at the largest one."""
    if isinstance(schema, dict):
        if schema.pop(ENDS_AT_LARGEST_LEVEL, False):
            schema["maximum"] = largest
        schema = list(schema.values())
    if isinstance(schema, list):
        for each in schema:
            _end_levels(each, largest)


def _submission() -> Schema:
    mapping = {action.name: f"#/components/schemas/{action.__name__}Task" for action in ACTIONS.values()}
    return {
        "type": "object",
        "description": "A task to be done, and the token of whoever asks for it.",
        "properties": {
            "token": _TOKEN,
            "task": {
                "oneOf": [{"$ref": reference} for reference in mapping.values()],
                "discriminator": {"propertyName": "action", "mapping": mapping},
            },
        },
        "required": ["task"],
        "additionalProperties": False,
    }


def _task_request(action: type[Action], needs_data: bool) -> Schema:
    properties: dict[str, Schema] = {
        "action": {"type": "string", "const": action.name},
        "data": ref(f"{action.__name__}Data"),
    }
    required = ["action", "data"] if needs_data else ["action"]
    schema = {
        "type": "object",
        "description": action.help(),
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }
    if action is Login:
        properties["name"] = Login.Data.model_json_schema()["properties"]["name"]
        properties["data"] = {**Login.Data.model_json_schema(), "required": []}
        schema["required"] = ["action"]
        schema["oneOf"] = [
            {"required": ["name"], "properties": {"data": {"type": "object", "maxProperties": 0}}},
            {"required": ["data"], "properties": {"data": {"required": ["name"]}}, "not": {"required": ["name"]}},
        ]
        schema["description"] = f"{action.help()} The name stands beside the action, or in `data`."
    return schema


def _tasks() -> dict[str, Schema]:
    results = [ref(f"{action.__name__}Result") for action in ACTIONS.values()]
    return {
        "AcceptedTask": record(
            "A task that will be done.",
            id=TASK_ID,
            action=TEXT,
            status={"type": "string", "const": "accepted"},
            submitted_at=TIME,
        ),
        "Task": _task(results),
        "TaskError": record(
            "Why a task failed.",
            code={"type": "string", "enum": [code.value for code, entry in CATALOGUE.items() if entry.of_task]},
            number=ID,
            message={**TEXT, "description": "In the reader's language."},
            params={
                "type": "object",
                "description": "What the message names. `errors` are the faults of an `invalid_request`.",
                "properties": {"errors": {"type": "array", "items": ref("Fault")}},
            },
        ),
    }


def _task(results: list[Schema]) -> Schema:
    task = record(
        "A task. While it is `accepted` and not recorded yet, what is not known of it reads null.",
        id=TASK_ID,
        action=nullable({"type": "string", "enum": list(ACTIONS)}),
        status={"type": "string", "enum": ["accepted", "succeeded", "failed"]},
        operator=nullable(record("Whose it is.", id=ID, name=TEXT, role=ROLE)),
        data=nullable({"type": "object", "description": "What was asked."}),
        submitted_at=nullable(TIME),
        finished_at=nullable(TIME),
        result=nullable({"anyOf": results, "description": "By action; null unless it succeeded."}),
        error=nullable(ref("TaskError")),
    )
    size = "The size of a result of an earlier release that is too large to be shown; `result` is null then."
    task["properties"]["result_bytes"] = {"type": "integer", "description": size}
    return task


def _problems() -> dict[str, Schema]:
    fault = record("One fault of a request.", path=TEXT, message={**TEXT, "description": "In the reader's language."})
    general = record(
        "What is wrong (RFC 9457).",
        type={"type": "string", "format": "uri-reference"},
        title=TEXT,
        status={"type": "integer"},
        code={"type": "string", "enum": [code.value for code in Code]},
        number=ID,
        detail={**TEXT, "description": "In the reader's language."},
        params={"type": "object"},
        errors={
            "type": "array",
            "items": ref("Fault"),
            "description": "The faults of an `invalid_request`, all at once.",
        },
    )
    return {"Fault": fault, "Problem": general}


def problem_schema(codes: tuple[Code, ...]) -> Schema:
    """The problem of one status: only these codes."""
    return {"allOf": [ref("Problem"), {"properties": {"code": {"enum": [code.value for code in codes]}}}]}


def problem_example(code: Code) -> dict[str, Any]:
    """A problem as a client gets it."""
    entry = CATALOGUE[code]
    return {
        "type": f"/errors/{code}",
        "title": title(code),
        "status": entry.status,
        "code": code.value,
        "number": entry.number,
        "detail": entry.message,
        "params": {},
        "errors": [],
    }
