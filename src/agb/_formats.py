"""Pure: the formats in which code shows things, and what each is called where."""

import base64
import json
from collections.abc import Mapping, Sequence
from html.parser import HTMLParser
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


def rows_of(html: str) -> tuple[tuple[str, ...], ...]:
    """Return the texts in the first table of a document, row by row."""
    table = _Table()
    table.feed(html)
    return tuple(map(tuple, table.rows))


class _Table(HTMLParser):
    """Reads the first table; one inside of a cell is a part of that cell's text."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self._depth = 0
        self._over = False
        self._in_cell = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - the base's
        """Begin a table, a row or a cell."""
        if tag == "table":
            self._depth += 1
        if self._depth != 1 or self._over:
            return
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"} and self.rows:
            self.rows[-1].append("")
            self._in_cell = True

    def handle_endtag(self, tag: str) -> None:
        """End a table or a cell."""
        if tag == "table" and self._depth:
            self._depth -= 1
            self._over = self._over or not self._depth
        if tag in {"td", "th", "tr"} and self._depth == 1:
            self._in_cell = False

    def handle_data(self, data: str) -> None:
        """Add to the text of a cell."""
        if self._in_cell and not self._over:
            self.rows[-1][-1] += data
