"""One mounted context: what of it belongs where, and what the session has seen of it."""

import posixpath
from collections.abc import Mapping, Sequence
from typing import Final

from attrs import define, field, frozen

from agb.context_sync import Lifecycle, SyncPolicy
from agb.local.contexts.tree import Found
from agb.local.contexts.values import Object, is_under, split

ARCHIVE: Final = b"archive.zip"
"""The object that holds a whole mount."""

_DAY = 24 * 60 * 60
_ZIP = b".zip"


@frozen(kw_only=True)
class Seen:
    """A file, folder or link as it was when the session and the context last agreed on it.

    Attributes:
        found: What it was in the session.
        blob: The version of the object.
        source: The archive that it came from, if it has no object of its own.
    """

    found: Found
    blob: str = ""
    source: bytes = b""


@define(kw_only=True, eq=False)
class Mount:
    """A context under a path of a session.

    Attributes:
        key: The context's key.
        context_id: Its id.
        path: The path as the caller said it.
        policy: What is synchronised when.
        full: Whether objects' paths are whole paths of the session, as in file transfers.
        deep: Whether folders in it are synchronised, too.
        others: Places of the session's other mounts, which are no part of this one.
        seen: What the session and the context last agreed on, by path below the mount.
        unpacked: Which version of each archive the session has all of, by the archive's path.
    """

    key: int
    context_id: str
    path: str
    policy: SyncPolicy
    full: bool = False
    deep: bool = True
    others: Sequence[bytes] = ()
    seen: dict[bytes, Seen] = field(factory=dict[bytes, Seen], repr=False)
    unpacked: dict[bytes, str] = field(factory=dict[bytes, str], repr=False)

    @property
    def place(self) -> bytes:
        """The path, in the form of an object's."""
        return b"/".join(split(posixpath.normpath(self.path).encode("utf-8", "surrogateescape")))

    def inside(self, item: Object) -> bytes | None:
        """Say where below the mount an object belongs; None for nowhere.

        An object that came by a signed URL may be named by its path in a session rather than by
        its path in the mount.
        """
        if self.full:
            if not is_under(item.path, self.place) or item.path == self.place:
                return None
            inner = item.path[len(self.place) :].lstrip(b"/")
            return inner if self.deep or b"/" not in inner else None
        for prefix in self._prefixes() if item.linked else ():
            if item.path.startswith(prefix + b"/"):
                return item.path[len(prefix) + 1 :]
        return item.path

    def outside(self, path: bytes) -> bytes:
        """Name the object that a path below the mount belongs to, when there is none yet."""
        return self._whole(path) if self.full else path

    def _whole(self, path: bytes) -> bytes:
        return self.place + b"/" + path if self.place else path

    def _prefixes(self) -> list[bytes]:
        mapping = self.policy.mapping_policy
        mapped = mapping.path.encode("utf-8", "surrogateescape") if mapping else b""
        return [prefix for prefix in (self.place, b"/".join(split(mapped))) if prefix]

    def wants(self, path: bytes, *, linked: bool = False) -> bool:
        """Tell whether a path below the mount is synchronised at all.

        A white list's paths, and the paths excluded from it, are relative to the mount; excluded
        ones may be relative to the white list's path as well. An archive that came by a signed
        URL may be listed by its name alone, and without its ending.
        """
        if any(is_under(self._whole(path), other) for other in self.others):
            return False
        lists = self.policy.bw_list.white_lists
        if not lists:
            return True
        names = {path}
        if linked and path.lower().endswith(_ZIP):
            base = path.rpartition(b"/")[2]
            names |= {path[: -len(_ZIP)], base, base[: -len(_ZIP)]}
        return any(
            is_under(name, listed := _relative(each.path))
            and not any(
                is_under(name, out) or is_under(name, listed + b"/" + out)
                for out in filter(None, map(_relative, each.exclude_paths))
            )
            for each in lists
            for name in names
        )

    def leads_to_wanted(self, path: bytes) -> bool:
        """Tell whether something that is synchronised may be at or below a path."""
        if any(is_under(self._whole(path), other) for other in self.others):
            return False
        lists = self.policy.bw_list.white_lists
        return self.wants(path) or any(is_under(_relative(each.path), path) for each in lists)

    def lifetimes(self) -> Mapping[bytes, int | None]:
        """Say how many seconds the context keeps what is stored, by path; None for ever."""
        recycle = self.policy.recycle_policy
        return {_relative(path): _SECONDS[recycle.lifecycle] for path in recycle.paths}


def _relative(path: str) -> bytes:
    return b"/".join(split(path.encode("utf-8", "surrogateescape")))


def _seconds(lifecycle: Lifecycle) -> int | None:
    if lifecycle is Lifecycle.LIFECYCLE_FOREVER:
        return None
    return int("".join(filter(str.isdigit, lifecycle.value))) * _DAY


_SECONDS = {lifecycle: _seconds(lifecycle) for lifecycle in Lifecycle}


def target_of(mount: Mount, item: Object) -> bytes | None:
    """Say where below the mount an object is wanted; None for nowhere."""
    path = mount.inside(item)
    if path is None or not (item.packed or mount.wants(path, linked=item.linked)):
        return None
    return path


def same(seen: Seen | None, found: Found) -> bool:
    """Tell whether a file is as it was when it was seen."""
    if seen is None or seen.found.kind != found.kind:
        return False
    before = seen.found
    if found.kind == "folder":
        return before.mode == found.mode
    if found.kind == "link":
        return before.target == found.target
    return before == found
