"""Brings what a context holds into a session."""

import os
from collections.abc import Sequence
from typing import BinaryIO

from attrs import field, frozen

from agb.local.contexts.archives import BadArchive, Entry, unpack
from agb.local.contexts.mounting import Mount, Seen, target_of
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
        parts, blob = split(path), ""
        if item.kind == "folder":
            found = self._make_folder(base, path)
        elif item.kind == "link":
            with self.tree.folder((*base, *parts[:-1]), make=True, base=len(base)) as here:
                found = self.tree.link(here, path, item.target)
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
        parts = split(path)
        with self.tree.folder((*base, *parts[:-1]), make=True, base=len(base)) as here:
            return self.tree.write(here, path, content, mode=mode, mtime=mtime)

    def _make_folder(self, base: Parts, path: bytes) -> Found | None:
        parts = split(path)
        with self.tree.folder((*base, *parts), make=True, base=len(base)):
            pass
        with self.tree.folder((*base, *parts[:-1])) as here:
            return self.tree.found(here, parts[-1], path)

    def _extract(self, base: Parts, path: bytes, item: Object) -> None:
        into_current = self.mount.policy.extract_policy.extract_current_folder
        folder = path.rpartition(b"/")[0] if into_current else path[: -len(_ZIP)]
        self._unpack(base, folder, item)

    def _unpack(self, base: Parts, folder: bytes, item: Object) -> None:
        """Unpack an archive all or not at all, unless the disk fills up meanwhile."""
        seen = [each for each in self.mount.seen.values() if each.source == item.path]
        if seen and all(each.blob == item.blob for each in seen):
            return  # it has been unpacked already
        with self._noting(item.path), self.store.staging() as stage:
            with self.store.read(self.mount.key, item.blob) as content:
                wants = self.mount.wants if item.packed else _everything
                entries = unpack(content, stage, self.tree.check, wants, own=item.packed)
            self._place(base, folder, item, entries)

    def _place(self, base: Parts, folder: bytes, item: Object, entries: Sequence[Entry]) -> None:
        modes: list[tuple[bytes, int]] = []
        for entry in entries:
            path = folder + b"/" + entry.path if folder else entry.path
            parts = split(path)
            if entry.kind == "folder":
                modes.append((path, entry.mode))
                found = self._make_folder(base, path)
            elif entry.kind == "link":
                with self.tree.folder((*base, *parts[:-1]), make=True, base=len(base)) as here:
                    found = self.tree.link(here, path, entry.target)
            else:
                with entry.open() as content:
                    found = self._write(base, path, content, mode=entry.mode, mtime=entry.mtime)
            if found:
                self.mount.seen[path] = Seen(found=found, blob=item.blob, source=item.path)
        self._set_modes(base, modes)

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
