"""Pure: arguments are looked at here before anything is sent."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from agb._chunks import BLOCK
from agb.exceptions import InvalidParamsError

if TYPE_CHECKING:
    from agb._wire.tools import Edit, PathArguments


_TOO_LARGE = 1 << 63
_LONGEST_LEASE = 1e9
"""Seconds; a longer one may end in a year that no date can have."""


def text(name: str, value: object) -> str:
    """Return a string that can be sent as UTF-8."""
    for _ in blocks_of_text(name, value):
        pass
    return cast("str", value)


def blocks_of_text(name: str, value: object) -> Iterator[None]:
    """Look at a string of any length block by block, as `text` does; what comes is only pauses."""
    if not isinstance(value, str):
        raise InvalidParamsError(f"{name} must be a string, not {value!r:.80}")
    if value.isascii():  # known without looking
        return
    for start in range(0, len(value), BLOCK):
        try:
            value[start : start + BLOCK].encode()
        except UnicodeEncodeError as error:
            raise InvalidParamsError(
                f"{name} holds half a character at {start + error.start}, which no UTF-8 text can "
                "hold: send bytes instead"
            ) from None
        yield


def non_blank(name: str, value: object) -> str:
    """Return a string that says something."""
    checked = text(name, value)
    if not checked.strip():
        raise InvalidParamsError(f"{name} must not be blank")
    return checked


def path(name: str, value: object) -> str:
    """Return a path that a file can have."""
    checked = non_blank(name, value)
    if "\0" in checked:
        raise InvalidParamsError(f"{name} must not hold a NUL character: {value!r:.80}")
    return checked


def at(value: object) -> "PathArguments":
    """Return the arguments of a tool that needs a path and no more."""
    from agb._wire.tools import PathArguments  # noqa: PLC0415 - it comes with all other tools

    return PathArguments(path=path("path", value))


def paths(name: str, values: object) -> list[str]:
    """Return paths that files can have."""
    if isinstance(values, str) or not isinstance(values, Sequence):
        raise InvalidParamsError(f"{name} must be a list of paths, not {values!r:.80}")
    items = cast("Sequence[object]", values)
    return [path(f"{name}[{index}]", item) for index, item in enumerate(items)]


def contents(name: str, values: object) -> dict[str, Any]:
    """Return what is to be written to files, by path."""
    if not isinstance(values, Mapping):
        raise InvalidParamsError(f"{name} must be a dict of contents by path, not {values!r:.80}")
    items = cast("Mapping[object, Any]", values)
    return {path(f"a path in {name}", item): content for item, content in items.items()}


def language(value: object) -> Any:
    """Return the language that a name stands for."""
    from agb._wire.code import LANGUAGES  # noqa: PLC0415 - with it comes what code answers with

    name = text("language", value).strip().lower()
    if name not in LANGUAGES:
        supported = ", ".join(sorted(set(LANGUAGES.values())))
        raise InvalidParamsError(f"language {value!r} is not supported: use one of {supported}")
    return LANGUAGES[name]


def at_least_one(name: str, value: object) -> int:
    """Return a whole number, 1 or more, that is not too large to be sent."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InvalidParamsError(f"{name} must be a whole number, 1 or more, not {value!r}")
    if value >= _TOO_LARGE:
        raise InvalidParamsError(f"{name} must be less than 2**63")
    return value


def seconds(name: str, value: object) -> float:
    """Return a number of seconds above 0."""
    number = _number(name, value)
    if not number > 0:
        raise InvalidParamsError(f"{name} must be a number of seconds above 0, not {value!r}")
    return number


def at_least(name: str, value: object, least: float, most: float = math.inf) -> float:
    """Return a number of seconds that is neither too small nor too large."""
    number = _number(name, value)
    if not least <= number <= most:
        end = "" if most == math.inf else f", and no more than {most:.0f}"
        raise InvalidParamsError(f"{name} must be a number of seconds, {least:g} or more{end}")
    return number


def _number(name: str, value: object) -> float:
    """Return a number that is no whole one beyond all measure; `nan` for what is no number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return math.nan
    if isinstance(value, int) and abs(value) >= _TOO_LARGE:
        raise InvalidParamsError(f"{name} must be less than 2**63")
    return value


def environment(envs: object) -> dict[str, str]:
    """Return environment variables."""
    if not isinstance(envs, Mapping):
        raise InvalidParamsError(f"envs must be a dict of strings, not {envs!r:.80}")
    pairs = cast("Mapping[object, object]", envs)
    for key, value in pairs.items():
        if not isinstance(key, str) or not isinstance(value, str):
            raise InvalidParamsError(
                f"envs must hold strings only: {key!r} is {value!r:.80}; write numbers as text"
            )
        if not key or "=" in key or "\0" in key + value:
            raise InvalidParamsError(f"envs: {key!r} can't be an environment variable")
    return cast("dict[str, str]", dict(pairs))


def arguments(args: object) -> dict[str, Any]:
    """Return arguments of a tool."""
    if not isinstance(args, Mapping):
        raise InvalidParamsError(f"args must be a dict, not {args!r:.80}")
    found = dict(cast("Mapping[str, Any]", args))
    try:
        json.dumps(found)
    except (TypeError, ValueError) as error:
        raise InvalidParamsError(f"args can't be written as JSON: {error}") from None
    return found


def edits(values: object) -> "list[Edit]":
    """Return edits given as `Edit`-like dicts."""
    if isinstance(values, (str, Mapping)) or not isinstance(values, Sequence) or not values:
        raise InvalidParamsError(
            f'edits must be a list such as [{{"oldText": "a", "newText": "b"}}], not {values!r:.80}'
        )
    items = cast("Sequence[object]", values)
    return [_edit(index, item) for index, item in enumerate(items)]


def _edit(index: int, item: object) -> "Edit":
    from agb._wire.tools import Edit  # noqa: PLC0415 - likewise

    try:
        pair = cast("Mapping[str, object]", item)
        old, new = pair["oldText"], pair["newText"]
    except (TypeError, KeyError):
        raise InvalidParamsError(
            f"edits[{index}] must be a dict with oldText and newText, not {item!r:.80}"
        ) from None
    return Edit(
        old_text=non_empty(f"edits[{index}].oldText", old),
        new_text=text(f"edits[{index}].newText", new),
    )


def non_empty(name: str, value: object) -> str:
    """Return a string with at least one character."""
    checked = text(name, value)
    if not checked:
        raise InvalidParamsError(f"{name} must not be empty")
    return checked


def port(value: int | None) -> int | None:
    """Return a port number."""
    if value is not None and not 0 < at_least_one("port", value) < 1 << 16:
        raise InvalidParamsError(f"port must be from 1 to 65535, not {value!r}")
    return value


def instance(name: str, value: object, kind: type, wanted: str) -> None:
    """Make sure that a value is of a class."""
    if not isinstance(value, kind):
        raise InvalidParamsError(f"{name} must be {wanted}, not {value!r:.80}")


def trimmed(name: str, value: object) -> str:
    """Return a string that says something, without the blanks around it."""
    return non_blank(name, value).strip()


def lease(value: object) -> float | None:
    """Return how many seconds a lease lasts; None where there is to be none."""
    return None if value is None else at_least("lease", value, 1, _LONGEST_LEASE)
