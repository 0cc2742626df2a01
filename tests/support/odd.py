"""Odd input: JSON that nobody sends, and messages with a few things wrong in them."""

import json
import re
from collections.abc import Callable
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

TEXTS = st.text(st.characters(exclude_categories=[]), max_size=40)
"""With halves of characters, which JSON can hold and UTF-8 can't."""

_HUGE = 10**400  # no float
_LEAVES = (
    st.sampled_from([None, True, False, 0, -1, 1.5, "", "0", "true", "null", "{}", "[]", _HUGE])
    | st.sampled_from([float("nan"), float("inf"), -float("inf"), 1e300, 2**31, 2**63, 2**64])
    | TEXTS
)
JSON = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=8,
)


def _nested(depth: int, kind: str) -> str:
    before, _, after = kind.partition("x")
    return before * depth + "0" + after * depth


NESTED = st.builds(
    _nested,
    st.sampled_from([200, 255, 256, 257, 700, 900, 3000, 100_000]),
    st.sampled_from(["[x]", '{"a":x}', '[{"a":x}]', "[", '{"data":']),
)
WRITTEN = (
    JSON.map(json.dumps)
    | NESTED
    | st.sampled_from(
        [
            "",
            " ",
            "\ufeff{}",
            "9" * 5000,
            '{"a": 1, "a": 2}',
            '{"a": NaN}',
            "-",
            "1e999",
            '"\\ud800"',
        ]
    )
    | TEXTS
)
"""Texts that may be JSON."""


def dumped(value: Any) -> bytes:
    """JSON as it travels."""
    return json.dumps(value).encode()


def sent(text: str) -> bytes:
    """A text as it travels, halves of characters included, so that not all of it is UTF-8."""
    return text.encode("utf-8", "surrogatepass")


BYTES = st.binary(max_size=200) | WRITTEN.map(sent)


@st.composite
def mutated(draw: st.DrawFn, values: st.SearchStrategy[Any]) -> Any:
    """JSON values with up to three things in them replaced, left out or named otherwise."""
    value = draw(values)
    for _ in range(draw(st.integers(0, 3))):
        value = _mutated(draw, value)
    return value


def _mutated(draw: st.DrawFn, value: Any) -> Any:
    if isinstance(value, dict) and value:
        key = draw(st.sampled_from(sorted(value)))
        rest = {name: each for name, each in value.items() if name != key}
        what = draw(st.sampled_from(["deeper", "deeper", "replace", "drop", "rename"]))
        if what == "deeper":
            return {**rest, key: _mutated(draw, value[key])}
        if what == "replace":
            return {**rest, key: draw(JSON)}
        return rest if what == "drop" else {**rest, draw(TEXTS) + key: value[key]}
    if isinstance(value, list) and value:
        place = draw(st.integers(0, len(value) - 1))
        return [*value[:place], _mutated(draw, value[place]), *value[place + 1 :]]
    if isinstance(value, str) and re.match(r"[\[{]", value):  # JSON inside of a text
        inner = _read(value)
        return draw(WRITTEN) if inner is None else json.dumps(_mutated(draw, inner))
    return draw(JSON)


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def some(share: float) -> Callable[[Any], Any]:
    """So many of the examples that a test usually has, for one whose examples are slow."""
    examples = max(1, round(settings().max_examples * share))
    return settings(max_examples=examples)
