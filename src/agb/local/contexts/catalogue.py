"""What contexts there are. Everything here blocks; call it from a thread."""

import secrets
import sqlite3
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from attrs import field, frozen

from agb.local.contexts.index import Index
from agb.local.contexts.values import Context
from agb.local.refusals import context_not_found, name_taken

AVAILABLE = "available"
CLEARING = "clearing"


@frozen(kw_only=True)
class Catalogue:
    """All contexts of one owner, without what is in them.

    Attributes:
        stage: A folder on the store's file system, of this server alone, whose name no other has.
        owner: Whose contexts these are.
        now: Tells the time of day.
    """

    stage: Path
    owner: str = field(repr=False)
    now: Callable[[], datetime]
    _index: Index = field(alias="index")

    @property
    def time(self) -> float:
        """The time in Unix seconds."""
        return self.now().timestamp()

    def get(self, context_id: str, *, internal: bool = False) -> Context:
        """Look up a context.

        Args:
            context_id: Its identifier.
            internal: Whether one that belongs to a session is meant, too.

        Raises:
            Refusal: There is none of that id.
        """
        found = self._contexts("id = ? AND (? OR name IS NOT NULL)", context_id, internal)
        if not found:
            raise context_not_found(context_id)
        return found[0]

    def named(self, name: str, *, create: bool) -> Context:
        """Look up a context by name.

        Raises:
            Refusal: There is none of that name, and none was to be made.
        """
        with self._index.transaction():
            found = self._contexts("name = ?", name)
            if found:
                return found[0]
            if not create:
                raise context_not_found(name)
            return self._make(f"SdkCtx-{secrets.token_hex(12)}", name)

    def adopt(self, context_id: str) -> Context:
        """Look up a context by an id that its caller chose; make it if there is none."""
        with self._index.transaction():
            found = self._contexts("id = ? AND name IS NOT NULL", context_id)
            if found:
                return found[0]
            taken = self._contexts("name = ?", context_id)
            name = f"{context_id}-{secrets.token_hex(4)}" if taken else context_id
            return self._make(context_id, name)

    def make_internal(self) -> Context:
        """Make a context that belongs to a session of this server and is not listed."""
        with self._index.transaction():
            return self._make(f"SdkCtx-{secrets.token_hex(12)}", None)

    def page(self, *, before: int | None, most: int) -> tuple[list[Context], int]:
        """Give contexts, newest first, and how many there are in all.

        Args:
            before: Only those older than the one of this key.
            most: No more than so many.
        """
        matching = self._contexts("name IS NOT NULL")
        rest = [each for each in matching if before is None or each.key < before]
        return rest[:most], len(matching)

    def rename(self, context_id: str, name: str) -> None:
        """Give a context another name.

        Raises:
            Refusal: There is none of that id, or the name is taken.
        """
        with self._index.transaction() as index:
            context = self.get(context_id)
            try:
                index.execute("UPDATE contexts SET name = ? WHERE key = ?", name, context.key)
            except sqlite3.IntegrityError:
                raise name_taken(name) from None

    def delete(self, context_id: str) -> Context:
        """Forget a context; `discard` removes what it had on disk.

        Raises:
            Refusal: There is none of that id.
        """
        with self._index.transaction() as index:
            context = self.get(context_id)
            index.execute("DELETE FROM contexts WHERE key = ?", context.key)
        return context

    def clear(self, context_id: str) -> Context:
        """Forget all objects of a context; it is `clearing` until `tidy` is done.

        Raises:
            Refusal: There is none of that id.
        """
        with self._index.transaction() as index:
            context = self.get(context_id)
            index.execute("DELETE FROM objects WHERE context = ?", context.key)
            index.execute("UPDATE contexts SET state = ? WHERE key = ?", CLEARING, context.key)
        return context

    def touch(self, key: int) -> None:
        """Note that a context is used."""
        with self._index.transaction() as index:
            index.execute("UPDATE contexts SET used = ? WHERE key = ?", self.time, key)

    def keep_for(self, key: int, lifetimes: Mapping[bytes, int]) -> None:
        """Set for how many seconds is kept what is put in by URL from now on, by path.

        What was set before is forgotten; 0 is for ever, and so is what is not said.
        """
        with self._index.transaction() as index:
            index.execute("DELETE FROM lifetimes WHERE context = ?", key)
            values = [(key, prefix, seconds) for prefix, seconds in lifetimes.items()]
            index.execute_many("INSERT INTO lifetimes VALUES (?, ?, ?)", values)

    def note_place(self, key: int, path: bytes) -> None:
        """Remember a path at which sessions have a context mounted."""
        with self._index.transaction() as index:
            index.execute("INSERT OR IGNORE INTO places VALUES (?, ?)", key, path)

    def places(self, key: int) -> list[bytes]:
        """Give the paths at which sessions have had a context mounted, the deepest first."""
        rows = self._index.rows(
            "SELECT path FROM places WHERE context = ? ORDER BY length(path) DESC, path", key
        )
        return [row["path"] for row in rows]

    def _contexts(self, condition: str, *values: Any) -> list[Context]:
        rows = self._index.rows(
            f"SELECT * FROM contexts WHERE owner = ? AND {condition} ORDER BY key DESC",  # noqa: S608 - our own words
            self.owner,
            *values,
        )
        return [
            Context(
                key=row["key"],
                id=row["id"],
                name=row["name"] or "",
                created=row["created"],
                used=row["used"],
                state=row["state"],
            )
            for row in rows
        ]

    def _make(self, context_id: str, name: str | None) -> Context:
        self._index.execute(
            "INSERT INTO contexts (owner, id, name, created, used, instance) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            self.owner,
            context_id,
            name,
            self.time,
            self.time,
            None if name is not None else self.stage.parent.name,
        )
        return self.get(context_id, internal=True)
