"""Brings what a session holds into one archive of the context."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path

from attrs import evolve, frozen

from agb.local.contexts.archives import Entry, Packing, contents, listed, unpack
from agb.local.contexts.copying import Copying
from agb.local.contexts.mounting import PACKED, Mount, Seen, paths_of, placed, same
from agb.local.contexts.staging import Put, Writing
from agb.local.contexts.store import Store
from agb.local.contexts.tree import Found, Parts
from agb.local.contexts.values import Object


@frozen(kw_only=True)
class Archiving:
    """One run.

    Attributes:
        store: Where the context is.
        copying: Copies files of the session.
        mount: The mount.
        base: Where it really is in the session.
    """

    store: Store
    copying: Copying
    mount: Mount
    base: Parts

    def run(self, found: Mapping[bytes, Found], gone: AbstractSet[bytes]) -> None:
        """Bring everything that changed into the archive, if anything has.

        Args:
            found: What the session has, by path below the mount.
            gone: Paths of what it had and has no more.

        Raises:
            BadArchive: The archive that is there can't be read.
        """
        key, mount = self.mount.key, self.mount
        with self.store.locked(key), self.store.staging() as stage:
            row = self.store.packed(key)
            here = placed(mount, self.store.objects(key))
            held = self._listed(row)
            theirs = {path for path in here if self._is_newer(found.get(path), here[path][-1])}
            fresh = self._fresh(found, held, here)
            terms = {**held, **{path: rows[-1].lifetime for path, rows in here.items()}}
            other = {
                path
                for path in found.keys() & terms.keys() - theirs
                if terms[path] != mount.lifetime(path)
            }
            if not (fresh or other or gone) and (row or not found):
                return
            old = self._entries(row, stage)
            fresh |= (found.keys() - old.keys()) | (found.keys() & here.keys())
            fresh -= theirs
            keep = [
                self._lasting(entry) if path in other else entry
                for path, entry in old.items()
                if path not in fresh | gone
            ]
            spare = {path: entry for path, entry in old.items() if path in fresh}
            put, packed = self._pack(
                self._terms(fresh, found, here), keep, spare=spare, stage=stage
            )
            there = packed | (found.keys() - fresh - theirs)
            name = row.path if row else self.store.archive_name(key)
            put = evolve(put, object=evolve(put.object, path=name))
            blobs = self.store.publish(key, [put], paths_of(here, there | gone))
        self._note_packed(row, blobs[name], {path: found[path] for path in there}, gone)

    def _is_newer(self, found: Found | None, row: Object) -> bool:
        """Tell whether the context has a version of its own that the session has not touched."""
        seen = self.mount.seen.get(found.path) if found else None
        if found is None or seen is None or not same(seen, found):
            return False
        if row.kind == found.kind == "file":
            return seen.blob != row.blob
        return (row.kind, row.target, row.mode) != (found.kind, found.target, found.mode)

    def _terms(
        self,
        fresh: Iterable[bytes],
        found: Mapping[bytes, Found],
        here: Mapping[bytes, Sequence[Object]],
    ) -> list[tuple[Found, float | None]]:
        """Say of what goes into the archive until when it is kept there.

        What the context had as a single file, as it is, is kept no longer than that was.
        """
        terms = list[tuple[Found, float | None]]()
        for path in sorted(fresh):
            lifetime = self.mount.lifetime(path)
            row = here[path][-1] if path in here else None
            stays = (
                row and row.lifetime == lifetime and same(self.mount.seen.get(path), found[path])
            )
            terms.append(
                (found[path], row.expires if row and stays else self.store.expiry(lifetime))
            )
        return terms

    def _note_packed(
        self, row: Object | None, blob: str, there: Mapping[bytes, Found], gone: Iterable[bytes]
    ) -> None:
        mount = self.mount
        if row is None or mount.unpacked.get(PACKED) == row.blob:
            mount.unpacked[PACKED] = blob
        mount.seen = mount.seen | {
            path: Seen(found=each, blob=blob, source=PACKED, lifetime=mount.lifetime(path))
            for path, each in there.items()
        }
        for path in gone:
            del mount.seen[path]

    def _fresh(
        self,
        found: Mapping[bytes, Found],
        held: Mapping[bytes, int | None],
        here: Mapping[bytes, Sequence[Object]],
    ) -> set[bytes]:
        """Find what of a session's files has changed, or is nowhere in the context any more."""
        sources = {row.path for objects in here.values() for row in objects}
        seen = self.mount.seen
        return {
            path
            for path, each in found.items()
            if not same(seen.get(path), each)
            or not (path in held or path in here or seen[path].source in sources)
        }

    def _listed(self, row: Object | None) -> Mapping[bytes, int | None]:
        if row is None:
            return {}
        with self.store.read(self.mount.key, row.blob) as content:
            return listed(content, self.store.time)

    def _entries(self, row: Object | None, stage: Path) -> dict[bytes, Entry]:
        if row is None:
            return {}
        folder = stage / "old"
        folder.mkdir()
        with self.store.read(self.mount.key, row.blob) as content:
            entries = unpack(
                content, folder, self.copying.tree.check, lambda _: True, own_at=self.store.time
            )
        return {entry.path: entry for entry in entries}

    def _lasting(self, entry: Entry) -> Entry:
        """Give an entry the lifetime that the mount's policy has for it, from now on."""
        lifetime = self.mount.lifetime(entry.path)
        return evolve(entry, lifetime=lifetime, expires=self.store.expiry(lifetime))

    def _pack(
        self,
        fresh: Sequence[tuple[Found, float | None]],
        keep: Sequence[Entry],
        *,
        spare: Mapping[bytes, Entry],
        stage: Path,
    ) -> tuple[Put, set[bytes]]:
        """Write an archive.

        Args:
            fresh: What is to be read from the session, and until when it is kept.
            keep: What is taken over from the archive before.
            spare: What the archive before has of that which can't be read.
            stage: Where to write it.

        Returns:
            The archive, without a name yet, and the paths that could be read.
        """
        writing, packed = _Seekless(stage / "new"), set[bytes]()
        ends = list[float | None]()
        try:
            packing = Packing(writing)

            def add(entry: Entry) -> None:
                packing.add(entry, self._checked(contents(entry)))
                ends.append(entry.expires)

            for entry in keep:
                add(entry)
            for each, expires in fresh:
                fresh_entry = self._fresh_entry(each, stage / "file")
                if fresh_entry:
                    add(evolve(fresh_entry, expires=expires))
                    packed.add(each.path)
                elif each.path in spare:
                    add(spare[each.path])
            packing.done()
            sha256 = writing.writing.done()
        finally:
            writing.close()
        item = Object(
            path=b"",
            kind="file",
            packed=True,
            sha256=sha256,
            size=writing.writing.size,
            expires=_last(ends),
        )
        return Put(object=item, staged=stage / "new"), packed

    def _fresh_entry(self, found: Found, staged: Path) -> Entry | None:
        entry = Entry(
            path=found.path,
            kind=found.kind,
            mode=found.mode,
            mtime=found.mtime,
            target=found.target,
            lifetime=self.mount.lifetime(found.path),
        )
        if found.kind != "file":
            return entry
        return (
            evolve(entry, staged=staged)
            if self.copying.copy(self.base, found.path, staged)
            else None
        )

    def _checked(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self.copying.tree.check()
            yield chunk


def _last(ends: Sequence[float | None]) -> float | None:
    """Tell when all entries of an archive are over; None for never."""
    known = [end for end in ends if end is not None]
    return max(known) if known and len(known) == len(ends) else None


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
