"""Brings what a session holds into a context."""

import errno
import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from attrs import define, evolve, field, frozen

from agb.context_sync import UploadMode
from agb.local.contexts.archives import Entry, Packing, contents, unpack
from agb.local.contexts.mounting import ARCHIVE, Mount, Seen, same, target_of
from agb.local.contexts.staging import Put, Writing
from agb.local.contexts.store import Store
from agb.local.contexts.tree import USUAL_MODE, Found, Parts, Tree
from agb.local.contexts.values import Object, shown, split

_log = logging.getLogger(__name__)

_CHUNK = 1024 * 1024
_VANISHED = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO}
"""What it is when a file has gone meanwhile, or become something else."""
_ATTEMPTS = 3
"""How often a file that changes while it is read is read; what was read last is kept then."""


@frozen(kw_only=True)
class Upload:
    """One run.

    Attributes:
        problems: What could not be read.
    """

    store: Store
    tree: Tree
    mount: Mount
    problems: list[str] = field(factory=list[str])

    def run(self) -> None:
        """Bring everything that changed into the context, all at once.

        Raises:
            Refusal: The context has been deleted.
            OSError: The mount can't be read, or the disk is full.
            Stopped: There was no time for all of it.
        """
        base = self.tree.resolve(b"/" + self.mount.place)
        passes = self.mount.leads_to_wanted
        survey = self.tree.survey(base, passes=passes, deep=self.mount.deep)
        if survey.skipped:
            _log.info("%s has %d sockets, pipes, devices", self.mount.path, len(survey.skipped))
        self.problems.extend(f"{shown(path)}: can't be read" for path in survey.unreadable)
        found = {each.path: each for each in survey.found if self._takes(each)}
        if self.mount.policy.upload_policy.upload_mode is UploadMode.ARCHIVE:
            self._as_archive(base, found, survey.unreadable)
        else:
            self._as_files(base, found, survey.unreadable)
        self.store.touch(self.mount.key)

    def _takes(self, found: Found) -> bool:
        if not self.mount.deep and found.kind == "folder":
            return False
        return self.mount.wants(found.path)

    def _as_files(self, base: Parts, found: dict[bytes, Found], unreadable: list[bytes]) -> None:
        rows = self.store.objects(self.mount.key)
        placed = ((target_of(self.mount, row), row) for row in rows)
        here = {path: row for path, row in placed if path is not None}
        with self.store.staging() as stage:
            taking = _Taking(
                run=self,
                base=base,
                stage=stage,
                rows={row.path: row for row in rows},
                here=here,
                filled={path.rpartition(b"/")[0] for path in found},
            )
            for each in found.values():
                self.tree.check()
                taking.consider(each)
            gone = [here[path].path for path in self._gone(found, unreadable) if path in here]
            versions = dict[bytes, str]()
            if taking.puts or gone:
                with self.store.locked(self.mount.key):
                    versions = self.store.publish(self.mount.key, taking.puts.values(), gone)
        for path, put in taking.puts.items():
            seen = taking.seen[path]
            taking.seen[path] = Seen(found=seen.found, blob=versions[put.object.path])
        kept = {} if self.mount.policy.delete_policy.sync_local_file else self.mount.seen
        self.mount.seen = {**kept, **taking.seen}

    def copy(self, base: Parts, path: bytes, staged: Path) -> tuple[Found, str, int] | None:
        """Copy a file of the session; None if it has gone, or can't be read."""
        parts = split(path)
        try:
            with self.tree.folder((*base, *parts[:-1])) as here:
                return self._copy_steady(here, parts[-1], path, staged)
        except PermissionError:
            self.problems.append(f"{shown(path)}: can't be read")
        except OSError as error:
            if error.errno not in _VANISHED:
                raise
        return None

    def _copy_steady(
        self, here: int, name: bytes, path: bytes, staged: Path
    ) -> tuple[Found, str, int] | None:
        before = self.tree.found(here, name, path)
        for attempt in range(1, _ATTEMPTS + 1):
            if before is None or before.kind != "file":
                return None
            with self.tree.reading(here, name) as content:
                sha256, size = self._write(content, staged)
            after = self.tree.found(here, name, path)
            if after == before or attempt == _ATTEMPTS:
                return before, sha256, size
            before = after
        return None

    def _write(self, content: BinaryIO, staged: Path) -> tuple[str, int]:
        staged.unlink(missing_ok=True)
        writing = Writing(staged)
        try:
            while chunk := content.read(_CHUNK):
                self.tree.check()
                writing.write(chunk)
            return writing.done(), writing.size
        finally:
            writing.close()

    def _gone(self, found: dict[bytes, Found], unreadable: list[bytes]) -> list[bytes]:
        """Give the paths that the session had and has no more, if that matters."""
        if not self.mount.policy.delete_policy.sync_local_file:
            return []
        hidden = [path + b"/" for path in unreadable]
        return [
            path
            for path in self.mount.seen
            if path not in found and not any(path.startswith(prefix) for prefix in hidden)
        ]

    def _as_archive(self, base: Parts, found: dict[bytes, Found], unreadable: list[bytes]) -> None:
        key = self.mount.key
        with self.store.locked(key), self.store.staging() as stage:
            row = self.store.object(key, ARCHIVE)
            gone = set(self._gone(found, unreadable))
            changed = [
                each for each in found.values() if not same(self.mount.seen.get(each.path), each)
            ]
            if not changed and not gone and (row or not found):
                return
            old = self._entries(row, stage)
            fresh = {each.path for each in changed} | (found.keys() - old.keys())
            keep = [entry for path, entry in old.items() if path not in fresh | gone]
            spare = {path: entry for path, entry in old.items() if path in fresh}
            put, packed = self._pack(
                base, [found[path] for path in sorted(fresh)], keep, spare=spare, stage=stage
            )
            replaced = [
                row.path
                for row in self.store.objects(key)
                if not row.packed and target_of(self.mount, row) in found.keys() | gone
            ]
            blobs = self.store.publish(key, [put], replaced)
        blob = blobs[ARCHIVE]
        if row is None or self.mount.unpacked.get(ARCHIVE) == row.blob:
            self.mount.unpacked[ARCHIVE] = blob
        self.mount.seen = self.mount.seen | {
            path: Seen(found=each, blob=blob, source=ARCHIVE)
            for path, each in found.items()
            if path in packed or path not in fresh
        }
        for path in gone:
            del self.mount.seen[path]

    def _entries(self, row: Object | None, stage: Path) -> dict[bytes, Entry]:
        if row is None or not row.packed:
            return {}
        folder = stage / "old"
        folder.mkdir()
        with self.store.read(self.mount.key, row.blob) as content:
            entries = unpack(content, folder, self.tree.check, lambda _: True, own=True)
        return {entry.path: entry for entry in entries}

    def _pack(
        self,
        base: Parts,
        fresh: Sequence[Found],
        keep: Sequence[Entry],
        *,
        spare: Mapping[bytes, Entry],
        stage: Path,
    ) -> tuple[Put, set[bytes]]:
        """Write an archive.

        Args:
            base: The mount.
            fresh: What is to be read from the session.
            keep: What is taken over from the archive before.
            spare: What the archive before has of that which can't be read.
            stage: Where to write it.

        Returns:
            The archive, and the paths that could be read.
        """
        writing, packed = _Seekless(stage / "new"), set[bytes]()
        try:
            packing = Packing(writing)
            for entry in keep:
                packing.add(entry, self._checked(contents(entry)))
            for each in fresh:
                fresh_entry = self._fresh_entry(base, each, stage / "file")
                if fresh_entry:
                    packing.add(fresh_entry, self._checked(contents(fresh_entry)))
                    packed.add(each.path)
                elif each.path in spare:
                    last = spare[each.path]
                    packing.add(last, self._checked(contents(last)))
            packing.done()
            sha256 = writing.writing.done()
        finally:
            writing.close()
        item = Object(
            path=ARCHIVE, kind="file", packed=True, sha256=sha256, size=writing.writing.size
        )
        return Put(object=item, staged=stage / "new"), packed

    def _fresh_entry(self, base: Parts, found: Found, staged: Path) -> Entry | None:
        entry = Entry(
            path=found.path,
            kind=found.kind,
            mode=found.mode,
            mtime=found.mtime,
            target=found.target,
        )
        if found.kind != "file":
            return entry
        return evolve(entry, staged=staged) if self.copy(base, found.path, staged) else None

    def _checked(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self.tree.check()
            yield chunk


@define(kw_only=True)
class _Taking:
    """Finds out what of a session's files is new.

    Attributes:
        here: The objects by the paths below the mount that they belong to.
        rows: The objects by their own paths.
        filled: Folders with something in them.
        puts: What is to be stored, by path below the mount.
        seen: What will have been seen then.
    """

    run: Upload
    base: Parts
    stage: Path
    here: dict[bytes, Object]
    rows: dict[bytes, Object]
    filled: set[bytes]
    puts: dict[bytes, Put] = field(factory=dict[bytes, Put])
    seen: dict[bytes, Seen] = field(factory=dict[bytes, Seen])

    def consider(self, found: Found) -> None:
        """Take a file, folder or link, if the context does not have it as it is."""
        row = self.here.get(found.path)
        seen = self.run.mount.seen.get(found.path)
        if seen and same(seen, found) and (row or seen.source in self.rows):
            self.seen[found.path] = seen  # if they differ, the context has something newer
        elif found.kind == "file":
            self._consider_file(found, row)
        elif found.kind == "link" and self.run.mount.full:
            self._consider_target(found, row)
        else:
            self._consider_other(found, row)

    def _consider_file(self, found: Found, row: Object | None) -> None:
        staged = self.stage / str(len(self.seen))
        copied = self.run.copy(self.base, found.path, staged)
        if copied is None:
            before = self.run.mount.seen.get(found.path)
            if before:
                self.seen[found.path] = before  # what becomes of it is for the next time to see
            return
        now, sha256, size = copied
        new = evolve(self._object(found, row), sha256=sha256, size=size, mtime=now.mtime)
        known = row and (row.sha256, row.mode, row.mtime) == (sha256, new.mode, new.mtime)
        self.seen[found.path] = Seen(found=now, blob=row.blob if row and known else "")
        if known:
            staged.unlink()
        else:
            self.puts[found.path] = Put(object=new, staged=staged)

    def _consider_target(self, found: Found, row: Object | None) -> None:
        """Take what a link leads to: whoever asks for its path wants the contents."""
        staged = self.stage / str(len(self.seen))
        try:
            parts = self.run.tree.resolve(b"/" + b"/".join((*self.base, found.path)))
        except OSError:  # it leads to itself
            return
        copied = self.run.copy(parts[:-1], parts[-1], staged) if parts else None
        if copied:
            now, sha256, size = copied
            new = self._object(evolve(found, kind="file", target=b"", mode=now.mode), row)
            self.seen[found.path] = Seen(found=now)
            self.puts[found.path] = Put(object=evolve(new, sha256=sha256, size=size), staged=staged)

    def _consider_other(self, found: Found, row: Object | None) -> None:
        if not row and found.path in self.filled and found.mode == USUAL_MODE:
            return  # what is in it says that it is there
        new = self._object(found, row)
        self.seen[found.path] = Seen(found=found)
        if not row or (row.kind, row.target, row.mode) != (new.kind, new.target, new.mode):
            self.puts[found.path] = Put(object=new)

    def _object(self, found: Found, row: Object | None) -> Object:
        return Object(
            path=row.path if row else self.run.mount.outside(found.path),
            kind=found.kind,
            mode=found.mode,
            mtime=found.mtime,
            target=found.target,
            linked=bool(row and row.linked and found.kind == "file"),
        )


class _Seekless:
    """A staged file as an archive is written to it: from its start to its end."""

    def __init__(self, path: Path) -> None:
        self.writing = Writing(path)
        self._over = False

    def write(self, data: bytes) -> int:
        """Add data; what an archive that was given up still has to say goes nowhere."""
        if not self._over:
            self.writing.write(data)
        return len(data)

    def close(self) -> None:
        """Take no more."""
        self._over = True
        self.writing.close()

    def flush(self) -> None:
        """Do nothing: what matters is brought to disk at the end."""

    def tell(self) -> int:
        """Refuse to tell, so that nobody seeks."""
        raise OSError("it is written from start to end")

    def seekable(self) -> bool:
        """Tell that nobody can seek."""
        return False
