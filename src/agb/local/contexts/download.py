"""Brings what a context holds into a session."""

import errno
import os
from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import BinaryIO

from attrs import evolve, field, frozen

from agb.local.contexts.archives import BadArchive, Entry, unpack
from agb.local.contexts.mounting import Mount, Seen, same, target_of
from agb.local.contexts.staging import is_full
from agb.local.contexts.store import Store
from agb.local.contexts.tree import Found, Parts, Tree
from agb.local.contexts.values import Object, shown, split

_ZIP = b".zip"


@frozen(kw_only=True)
class Download:
    """One run. What can't be brought in is told, and the rest is brought all the same.

    Attributes:
        problems: What could not be brought in, and why.
    """

    store: Store
    tree: Tree
    mount: Mount
    problems: list[str] = field(factory=list[str])

    def run(self) -> None:
        """Bring everything in.

        Raises:
            OSError: The mount can't be reached, or the disk is full.
            Stopped: There was no time for all of it.
        """
        mount = self.mount
        base = self.tree.resolve(b"/" + mount.place)
        wanted = self._wanted()
        for item in wanted.values():
            if item.packed:
                self._unpack(base, b"", item)
        for path, item in wanted.items():
            if self._is_foreign_archive(item):
                self._extract(base, path, item)
        modes: list[tuple[bytes, int]] = []
        for path, item in sorted(wanted.items()):
            with self._noting(path):
                if item.packed or self._needs_no(path, item):
                    continue
                if item.kind == "folder":
                    modes.append((path, item.mode))
                self._bring(base, path, item)
        self._set_modes(base, modes)

    def _wanted(self) -> dict[bytes, Object]:
        """Find the objects that belong here; of two for one path the newer one does."""
        found = sorted(self.store.objects(self.mount.key), key=lambda item: item.modified)
        placed = ((target_of(self.mount, item), item) for item in found)
        return {path: item for path, item in placed if path is not None}

    def _is_foreign_archive(self, item: Object) -> bool:
        is_one = item.linked and item.kind == "file" and item.path.lower().endswith(_ZIP)
        return is_one and not self.mount.full and self.mount.policy.extract_policy.extract

    def _needs_no(self, path: bytes, item: Object) -> bool:
        """Tell of an object that is not to be brought in as it is.

        Of a file transfer every version is brought in once, since the session may have changed it.
        """
        if self.mount.full:
            seen = self.mount.seen.get(path)
            return seen is not None and seen.blob == item.blob
        return self._is_foreign_archive(item) and self.mount.policy.extract_policy.delete_src_file

    def _bring(self, base: Parts, path: bytes, item: Object) -> None:
        blob = ""
        if item.kind == "folder":
            found = self._make_folder(base, path)
        elif item.kind == "link":
            found = self._link(base, path, item.target)
        else:
            found, blob = self._bring_file(base, path, item)
        if found:
            self.mount.seen[path] = Seen(found=found, blob=blob)

    def _bring_file(self, base: Parts, path: bytes, item: Object) -> tuple[Found | None, str]:
        """Bring the version in that is there now; gives that version."""
        current: Object | None = item
        while current and current.kind == "file":
            try:
                content = self.store.read(self.mount.key, current.blob)
            except FileNotFoundError:  # there is a newer version meanwhile, or none
                newer = self.store.object(self.mount.key, current.path)
                if newer and newer.blob == current.blob:
                    raise
                current = newer
                continue
            with content:
                mode, mtime = current.mode, current.mtime
                return self._write(base, path, content, mode=mode, mtime=mtime), current.blob
        return None, ""

    def _write(
        self, base: Parts, path: bytes, content: BinaryIO, *, mode: int, mtime: int
    ) -> Found:
        with self._folder_for(base, path) as here:
            return self.tree.write(here, path, content, mode=mode, mtime=mtime)

    def _link(self, base: Parts, path: bytes, target: bytes) -> Found | None:
        with self._folder_for(base, path) as here:
            return self.tree.link(here, path, target)

    @contextmanager
    def _folder_for(self, base: Parts, path: bytes) -> Generator[int]:
        """Open the folder that a file or link is to be put into, with no folder in its way.

        Raises:
            OSError: A folder is in the way, and its removal would lose something.
        """
        *above, name = split(path)
        with self._made((*base, *above), base) as here:
            there = self.tree.found(here, name, path)
            if there and there.kind == "folder":
                self._give_way(base, path)
            yield here

    def _give_way(self, base: Parts, path: bytes) -> None:
        if self.mount.full:
            raise IsADirectoryError(errno.EISDIR, "is a folder")

        def known(found: Found) -> bool:
            whole = path + b"/" + found.path
            return same(self.mount.seen.get(whole), evolve(found, path=whole))

        self.tree.remove_folder((*base, *split(path)), known)

    def _made(self, parts: Parts, base: Parts) -> AbstractContextManager[int]:
        """Open a folder, made if it is missing; transfers put none in the place of a file."""
        keeps = len(parts) if self.mount.full else len(base)
        return self.tree.folder(parts, make=True, base=keeps)

    def _make_folder(self, base: Parts, path: bytes) -> Found | None:
        parts = split(path)
        with self._made((*base, *parts), base):
            pass
        with self.tree.folder((*base, *parts[:-1])) as here:
            return self.tree.found(here, parts[-1], path)

    def _extract(self, base: Parts, path: bytes, item: Object) -> None:
        into_current = self.mount.policy.extract_policy.extract_current_folder
        folder = path.rpartition(b"/")[0] if into_current else path[: -len(_ZIP)]
        self._unpack(base, folder, item)

    def _unpack(self, base: Parts, folder: bytes, item: Object) -> None:
        """Unpack an archive, if the session has not all of it yet; one that is bad not at all."""
        if self.mount.unpacked.get(item.path) == item.blob:
            return
        before = len(self.problems)
        with self._noting(item.path), self.store.staging() as stage:
            with self.store.read(self.mount.key, item.blob) as content:
                wants = self.mount.wants if item.packed else _everything
                entries = unpack(content, stage, self.tree.check, wants, own=item.packed)
            self._place(base, folder, item, entries)
            if len(self.problems) == before:
                self.mount.unpacked[item.path] = item.blob

    def _place(self, base: Parts, folder: bytes, item: Object, entries: Sequence[Entry]) -> None:
        modes: list[tuple[bytes, int]] = []
        for entry in entries:
            path = folder + b"/" + entry.path if folder else entry.path
            with self._noting(path):
                if entry.kind == "folder":
                    modes.append((path, entry.mode))
                found = self._bring_entry(base, path, entry)
                if found:
                    self.mount.seen[path] = Seen(found=found, blob=item.blob, source=item.path)
        self._set_modes(base, modes)

    def _bring_entry(self, base: Parts, path: bytes, entry: Entry) -> Found | None:
        if entry.kind == "folder":
            return self._make_folder(base, path)
        if entry.kind == "link":
            return self._link(base, path, entry.target)
        with entry.open() as content:
            return self._write(base, path, content, mode=entry.mode, mtime=entry.mtime)

    def _set_modes(self, base: Parts, modes: Sequence[tuple[bytes, int]]) -> None:
        """Give folders their modes at last, the deepest first: they may forbid to write."""
        for path, mode in sorted(modes, reverse=True):
            with self._noting(path), self.tree.folder((*base, *split(path))) as here:
                os.fchmod(here, mode)
            seen = self.mount.seen.get(path)
            if seen:
                parts = split(path)
                with self.tree.folder((*base, *parts[:-1])) as here:
                    found = self.tree.found(here, parts[-1], path)
                if found:
                    self.mount.seen[path] = Seen(found=found, blob=seen.blob, source=seen.source)

    def _noting(self, path: bytes) -> "_Noting":
        return _Noting(path, self.problems)


@frozen
class _Noting:
    """Notes what went wrong with one path, but for a full disk, which ends the run."""

    path: bytes
    problems: list[str]

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, error: BaseException | None, __: object) -> bool:
        if isinstance(error, BadArchive):
            self.problems.append(f"{shown(self.path)}: can't be unpacked: {error}")
            return True
        if isinstance(error, OSError) and not is_full(error):
            self.problems.append(f"{shown(self.path)}: {error.strerror or error}")
            return True
        return False


def _everything(_: bytes) -> bool:
    return True
