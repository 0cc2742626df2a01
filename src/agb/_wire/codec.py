"""Messages and JSON: what a message is, and how its fields travel.

A message is an attrs class. Its fields travel under their camelCase names unless `wire()` says
otherwise; a field that holds its default `None` (or an empty default) does not travel at all.
Reading is strict about types, tolerant about keys: unknown keys are ignored, `null` counts as
absent, and a key may be written with a capital first letter.

What turns one into the other is in `conversion`, and is loaded when it is asked for here.
"""

import json
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeGuard, cast

import attrs

from agb._lazy import lazily

if TYPE_CHECKING:
    from agb._wire.conversion import dump as dump  # noqa: PLC0414 - to be had here
    from agb._wire.conversion import load as load  # noqa: PLC0414
    from agb._wire.conversion import load_loosely as load_loosely  # noqa: PLC0414
else:
    __getattr__, __dir__ = lazily(__name__, {"agb._wire.conversion": "dump load load_loosely"})

Json = dict[str, Any]


class Misread(ValueError):  # noqa: N818 - an event at the codec's edge; callers raise errors of their own
    """A JSON value does not fit the message it should be.

    Attributes:
        path: Where in the value, in wire names, such as `data.sessionId`.
        problem: What is wrong there.
    """

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}" if path else problem)
        self.path = path
        self.problem = problem


def is_array(value: object) -> TypeGuard[list[Any]]:
    """Tell whether a JSON value is an array."""
    return isinstance(value, list)


def is_object(value: object) -> TypeGuard[Json]:
    """Tell whether a JSON value is an object."""
    return isinstance(value, dict)


DEEPEST = 256
"""How deeply JSON may be nested: no message comes near, and what reads, compares, copies or shows
a value calls itself for each level."""


def parse(text: str | bytes | bytearray) -> Any:
    """Read JSON.

    Raises:
        ValueError: It is none, or it is nested too deeply.
    """
    try:
        value = json.loads(text)
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    begun = text.count("[") + text.count("{") if isinstance(text, str) else _begun(text)
    if begun > DEEPEST and _is_too_deep(value):
        raise ValueError("is nested too deeply")
    return value


def _begun(text: bytes | bytearray) -> int:
    return text.count(b"[") + text.count(b"{")


def _is_too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(DEEPEST):
        objects = [inner for each in level if is_object(each) for inner in each.values()]
        level = objects + [inner for each in level if is_array(each) for inner in each]
        if not level:
            return False
    return True


def prepare() -> None:
    """Load now what every session needs, so that its create does not hold up a loop with that."""
    import_module("agb._wire.conversion")
    import_module("agb._wire.session_endpoints")


def wire(
    name: str | None = None,
    *,
    text: bool = False,
    lenient: bool = False,
    always: bool = False,
    doc: str = "",
    **schema: Any,
) -> Json:
    """Metadata for `attrs.field`: how a field travels.

    Args:
        name: Its name on the wire, when the rule does not give it.
        text: Whether it travels as JSON text inside a string.
        lenient: Whether items of an array that are no objects are passed over.
        always: Whether it travels even when it holds an empty default.
        doc: What it means, for the JSON schema of a tool.
        schema: Further JSON schema keywords, such as `minimum`.
    """
    return {
        "wire": name,
        "text": text,
        "lenient": lenient,
        "always": always,
        "doc": doc,
        "schema": schema,
    }


class ToolArguments:
    """Marks messages whose fields travel under their Python names, as tool arguments do."""

    __slots__ = ()


def message_fields(kind: type) -> "tuple[attrs.Attribute[Any], ...]":
    """Return the fields of a message class."""
    return cast("tuple[attrs.Attribute[Any], ...]", attrs.fields(kind))


def wire_name(cls: type, field: "attrs.Attribute[Any]") -> str:
    """Return the name under which a message's field travels."""
    given = field.metadata.get("wire")
    if given:
        return cast("str", given)
    if issubclass(cls, ToolArguments):
        return field.name
    head, *rest = field.name.split("_")
    return head + "".join(word.capitalize() for word in rest)
