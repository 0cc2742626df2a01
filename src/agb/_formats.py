"""Pure: the formats in which code shows things, and what each is called where."""

import base64
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from agb._wire.codec import is_object
from agb.exceptions import InvalidParamsError, UnexpectedResponseError

RICHEST_FIRST = ("png", "jpeg", "svg", "chart", "html", "markdown", "latex", "json", "text")
"""The formats, by how much of the thing itself they show."""

_SUFFIXES: Mapping[str, Sequence[str]] = {
    ".png": ("png",),
    ".jpg": ("jpeg",),
    ".jpeg": ("jpeg",),
    ".svg": ("svg",),
    ".html": ("html",),
    ".htm": ("html",),
    ".md": ("markdown",),
    ".markdown": ("markdown",),
    ".tex": ("latex",),
    ".json": ("json", "chart"),
    ".txt": ("text",),
}
"""Formats that a file with a suffix may hold."""

_MIME_TYPES: Mapping[str, str] = {
    "png": "image/png",
    "jpeg": "image/jpeg",
    "svg": "image/svg+xml",
    "html": "text/html",
    "markdown": "text/markdown",
    "latex": "text/latex",
    "json": "application/json",
    "text": "text/plain",
}
_CHART = "application/vnd.vegalite.v5+json"
_OLD_CHART = "application/vnd.vegalite.v4+json"


def place_of(path: str | Path, formats: Sequence[str]) -> tuple[Path, str]:
    """Decide where to save a thing, and in which format.

    Args:
        path: Where its suffix names a format, that one is taken; without a suffix the richest
            one is, and its suffix added.
        formats: Those that there are, richest first.

    Raises:
        InvalidParamsError: There is no such format.
    """
    path = Path(path)
    if not formats:
        raise InvalidParamsError(f"{path}: there is nothing to save: the result is empty")
    if not path.suffix:
        suffix = next(suffix for suffix, held in _SUFFIXES.items() if formats[0] in held)
        return path.with_suffix(suffix), formats[0]
    wanted = _SUFFIXES.get(path.suffix.lower())
    if wanted is None:
        raise InvalidParamsError(f"{path}: no format has that suffix; {', '.join(_SUFFIXES)} have")
    for name in wanted:
        if name in formats:
            return path, name
    raise InvalidParamsError(
        f"{path}: the result has no {' or '.join(wanted)}; it has {', '.join(formats)}"
    )


def content_of(name: str, value: Any) -> bytes:
    """Return what a file holds that a value in some format is saved to.

    Raises:
        UnexpectedResponseError: It is a picture, but not one in base64.
    """
    if name in {"png", "jpeg"}:
        try:
            return base64.b64decode("".join(value.split()), validate=True)
        except ValueError:
            raise UnexpectedResponseError(f"the {name} is not base64", status_code=200) from None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
    return text.encode()


def mime_type(name: str, value: Any) -> str:
    """Return the MIME type of a value in some format."""
    if name == "chart":
        schema = value.get("$schema") if is_object(value) else ""
        return _OLD_CHART if "/v4" in str(schema) else _CHART
    return _MIME_TYPES[name]
