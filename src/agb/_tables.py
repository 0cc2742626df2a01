"""Pure: tables in HTML. They are loaded when one is asked for."""

from html.parser import HTMLParser


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
