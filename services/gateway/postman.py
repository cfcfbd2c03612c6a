"""A Postman collection (v2.1) made of the OpenAPI document, whose requests succeed in order on fresh demo data."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from services.contracts.action import ACTIONS
from services.contracts.actions import Login, Logout
from services.contracts.operators import Role
from services.gateway.openapi import example_task, openapi_document

Item = dict[str, Any]

_SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"

DEMO = {Role.ADMIN: ("Alice", "12qw"), Role.COMPLIANCE: ("Carol", "56ty"), Role.SERVICE: ("Erin", "90op")}
"""Who sends the requests of each role: name and token, from the demo data."""

_SUCCEEDS = "pm.test('answered with success', () => pm.response.to.be.success);"
_KEEPS_ID = "pm.collectionVariables.set('taskId', pm.response.json().task.id);"


def postman_collection() -> dict[str, Any]:
    """A request for each action, by an operator who may do it, and one for each other address.

    Set ``baseUrl``, and for each role name and token; the defaults are the demo's.
    """
    document = openapi_document()
    folders: dict[str, list[Item]] = {"log in": []} | {tag["name"]: [] for tag in document["tags"]} | {"log out": []}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if "requestBody" in operation:
                folders["log in"] += [_login(path, method, operation, role) for role in DEMO]
                folders["log out"] += [_task(path, method, operation, Logout.name, role) for role in DEMO]
                folders[operation["tags"][0]] += _tasks(path, method, operation)
            elif "101" not in operation["responses"]:
                auth = _bearer(Role.ADMIN) if operation.get("security") else {"type": "noauth"}
                folders[operation["tags"][0]].append(_item(operation["summary"], path, method, operation, auth))
    return {
        "info": {
            "name": document["info"]["title"],
            "description": document["info"]["description"],
            "schema": _SCHEMA,
        },
        "variable": [{"key": "baseUrl", "value": "http://127.0.0.1:5000", "type": "string"}, *_variables()],
        "item": [{"name": name, "item": items} for name, items in folders.items()],
    }


def _variables() -> Iterator[Item]:
    for role, (name, token) in DEMO.items():
        yield {"key": f"{role.lower()}Name", "value": name, "type": "string"}
        yield {"key": f"{role.lower()}Token", "value": token, "type": "string"}
    yield {"key": "taskId", "value": "", "type": "string"}


def _bearer(role: Role) -> Item:
    return {"type": "bearer", "bearer": [{"key": "token", "value": f"{{{{{role.lower()}Token}}}}", "type": "string"}]}


def _login(path: str, method: str, operation: Mapping[str, Any], role: Role) -> Item:
    task = {"action": Login.name, "name": f"{{{{{role.lower()}Name}}}}"}
    return _submission(path, method, operation, f"{Login.name}: {role}", task, role)


def _tasks(path: str, method: str, operation: Mapping[str, Any]) -> Iterator[Item]:
    for name, action in ACTIONS.items():
        if not action.session:
            yield _task(path, method, operation, name, next(role for role in DEMO if role in action.roles))


def _task(path: str, method: str, operation: Mapping[str, Any], action: str, role: Role) -> Item:
    name = f"{action}: {ACTIONS[action].help()}"
    return _submission(path, method, operation, name, example_task(action), role)


def _submission(
    path: str, method: str, operation: Mapping[str, Any], name: str, task: Mapping[str, Any], role: Role
) -> Item:
    item = _item(name, path, method, operation, _bearer(role))
    item["request"]["header"].append({"key": "Content-Type", "value": "application/json"})
    item["request"]["body"] = {
        "mode": "raw",
        "raw": json.dumps({"task": task}, indent=2, ensure_ascii=False),
        "options": {"raw": {"language": "json"}},
    }
    if role is Role.ADMIN:
        item["event"][0]["script"]["exec"].append(_KEEPS_ID)
    return item


def _item(name: str, path: str, method: str, operation: Mapping[str, Any], auth: Item) -> Item:
    headers = [_header(parameter) for parameter in operation.get("parameters", ()) if parameter["in"] == "header"]
    request = {"method": method.upper(), "auth": auth, "header": headers, "url": _url(path, operation)}
    event = {"listen": "test", "script": {"type": "text/javascript", "exec": [_SUCCEEDS]}}
    return {"name": name, "event": [event], "request": request, "response": []}


def _header(parameter: Mapping[str, Any]) -> Item:
    return {
        "key": parameter["name"],
        "value": parameter.get("example", ""),
        "description": parameter["description"],
        # To wait is what a person who sends a request by hand wants: the answer holds the outcome.
        "disabled": parameter["name"] != "Prefer",
    }


def _url(path: str, operation: Mapping[str, Any]) -> Item:
    parts = [f":{part[1:-1]}" if part.startswith("{") else part for part in path.strip("/").split("/") if part]
    parameters = operation.get("parameters", ())
    query = [
        {"key": parameter["name"], "value": "", "description": parameter["description"], "disabled": True}
        for parameter in parameters
        if parameter["in"] == "query"
    ]
    variables = [
        {"key": parameter["name"], "value": _example(parameter)}
        for parameter in parameters
        if parameter["in"] == "path"
    ]
    url: Item = {"raw": "{{baseUrl}}/" + "/".join(parts), "host": ["{{baseUrl}}"], "path": parts}
    return url | ({"query": query} if query else {}) | ({"variable": variables} if variables else {})


def _example(parameter: Mapping[str, Any]) -> str:
    """The first of a list of values; of any value, the last task's id."""
    return str(parameter["schema"].get("enum", ["{{taskId}}"])[0])
