"""The index of all contexts: a SQLite database and how it is opened."""

import errno
import fcntl
import os
import sqlite3
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_PATIENCE = 30.0
"""Seconds to wait for another server's transaction."""

_MIGRATIONS = (
    """
    CREATE TABLE contexts (
        key INTEGER PRIMARY KEY AUTOINCREMENT,
        owner TEXT NOT NULL,
        id TEXT NOT NULL,
        name TEXT,
        created REAL NOT NULL,
        used REAL NOT NULL,
        state TEXT NOT NULL DEFAULT 'available',
        instance TEXT,
        UNIQUE (owner, id),
        UNIQUE (owner, name)
    );
    CREATE TABLE objects (
        context INTEGER NOT NULL REFERENCES contexts (key) ON DELETE CASCADE,
        path BLOB NOT NULL,
        kind TEXT NOT NULL,
        blob TEXT NOT NULL,
        size INTEGER NOT NULL,
        sha256 TEXT NOT NULL,
        mode INTEGER NOT NULL,
        mtime INTEGER NOT NULL,
        target BLOB NOT NULL,
        packed INTEGER NOT NULL,
        linked INTEGER NOT NULL,
        created REAL NOT NULL,
        modified REAL NOT NULL,
        expires REAL,
        PRIMARY KEY (context, path)
    ) WITHOUT ROWID;
    CREATE INDEX objects_expiring ON objects (expires) WHERE expires IS NOT NULL;
    CREATE TABLE lifetimes (
        context INTEGER NOT NULL REFERENCES contexts (key) ON DELETE CASCADE,
        prefix BLOB NOT NULL,
        seconds INTEGER NOT NULL,
        PRIMARY KEY (context, prefix)
    ) WITHOUT ROWID;
    """,
    """
    ALTER TABLE objects ADD COLUMN lifetime INTEGER;
    UPDATE objects SET lifetime = CAST(expires - modified AS INTEGER) WHERE expires IS NOT NULL;
    CREATE INDEX objects_packed ON objects (context) WHERE packed;
    """,
    """
    CREATE TABLE places (
        context INTEGER NOT NULL REFERENCES contexts (key) ON DELETE CASCADE,
        path BLOB NOT NULL,
        PRIMARY KEY (context, path)
    ) WITHOUT ROWID;
    """,
)
"""Each brings the database from the version of its position to the next one."""


class TooNew(Exception):  # noqa: N818 - says what is the matter
    """The database was written by a later version of this program."""


class Index:
    """The database, open; every method may be called from any thread.

    Args:
        path: Its file; made if it is missing.

    Raises:
        TooNew: It is of a later version.
        sqlite3.Error: It can't be used.
    """

    def __init__(self, path: Path) -> None:
        self._mutex = threading.RLock()
        self._db = sqlite3.connect(
            path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False
        )
        try:
            self._db.row_factory = sqlite3.Row
            with _opened_alone(path):
                self._db.execute("PRAGMA journal_mode = WAL")
                self._db.execute("PRAGMA synchronous = FULL")
                self._db.execute("PRAGMA foreign_keys = ON")
                self._migrate()
        except BaseException:
            self._db.close()
            raise

    def close(self) -> None:
        """Close it."""
        with self._mutex:
            self._db.close()

    def rows(self, query: str, *values: Any) -> list[sqlite3.Row]:
        """Give what a query finds."""
        with self._mutex:
            return self._db.execute(query, values).fetchall()

    @contextmanager
    def transaction(self) -> Generator["Index"]:
        """Do all of a block or nothing of it.

        Raises:
            OSError: The disk is full.
        """
        with self._mutex, _full_disk_told():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def execute(self, statement: str, *values: Any) -> int:
        """Run a statement within a transaction; give how many rows it changed."""
        return self._db.execute(statement, values).rowcount

    def execute_many(self, statement: str, values: Sequence[Sequence[Any]]) -> None:
        """Run a statement once for each of the values."""
        self._db.executemany(statement, values)

    def _migrate(self) -> None:
        with self.transaction():
            version = int(self.rows("PRAGMA user_version")[0][0])
            if version > len(_MIGRATIONS):
                raise TooNew(f"it is of version {version}, and this program knows none so late")
            for script in _MIGRATIONS[version:]:
                for statement in script.split(";"):
                    self.execute(statement)
            self.execute(f"PRAGMA user_version = {len(_MIGRATIONS)}")


@contextmanager
def _opened_alone(path: Path) -> Generator[None]:
    """Keep others, in this process and in others, from opening the database meanwhile.

    SQLite does not wait where two make the same new file a WAL at once: one is told that it is
    locked.
    """
    descriptor = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _full_disk_told() -> Generator[None]:
    """Say of a full disk what the file system says of it."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
            raise
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
