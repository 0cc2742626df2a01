"""The one converter between messages and JSON; loaded with the first client: cattrs is large."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar, cast, get_args, get_origin

import attrs
from cattrs import BaseValidationError, ClassValidationError, Converter, IterableValidationError
from cattrs.cols import homogenous_tuple_structure_factory
from cattrs.errors import IterableValidationNote
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from agb._wire.codec import Json, Misread, is_array, is_object, message_fields, parse, wire_name

T = TypeVar("T")


def dump(message: Any) -> Json:
    """Turn a message into a JSON object."""
    return cast("Json", _converter.unstructure(message))


def load(value: object, kind: type[T]) -> T:
    """Turn a JSON value into a message of a kind.

    Raises:
        Misread: The value does not fit.
    """
    return _load(_converter, value, kind)


def load_loosely(value: object, kind: type[T]) -> T:
    """Like `load`, for query strings: numbers and booleans may come as text."""
    return _load(_loose(), value, kind)


def _load(converter: Converter, value: object, kind: type[T]) -> T:
    try:
        return converter.structure(value, kind)
    except BaseValidationError as error:
        raise _explain(error) from None
    except Misread:
        raise
    except (TypeError, ValueError) as error:
        raise Misread("", str(error)) from None


def _explain(error: BaseException, path: str = "") -> Misread:
    """Find the first thing that went wrong and name its place as the wire does."""
    if isinstance(error, Misread):
        return Misread(f"{path}.{error.path}".strip("."), error.problem)
    if not isinstance(error, BaseValidationError):
        if isinstance(error, KeyError):
            return Misread(path, "is missing")
        return Misread(path, str(error))
    for inner, note in _with_notes(error):
        indexed = isinstance(note, IterableValidationNote)
        step = f"[{note.index}]" if indexed else "." + _field_on_wire(error.cl, note.name)
        return _explain(inner, f"{path}{step}".lstrip("."))
    return _explain(error.exceptions[0], path)


def _with_notes(error: BaseValidationError) -> list[tuple[Exception, Any]]:
    if isinstance(error, (ClassValidationError, IterableValidationError)):
        return [(inner, note) for inner, note in error.group_exceptions()[0]]
    return []


def _field_on_wire(kind: type, name: str) -> str:
    return next(wire_name(kind, field) for field in message_fields(kind) if field.name == name)


def _exactly(kind: type, *accepted: type) -> Callable[[Any, Any], Any]:
    """Refuse what cattrs would silently coerce, such as `1` for a string."""

    def structure(value: Any, _: Any) -> Any:
        if isinstance(value, accepted) and not (isinstance(value, bool) and kind is not bool):
            return kind(value)
        raise TypeError(f"expected {_NAMES[kind]}, got {_described(value)}")

    return structure


_NAMES: dict[type, str] = {str: "a string", int: "an integer", float: "a number", bool: "a boolean"}


def _described(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, (dict, list)):
        return "an object" if isinstance(value, dict) else "an array"
    return _NAMES.get(type(value), type(value).__name__)


def _int_from_text(value: Any, kind: Any) -> int:
    try:
        return int(value) if isinstance(value, str) else _exactly(int, int)(value, kind)
    except ValueError:
        raise TypeError(f"expected an integer, got {value!r}") from None


def _bool_from_text(value: Any, kind: Any) -> bool:
    if isinstance(value, str) and value in {"true", "false"}:
        return value == "true"
    return cast("bool", _exactly(bool, bool)(value, kind))


def _objects(value: Any) -> Any:
    return [item for item in value if is_object(item)] if is_array(value) else value


def _parse(key: str, value: Any) -> Any:
    """Undo JSON text; a sender may also send the value itself. Empty text is no value."""
    if not isinstance(value, str):
        return value
    try:
        return parse(value) if value else None
    except ValueError:
        raise Misread(key, "holds text that is not JSON") from None


def _unstructure_hook(kind: type, converter: Converter) -> Callable[[Any], Json]:
    overrides = {
        field.name: override(
            rename=wire_name(kind, field),
            omit_if_default=_omitted(field),
            unstruct_hook=_as_text(converter) if field.metadata.get("text") else None,
        )
        for field in message_fields(kind)
    }
    return make_dict_unstructure_fn(kind, converter, **cast("dict[str, Any]", overrides))


def _omitted(field: "attrs.Attribute[Any]") -> bool:
    default: Any = field.default
    if field.metadata.get("always"):
        return False
    return default is None or default == "" or isinstance(default, cast("type", attrs.Factory))


def _as_text(converter: Converter) -> Callable[[Any], str]:
    return lambda value: json.dumps(converter.unstructure(value), ensure_ascii=False)


def _structure_hook(kind: type, converter: Converter) -> Callable[[Any, Any], Any]:
    overrides = {
        field.name: override(rename=wire_name(kind, field)) for field in message_fields(kind)
    }
    texts = {wire_name(kind, f) for f in message_fields(kind) if f.metadata.get("text")}
    lenient = {wire_name(kind, f) for f in message_fields(kind) if f.metadata.get("lenient")}
    make = cast("Callable[..., Callable[[Any, Any], Any]]", make_dict_structure_fn)
    inner = make(kind, converter, **overrides)

    def structure(value: Any, _: Any) -> Any:
        if not isinstance(value, Mapping):
            raise TypeError(f"expected an object, got {_described(value)}")
        given = cast("Mapping[str, Any]", value)
        present = {key[:1].lower() + key[1:]: item for key, item in given.items()}
        present.update(given)
        read = {k: _parse(k, v) if k in texts else v for k, v in present.items()}
        for key in lenient & read.keys():
            read[key] = _objects(read[key])
        return inner({k: v for k, v in read.items() if v is not None}, kind)

    return structure


def _holds_many(kind: Any) -> bool:
    return get_origin(kind) in {tuple, Sequence}


def _array_hook(kind: Any, converter: Converter) -> Callable[[Any, Any], Any]:
    """Refuse objects and strings, over which cattrs would iterate."""
    make = cast("Callable[..., Callable[[Any, Any], Any]]", homogenous_tuple_structure_factory)
    inner = make(kind, converter)

    def structure(value: Any, _: Any) -> Any:
        if not is_array(value):
            raise TypeError(f"expected an array, got {_described(value)}")
        return inner(value, kind)

    return structure


def _is_map(kind: Any) -> bool:
    return get_origin(kind) is Mapping


def _map_hook(kind: Any, converter: Converter) -> Callable[[Any, Any], Any]:
    """Refuse what is no object in words of the wire."""
    plain: Any = dict[get_args(kind)]  # type: ignore[misc]
    inner = converter.get_structure_hook(plain)

    def structure(value: Any, _: Any) -> Any:
        if not is_object(value):
            raise TypeError(f"expected an object, got {_described(value)}")
        return inner(value, plain)

    return structure


def _build(*, loose: bool) -> Converter:
    converter = Converter()

    def write(kind: type) -> Callable[[Any], Json]:
        return _unstructure_hook(kind, converter)

    def read(kind: type) -> Callable[[Any, Any], Any]:
        return _structure_hook(kind, converter)

    def read_many(kind: Any) -> Callable[[Any, Any], Any]:
        return _array_hook(kind, converter)

    def read_map(kind: Any) -> Callable[[Any, Any], Any]:
        return _map_hook(kind, converter)

    for kind in (str, bool):
        converter.register_structure_hook(kind, _exactly(kind, kind))
    converter.register_structure_hook(int, _exactly(int, int))
    converter.register_structure_hook(float, _exactly(float, int, float))
    if loose:
        converter.register_structure_hook(int, _int_from_text)
        converter.register_structure_hook(bool, _bool_from_text)
    converter.register_unstructure_hook_factory(attrs.has, write)
    converter.register_structure_hook_factory(attrs.has, read)
    converter.register_structure_hook_factory(_holds_many, read_many)
    converter.register_structure_hook_factory(_is_map, read_map)
    return converter


_converter = _build(loose=False)


@cache
def _loose() -> Converter:
    """Only who serves reads query strings."""
    return _build(loose=True)
