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
from types import MappingProxyType
from typing import Any, BinaryIO

from attrs import evolve, fields_dict, frozen

from agb.local.contexts.catalogue import AVAILABLE, CLEARING, Catalogue
from agb.local.contexts.index import Index
from agb.local.contexts.rows import AFTER_SLASH, Rows, above
from agb.local.contexts.staging import Put, sync_folder
from agb.local.contexts.values import Object, archive_names, is_under, shown
from agb.local.refusals import context_gone, file_not_found, folder_in_the_way, folder_not_empty

_COLUMNS = tuple(fields_dict(Object))
_INSERT = (
    f"INSERT OR REPLACE INTO objects (context, {', '.join(_COLUMNS)}) "  # noqa: S608 - our own names
    f"VALUES ({', '.join('?' * (len(_COLUMNS) + 1))})"
)


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
            condition, values = "AND path > ? AND path < ?", [below + b"/", below + AFTER_SLASH]
        rows = self._index.rows(
            f"SELECT * FROM objects WHERE context = ? {condition} "  # noqa: S608 - our own words
            "AND (expires IS NULL OR expires > ?) ORDER BY path",
            key,
            *values,
            self.time,
        )
        return [_object(row) for row in rows]

    def children(
        self, key: int, folder: bytes, *, skip: int, most: int
    ) -> tuple[list[Object], int]:
        """Give a piece of what is right in a folder, by name, and how much there is in all.

        Folders of which only files are known are there, too, as old as the first of those.
        """
        start = len(folder) + 2 if folder else 1
        below = "AND path > ? AND path < ?" if folder else ""
        bounds = [folder + b"/", folder + AFTER_SLASH] if folder else []
        found = (
            "FROM (SELECT *, substr(path, ?) AS rest, instr(substr(path, ?), x'2f') AS slash "  # noqa: S608 - our own words
            f"FROM objects WHERE context = ? {below} AND (expires IS NULL OR expires > ?)) "
            "GROUP BY CASE slash WHEN 0 THEN rest ELSE substr(rest, 1, slash - 1) END"
        )
        values = [start, start, key, *bounds, self.time]
        (count,) = self._index.rows(f"SELECT COUNT(*) FROM (SELECT 1 {found})", *values)  # noqa: S608 - our own words
        # Of all that share a name the first path is the name itself, if there is such an object.
        rows = self._index.rows(
            f"SELECT MIN(path), * {found} ORDER BY "
            "CASE slash WHEN 0 THEN rest ELSE substr(rest, 1, slash - 1) END LIMIT ? OFFSET ?",
            *values,
            most,
            skip,
        )
        return [_child(row, start - 1) for row in rows], count[0]

    def packed(self, key: int) -> Object | None:
        """Look up the archive of a whole mount."""
        rows = self._index.rows(
            "SELECT * FROM objects WHERE context = ? AND packed "
            "AND (expires IS NULL OR expires > ?)",
            key,
            self.time,
        )
        return _object(rows[0]) if rows else None

    def archive_name(self, key: int) -> bytes:
        """Find a name for the archive of a whole mount; the context must be `locked`."""
        rows = Rows(self._index, key)
        return next(name for name in archive_names() if rows.is_free(name) or rows.is_packed(name))

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
        self,
        key: int,
        puts: Iterable[Put],
        removes: Iterable[bytes] = (),
        lifetimes: Mapping[bytes, int | None] = MappingProxyType({}),
    ) -> dict[bytes, str]:
        """Store and remove objects, all or nothing; the context must be `locked`.

        What stands in the way of a stored object, such as a file where it needs a folder, goes.
        The archive of a whole mount does not: it gets another name.

        Args:
            key: The context.
            puts: What is stored.
            removes: Paths of what is removed.
            lifetimes: How many seconds from now on objects are kept that stay as they are, by
                path; None for ever.

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
                self._renew(index, key, lifetimes)
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
            if self._holds(key, path) or (there and there.kind == "folder"):
                raise folder_in_the_way(shown(path))
            for folder in above(path):
                there = self.object(key, folder)
                if there and there.kind != "folder":
                    raise folder_in_the_way(shown(folder))
            lasting = evolve(put.object, lifetime=self._lifetime(key, path))
            self.publish(key, [evolve(put, object=lasting)])
            self.touch(key)

    def remove(self, key: int, path: bytes) -> None:
        """Remove one object.

        Raises:
            Refusal: There is none, or it is a folder with something in it.
        """
        with self.locked(key):
            if self._holds(key, path):
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

    def _holds(self, key: int, folder: bytes) -> bool:
        """Tell whether anything is below a path."""
        return bool(
            self._index.rows(
                "SELECT 1 FROM objects WHERE context = ? AND path > ? AND path < ? "
                "AND (expires IS NULL OR expires > ?) LIMIT 1",
                key,
                folder + b"/",
                folder + AFTER_SLASH,
                self.time,
            )
        )

    def _lifetime(self, key: int, path: bytes) -> int | None:
        """Say how long what is put in by URL is kept, as the last mount of the context has it."""
        rows = self._index.rows("SELECT * FROM lifetimes WHERE context = ?", key)
        matching = [row for row in rows if is_under(path, row["prefix"])]
        closest = max(matching, key=lambda row: len(row["prefix"]), default=None)
        return closest["seconds"] or None if closest else None

    def _commit(
        self, index: Index, key: int, puts: Sequence[Object], removes: Iterable[bytes]
    ) -> list[str]:
        """Change the rows and give the blobs that are not needed any more."""
        self.check(key)
        rows = Rows(index, key)
        rows.make_room({put.path.partition(b"/")[0] for put in puts if not put.packed})
        stored = {put.path: rows.at(put.path) for put in puts}
        gone = {path: row for path in removes if (row := rows.at(path))}
        for put in puts:
            gone |= {
                path: row
                for path in above(put.path)
                if (row := rows.at(path)) and row["kind"] != "folder"
            }
            gone |= rows.below(put.path) if put.kind != "folder" else {}
        index.execute_many(
            "DELETE FROM objects WHERE context = ? AND path = ?",
            [(key, path) for path in gone.keys() - stored.keys()],
        )
        index.execute_many(_INSERT, [(key, *self._values(put, stored[put.path])) for put in puts])
        old = {path: row for path, row in stored.items() if row} | gone
        return [row["blob"] for row in old.values() if row["blob"]]

    def _values(self, put: Object, before: sqlite3.Row | None) -> list[Any]:
        new = evolve(
            put,
            created=before["created"] if before else self.time,
            modified=self.time,
            expires=self.expiry(put.lifetime) if put.lifetime else put.expires,
        )
        return [getattr(new, name) for name in _COLUMNS]

    def _renew(self, index: Index, key: int, lifetimes: Mapping[bytes, int | None]) -> None:
        index.execute_many(
            "UPDATE objects SET lifetime = ?, expires = ? WHERE context = ? AND path = ?",
            [(lifetime, self.expiry(lifetime), key, path) for path, lifetime in lifetimes.items()],
        )

    def expiry(self, lifetime: int | None) -> float | None:
        """Tell when something is over that is kept for so long from now on."""
        return None if lifetime is None else self.time + lifetime

    def check(self, key: int) -> None:
        """Make sure that a context is still there.

        Raises:
            Refusal: It has been deleted.
        """
        if not self._index.rows("SELECT 1 FROM contexts WHERE key = ?", key):
            raise context_gone()

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
            rows = self._index.rows("SELECT blob FROM objects WHERE context = ?", key)
            known = {row["blob"] for row in rows}
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


def _object(row: sqlite3.Row) -> Object:
    values: dict[str, Any] = {name: row[name] for name in _COLUMNS}
    values["packed"] = bool(row["packed"])
    values["linked"] = bool(row["linked"])
    return Object(**values)


def _child(row: sqlite3.Row, start: int) -> Object:
    """Make what is right in a folder of the first object that is there or below it."""
    item = _object(row)
    name, deeper, _ = item.path[start:].partition(b"/")
    if not deeper:
        return item
    path = item.path[:start] + name
    return Object(path=path, kind="folder", created=item.created, modified=item.modified)
