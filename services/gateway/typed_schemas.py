"""JSON Schemas of typed dictionaries, so that documents follow the types and cannot drift from them."""

from types import NoneType, UnionType
from typing import Any, Literal, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

Schema = dict[str, Any]

_PLAIN: dict[Any, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    float: {"type": "number"},
    NoneType: {"type": "null"},
    Any: {},
}


def schema_of(annotation: Any) -> Schema:
    """The schema of a type as the contracts use them. Raises ``TypeError`` for any other."""
    if annotation in _PLAIN:
        return dict(_PLAIN[annotation])
    if is_typeddict(annotation):
        return _typed_dict(annotation)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in {Union, UnionType}:
        return {"anyOf": [schema_of(argument) for argument in arguments]}
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin is list:
        return {"type": "array", "items": schema_of(arguments[0])}
    if origin is dict or annotation is dict:
        return {"type": "object"}
    if origin is NotRequired:
        return schema_of(arguments[0])
    raise TypeError(f"no schema for {annotation!r}")


def _typed_dict(annotation: Any) -> Schema:
    hints = get_type_hints(annotation, include_extras=True)
    schema: Schema = {
        "type": "object",
        "properties": {name: schema_of(hint) for name, hint in hints.items()},
        "required": sorted(name for name in hints if name in annotation.__required_keys__),
        "additionalProperties": False,
    }
    description = (annotation.__doc__ or "").strip().splitlines()
    return {**schema, "description": description[0]} if description else schema
