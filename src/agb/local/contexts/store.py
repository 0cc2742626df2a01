"""Contexts and their objects, on disk. Everything here blocks; call it from a thread."""

import fcntl
import os
import secrets
import shutil
import sqlite3
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from attrs import evolve, fields_dict, frozen

from agb.local.contexts.catalogue import AVAILABLE, CLEARING, Catalogue
from agb.local.contexts.index import Index
from agb.local.contexts.staging import Put, sync_folder
from agb.local.contexts.values import Object, is_under, shown
from agb.local.refusals import context_gone, file_not_found, folder_in_the_way, folder_not_empty

_COLUMNS = tuple(fields_dict(Object))
_INSERT = (
    f"INSERT OR REPLACE INTO objects (context, {', '.join(_COLUMNS)}) "  # noqa: S608 - our own names
    f"VALUES ({', '.join('?' * (len(_COLUMNS) + 1))})"
)
_AFTER_SLASH = b"0"
"""The byte that follows the slash: what is below a folder lies between the two."""


@frozen(kw_only=True)
class Store(Catalogue):
    """All contexts of one owner, with what is in them.

    Attributes:
        folder: Where they are kept.
    """

    folder: Path

    @classmethod
    def open(cls, folder: Path, *, stage: Path, owner: str, now: Callable[[], datetime]) -> "Store":
        """Open the store, made if it is missing."""
        for each in (folder, folder / "blobs", folder / "locks", stage):
            each.mkdir(mode=0o700, parents=True, exist_ok=True)
        index = Index(folder / "index.db")
        return cls(folder=folder, stage=stage, owner=owner, now=now, index=index)

    def close(self) -> None:
        """Close it."""
        self._index.close()

    def delete_internal(self, key: int) -> None:
        """Forget a session's own context and remove what it had on disk."""
        with self._index.transaction() as index:
            index.execute("DELETE FROM contexts WHERE key = ?", key)
        self.tidy(key)

    # Objects.

    def objects(self, key: int, below: bytes = b"") -> list[Object]:
        """Give all objects of a context, or those below a folder, in the order of their paths."""
        condition, values = "", []
        if below:
            condition, values = "AND path > ? AND path < ?", [below + b"/", below + _AFTER_SLASH]
        rows = self._index.rows(
            f"SELECT * FROM objects WHERE context = ? {condition} "  # noqa: S608 - our own words
            "AND (expires IS NULL OR expires > ?) ORDER BY path",
            key,
            *values,
            self.time,
        )
        return [_object(row) for row in rows]

    def object(self, key: int, path: bytes) -> Object | None:
        """Look up an object."""
        rows = self._index.rows(
            "SELECT * FROM objects WHERE context = ? AND path = ? "
            "AND (expires IS NULL OR expires > ?)",
            key,
            path,
            self.time,
        )
        return _object(rows[0]) if rows else None

    def read(self, key: int, blob: str) -> BinaryIO:
        """Open contents.

        Raises:
            FileNotFoundError: They have been replaced or removed meanwhile.
        """
        return self._blob(key, blob).open("rb")

    @contextmanager
    def staging(self) -> Generator[Path]:
        """Give a folder for contents that are on their way; what is left in it is removed."""
        folder = self.stage / secrets.token_hex(8)
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder)

    @contextmanager
    def locked(self, key: int) -> Generator[None]:
        """Keep all others, in this server and elsewhere, from changing a context."""
        with self._lock(key, fcntl.LOCK_EX):
            yield

    def publish(
        self, key: int, puts: Iterable[Put], removes: Iterable[bytes] = ()
    ) -> dict[bytes, str]:
        """Store and remove objects, all or nothing; the context must be `locked`.

        What stands in the way of a stored object, such as a file where it needs a folder, goes.

        Returns:
            The version of each stored object, by its path.

        Raises:
            Refusal: The context has been deleted.
            OSError: The disk is full, for one.
        """
        folder = self.folder / "blobs" / str(key)
        placed: list[Path] = []
        self.check(key)
        try:
            named = [self._place(folder, put, placed) for put in puts]
            if placed:
                sync_folder(folder)
            with self._index.transaction() as index:
                old = self._commit(index, key, named, removes)
        except BaseException:
            for path in placed:
                path.unlink(missing_ok=True)
            raise
        for blob in old:
            self._blob(key, blob).unlink(missing_ok=True)
        return {item.path: item.blob for item in named}

    def put(self, key: int, put: Put) -> None:
        """Store one object for somebody who knows its path only.

        Raises:
            Refusal: The context has been deleted, or a folder is where the file is to be or a
                file where its folder is.
        """
        path = put.object.path
        with self.locked(key):
            there = self.object(key, path)
            if self.objects(key, path) or (there and there.kind == "folder"):
                raise folder_in_the_way(shown(path))
            for above in _above(path):
                there = self.object(key, above)
                if there and there.kind != "folder":
                    raise folder_in_the_way(shown(above))
            self.publish(key, [put])
            self.touch(key)

    def remove(self, key: int, path: bytes) -> None:
        """Remove one object.

        Raises:
            Refusal: There is none, or it is a folder with something in it.
        """
        with self.locked(key):
            if self.objects(key, path):
                raise folder_not_empty(shown(path))
            if not self.object(key, path):
                raise file_not_found(shown(path))
            self.publish(key, [], [path])

    def _place(self, folder: Path, put: Put, placed: list[Path]) -> Object:
        if not put.staged:
            return put.object
        folder.mkdir(mode=0o700, exist_ok=True)
        blob = folder / secrets.token_hex(16)
        put.staged.rename(blob)
        placed.append(blob)
        return evolve(put.object, blob=blob.name)

    def _commit(
        self, index: Index, key: int, puts: Sequence[Object], removes: Iterable[bytes]
    ) -> list[str]:
        """Change the rows and give the blobs that are not needed any more."""
        self.check(key)
        old = {row["path"]: row for row in _all(index, key)}
        gone = set(removes) & old.keys()
        for put in puts:
            gone |= {p for p in _above(put.path) if p in old and old[p]["kind"] != "folder"}
        stored = {put.path for put in puts}
        files = {put.path for put in puts if put.kind != "folder"}
        gone |= {p for p in old if any(above in files for above in _above(p))}
        index.execute_many(
            "DELETE FROM objects WHERE context = ? AND path = ?", [(key, p) for p in gone - stored]
        )
        lifetimes = {
            row["prefix"]: row["seconds"]
            for row in index.rows("SELECT * FROM lifetimes WHERE context = ?", key)
        }
        for put in puts:
            first = old[put.path]["created"] if put.path in old else self.time
            expires = self._expiry(put.path, lifetimes)
            new = evolve(put, created=first, modified=self.time, expires=expires)
            index.execute(_INSERT, key, *(getattr(new, name) for name in _COLUMNS))
        return [old[p]["blob"] for p in gone | (stored & old.keys()) if old[p]["blob"]]

    def check(self, key: int) -> None:
        """Make sure that a context is still there.

        Raises:
            Refusal: It has been deleted.
        """
        if not self._index.rows("SELECT 1 FROM contexts WHERE key = ?", key):
            raise context_gone()

    def _expiry(self, path: bytes, lifetimes: Mapping[bytes, int]) -> float | None:
        matching = [prefix for prefix in lifetimes if is_under(path, prefix)]
        return self.time + lifetimes[max(matching, key=len)] if matching else None

    # Housekeeping.

    def expire(self) -> None:
        """Remove the objects of all contexts whose time is over."""
        due = self._index.rows("SELECT DISTINCT context FROM objects WHERE expires <= ?", self.time)
        for row in due:
            key = row["context"]
            with self.locked(key), self._index.transaction() as index:
                index.execute(
                    "DELETE FROM objects WHERE context = ? AND expires <= ?", key, self.time
                )
            self.tidy(key)

    def recover(self) -> None:
        """Finish what a server that was killed had begun, and remove what it left."""
        alive = {each.name for each in self.stage.parent.parent.iterdir()}
        for row in self._index.rows("SELECT * FROM contexts WHERE instance IS NOT NULL"):
            if row["instance"] not in alive:
                with self._index.transaction() as index:
                    index.execute("DELETE FROM contexts WHERE key = ?", row["key"])
        for row in self._index.rows("SELECT key FROM contexts WHERE state = ?", CLEARING):
            self.tidy(row["key"])
        for folder in (self.folder / "blobs").iterdir():
            self.tidy(int(folder.name))

    def tidy(self, key: int) -> None:
        """Remove contents that no object has; a context that was being cleared is clear then."""
        folder = self.folder / "blobs" / str(key)
        with self.locked(key):
            known = {row["blob"] for row in _all(self._index, key)}
            if folder.exists():
                for path in folder.iterdir():
                    if path.name not in known:
                        path.unlink(missing_ok=True)
                if not known:
                    folder.rmdir()
            with self._index.transaction() as index:
                index.execute("UPDATE contexts SET state = ? WHERE key = ?", AVAILABLE, key)

    def _blob(self, key: int, blob: str) -> Path:
        return self.folder / "blobs" / str(key) / blob

    @contextmanager
    def _lock(self, key: int, how: int) -> Generator[None]:
        descriptor = os.open(self.folder / "locks" / str(key), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, how)
            yield
        finally:
            os.close(descriptor)


def _all(index: Index, key: int) -> list[sqlite3.Row]:
    return index.rows("SELECT path, kind, blob, created FROM objects WHERE context = ?", key)


def _object(row: sqlite3.Row) -> Object:
    values: dict[str, Any] = {name: row[name] for name in _COLUMNS}
    values["packed"] = bool(row["packed"])
    values["linked"] = bool(row["linked"])
    return Object(**values)


def _above(path: bytes) -> list[bytes]:
    """Give the folders above a path."""
    parts = path.split(b"/")
    return [b"/".join(parts[:count]) for count in range(1, len(parts))]
