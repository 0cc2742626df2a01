"""Finds out what of a session's files a context does not have, file by file."""

from pathlib import Path

from attrs import define, evolve, field

from agb.local.contexts.copying import Copying
from agb.local.contexts.mounting import PACKED, Mount, Seen, same
from agb.local.contexts.staging import Put
from agb.local.contexts.tree import USUAL_MODE, Found, Parts
from agb.local.contexts.values import Object


@define(kw_only=True)
class Taking:
    """Finds out what of a session's files is new.

    Attributes:
        mount: The mount.
        copying: Copies files.
        base: Where the mount really is in the session.
        stage: Where to copy files to.
        here: The objects by the paths below the mount that they belong to.
        sources: What the session may have other files from: objects, and the packed archive.
        filled: Folders with something in them.
        puts: What is to be stored, by path below the mount.
        seen: What will have been seen then.
    """

    mount: Mount
    copying: Copying
    base: Parts
    stage: Path
    here: dict[bytes, Object]
    sources: set[bytes]
    filled: set[bytes]
    puts: dict[bytes, Put] = field(factory=dict[bytes, Put])
    seen: dict[bytes, Seen] = field(factory=dict[bytes, Seen])

    def consider(self, found: Found) -> None:
        """Take a file, folder or link, if the context does not have it as it is."""
        row = self.here.get(found.path)
        seen = self.mount.seen.get(found.path)
        if seen and same(seen, found) and (row or self._is_in_archive(found.path, seen)):
            self.seen[found.path] = seen  # if they differ, the context has something newer
        elif found.kind == "file":
            self._consider_file(found, row)
        elif found.kind == "link" and self.mount.full:
            self._consider_target(found, row)
        else:
            self._consider_other(found, row)

    def _is_in_archive(self, path: bytes, seen: Seen) -> bool:
        """Tell whether the context has something in an archive, and keeps it there long enough."""
        if seen.source == PACKED and seen.lifetime != self.mount.lifetime(path):
            return False
        return seen.source in self.sources

    def _consider_file(self, found: Found, row: Object | None) -> None:
        staged = self.stage / str(len(self.seen))
        copied = self.copying.copy(self.base, found.path, staged)
        if copied is None:
            before = self.mount.seen.get(found.path)
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
            parts = self.copying.tree.resolve(b"/" + b"/".join((*self.base, found.path)))
        except OSError:  # it leads to itself
            return
        copied = self.copying.copy(parts[:-1], parts[-1], staged) if parts else None
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
            path=row.path if row else self.mount.outside(found.path),
            kind=found.kind,
            mode=found.mode,
            mtime=found.mtime,
            target=found.target,
            linked=bool(row and row.linked and found.kind == "file"),
            lifetime=self.mount.lifetime(found.path),
        )
