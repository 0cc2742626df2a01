"""The rows of the objects that one transaction has to do with, and no others."""

import sqlite3
from collections.abc import Collection

from attrs import define, field

from agb.local.contexts.index import Index
from agb.local.contexts.values import archive_names

AFTER_SLASH = b"0"
"""The byte that follows the slash: what is below a folder lies between the two."""


@define
class Rows:
    """The rows of a context that a transaction has to do with."""

    index: Index
    key: int
    _known: dict[bytes, sqlite3.Row | None] = field(factory=dict[bytes, "sqlite3.Row | None"])

    def at(self, path: bytes) -> sqlite3.Row | None:
        """Give the row of a path."""
        if path not in self._known:
            query = "SELECT * FROM objects WHERE context = ? AND path = ?"
            rows = self.index.rows(query, self.key, path)
            self._known[path] = rows[0] if rows else None
        return self._known[path]

    def below(self, path: bytes) -> dict[bytes, sqlite3.Row]:
        """Give the rows below a path."""
        rows = self.index.rows(
            "SELECT * FROM objects WHERE context = ? AND path > ? AND path < ?",
            self.key,
            path + b"/",
            path + AFTER_SLASH,
        )
        return {row["path"]: row for row in rows}

    def is_free(self, path: bytes) -> bool:
        """Tell whether there is nothing at a path nor below it."""
        return not self.at(path) and not self.below(path)

    def is_packed(self, path: bytes) -> bool:
        """Tell whether the archive of a whole mount is at a path."""
        row = self.at(path)
        return bool(row and row["packed"])

    def make_room(self, tops: Collection[bytes]) -> None:
        """Give the archive of a whole mount another name, if the one that it has is needed.

        Args:
            tops: The first parts of the paths that are needed.
        """
        for top in filter(self.is_packed, tops):
            name = next(name for name in archive_names() if name not in tops and self.is_free(name))
            self.index.execute(
                "UPDATE objects SET path = ? WHERE context = ? AND path = ?", name, self.key, top
            )
            self._known = {}


def above(path: bytes) -> list[bytes]:
    """Give the folders above a path."""
    parts = path.split(b"/")
    return [b"/".join(parts[:count]) for count in range(1, len(parts))]
