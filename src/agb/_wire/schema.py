"""JSON schemas of tool arguments, derived from their classes."""

import types
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from attrs import NOTHING

from agb._wire.codec import Json, ToolArguments, message_fields, wire_name

_PRIMITIVES: dict[Any, str] = {str: "string", int: "integer", float: "number", bool: "boolean"}


def input_schema(arguments: type[ToolArguments]) -> Json:
    """Return the JSON schema (draft 2020-12) that arguments of a tool must satisfy."""
    hints = get_type_hints(arguments)
    properties: Json = {}
    required: list[str] = []
    for field in message_fields(arguments):
        name = wire_name(arguments, field)
        properties[name] = {
            **_of(hints[field.name]),
            **({"description": field.metadata["doc"]} if field.metadata.get("doc") else {}),
            **field.metadata.get("schema", {}),
        }
        if field.default is NOTHING:
            required.append(name)
        elif field.default is not None:
            properties[name]["default"] = field.default
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _of(hint: Any) -> Json:
    origin, inner = get_origin(hint), get_args(hint)
    if origin in {Union, types.UnionType}:
        return _of(next(kind for kind in inner if kind is not type(None)))
    if origin is Literal:
        return {"type": "string", "enum": list(inner)}
    if origin is Sequence:
        return {"type": "array", "items": _of(inner[0])}
    if origin is Mapping:
        return {"type": "object", "additionalProperties": _of(inner[1])}
    if hint in _PRIMITIVES:
        return {"type": _PRIMITIVES[hint]}
    return input_schema(hint)
