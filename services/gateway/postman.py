"""A Postman collection (v2.1) made of the OpenAPI document."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from services.gateway.openapi import openapi_document

Item = dict[str, Any]

_SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"


def postman_collection() -> dict[str, Any]:
    """A request for each example of a submission, and one for each other address. Set ``baseUrl`` and ``token``."""
    document = openapi_document()
    folders: dict[str, list[Item]] = {tag["name"]: [] for tag in document["tags"]}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if "101" not in operation["responses"]:
                folders[operation["tags"][0]] += _items(path, method, operation)
    return {
        "info": {
            "name": document["info"]["title"],
            "description": document["info"]["description"],
            "schema": _SCHEMA,
        },
        "auth": {"type": "bearer", "bearer": [{"key": "token", "value": "{{token}}", "type": "string"}]},
        "variable": [
            {"key": "baseUrl", "value": "http://127.0.0.1:5000", "type": "string"},
            {"key": "token", "value": "12qw", "type": "string"},
        ],
        "item": [{"name": name, "item": items} for name, items in folders.items()],
    }


def _items(path: str, method: str, operation: Mapping[str, Any]) -> Iterator[Item]:
    for media_type, media in operation.get("requestBody", {}).get("content", {}).items():
        for name, example in media.get("examples", {}).items():
            body = {"task": example["value"]["task"]}
            yield _item(f"{name}: {example['summary']}", path, method, operation, (media_type, body))
    if "requestBody" not in operation:
        yield _item(operation["summary"], path, method, operation, None)


def _item(
    name: str, path: str, method: str, operation: Mapping[str, Any], body: tuple[str, Mapping[str, Any]] | None
) -> Item:
    headers = [_header(parameter) for parameter in operation.get("parameters", ()) if parameter["in"] == "header"]
    request: Item = {"method": method.upper(), "header": headers, "url": _url(path, operation)}
    if not operation.get("security"):
        request["auth"] = {"type": "noauth"}
    if body is not None:
        request["header"].append({"key": "Content-Type", "value": body[0]})
        request["body"] = {
            "mode": "raw",
            "raw": json.dumps(body[1], indent=2, ensure_ascii=False),
            "options": {"raw": {"language": "json"}},
        }
    return {"name": name, "request": request, "response": []}


def _header(parameter: Mapping[str, Any]) -> Item:
    return {
        "key": parameter["name"],
        "value": parameter.get("example", ""),
        "description": parameter["description"],
        "disabled": True,
    }


def _url(path: str, operation: Mapping[str, Any]) -> Item:
    parts = [f":{part[1:-1]}" if part.startswith("{") else part for part in path.strip("/").split("/") if part]
    parameters = operation.get("parameters", ())
    query = [
        {"key": parameter["name"], "value": "", "description": parameter["description"], "disabled": True}
        for parameter in parameters
        if parameter["in"] == "query"
    ]
    variables = [{"key": parameter["name"], "value": ""} for parameter in parameters if parameter["in"] == "path"]
    url: Item = {"raw": "{{baseUrl}}/" + "/".join(parts), "host": ["{{baseUrl}}"], "path": parts}
    return url | ({"query": query} if query else {}) | ({"variable": variables} if variables else {})
