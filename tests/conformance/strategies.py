"""Messages and JSON, of any content that their types allow."""

import types
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import attrs
from hypothesis import strategies as st

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
LINES = st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"]), min_size=1)
_PRIMITIVES: Mapping[Any, st.SearchStrategy[Any]] = {
    str: st.text(),
    int: st.integers(),
    float: st.floats(allow_nan=False),
    bool: st.booleans(),
    type(None): st.none(),
    Any: JSON,
}


def of(hint: Any) -> st.SearchStrategy[Any]:
    """Return a strategy for all values of a type that messages are made of."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in {Union, types.UnionType}:
        return st.one_of([of(kind) for kind in inner])
    if origin is Literal:
        return st.sampled_from(inner)
    if origin in {Sequence, tuple}:
        return st.lists(of(inner[0]), max_size=3).map(tuple)
    if origin is Mapping:
        return st.dictionaries(st.text(), of(inner[1]), max_size=3)
    return _PRIMITIVES[hint] if hint in _PRIMITIVES else _message(hint)


def _message(kind: type) -> st.SearchStrategy[Any]:
    hints = get_type_hints(kind)
    fields = {field.name: of(hints[field.name]) for field in attrs.fields(kind)}
    return st.builds(kind, **fields)
