"""ZIP archives: those that hold a whole mount, and those of others, which are not to be trusted."""

import os
import re
import stat
import struct
import time
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from io import BytesIO
from lzma import LZMAError
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast

from attrs import evolve, frozen

from agb.local.contexts.values import Kind, split

MOST_ENTRIES = 100_000
LARGEST = 8 * 1024**3
"""Bytes that an archive may hold, unpacked."""
LARGEST_RATIO = 200
"""How many times its size an archive may hold, if that is much."""
MUCH = 100 * 1024**2

_LONGEST_DIRECTORY = 16 * 1024**2
"""Bytes of the list of entries, which is read as a whole."""
_CHUNK = 1024 * 1024
_LONGEST_TARGET = 4096
_DRIVE = re.compile(r"^[A-Za-z]:[\\/]")
_LEVEL = 1  # the fastest

_OURS = 0x4741
"""Identifier of the extra field in which our own archives keep what ZIP has no place for: the time
in nanoseconds, and a name that is not UTF-8."""
_TERMED = 0x4754
"""And of the one that says for how many seconds an entry is kept, and until when."""
_FIELD = struct.Struct("<HH")
_TIME = struct.Struct("<q")
_TERM = struct.Struct("<qd")
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first moment of ZIP
_LAST = (2107, 12, 31, 23, 59, 58)


class BadArchive(Exception):  # noqa: N818 - says what it is
    """An archive can't be unpacked, or must not be."""


@frozen(kw_only=True)
class Entry:
    """One entry of an archive.

    Attributes:
        staged: The file that has its contents.
        lifetime: For how many seconds it is kept, and `expires` until when, in Unix seconds; only
            our own archives say so.
    """

    path: bytes
    kind: Kind
    mode: int
    mtime: int = 0
    target: bytes = b""
    staged: Path | None = None
    lifetime: int | None = None
    expires: float | None = None

    def open(self) -> BinaryIO:
        """Open its contents."""
        return self.staged.open("rb") if self.staged else BytesIO()


class Sink(Protocol):
    """What an archive is written to."""

    def write(self, data: bytes, /) -> int:
        """Add data."""
        raise NotImplementedError


class _Bounded:
    """A stranger's file, of which only so much is read at once."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek, self.tell, self.close = file.seek, file.tell, file.close

    def read(self, size: int = -1) -> bytes:
        most = _LONGEST_DIRECTORY + 1
        data = self._file.read(min(size, most) if size >= 0 else most)
        if len(data) > _LONGEST_DIRECTORY:
            raise BadArchive("it has too many entries")
        return data

    def seekable(self) -> bool:
        return True


def unpack(
    content: BinaryIO,
    stage: Path,
    check: Callable[[], None],
    wanted: Callable[[bytes], bool],
    *,
    own_at: float | None = None,
) -> list[Entry]:
    """Unpack an archive into files of a folder that only the server sees.

    Args:
        content: The archive.
        stage: The folder; its files get numbers for names.
        check: Is called every now and then.
        wanted: Tells of a path whether it is needed.
        own_at: The time, if we packed it from a session's files: it may be as large as those
            were and hold any name that a file system takes, and what is over is left out.

    Raises:
        BadArchive: It is broken, leaves its folder, or is too large.
    """
    own = own_at is not None
    with _told(), zipfile.ZipFile(content if own else _Bounded(content)) as archive:
        entries = archive.infolist()
        if own_at is None:
            _check_size(entries, content.seek(0, os.SEEK_END))
        else:
            entries = [info for info in entries if not _is_over(info, own_at)]
        named = [(info, _path(info, own=own)) for info in entries]
        return [
            _termed(info, _unpacked(archive, info, path, stage / str(number), check))
            for number, (info, path) in enumerate(named)
            if path and wanted(path)
        ]


def listed(content: BinaryIO, now: float) -> dict[bytes, int | None]:
    """Tell what is in an archive of our own and not over, and for how many seconds it is kept.

    Raises:
        BadArchive: It is broken.
    """
    with _told(), zipfile.ZipFile(content) as archive:
        return {
            _path(info, own=True): _term(info)[0]
            for info in archive.infolist()
            if not _is_over(info, now)
        }


def _is_over(info: zipfile.ZipInfo, now: float) -> bool:
    expires = _term(info)[1]
    return expires is not None and expires <= now


def _check_size(entries: list[zipfile.ZipInfo], size: int) -> None:
    """Refuse an archive that is too much for its size; entries may share what they are made of."""
    if len(entries) > MOST_ENTRIES:
        raise BadArchive(f"it has more than {MOST_ENTRIES} entries")
    unpacked = sum(info.file_size for info in entries)
    if unpacked > LARGEST:
        raise BadArchive(f"it holds more than {LARGEST} bytes")
    if unpacked > MUCH and unpacked > size * LARGEST_RATIO:
        raise BadArchive(f"it holds more than {LARGEST_RATIO} times its size")


def _path(info: zipfile.ZipInfo, *, own: bool) -> bytes:
    name = _own_field(info)[1] or os.fsencode(info.filename)
    # What strangers pack may be meant for a system where backslashes lead somewhere, too.
    meant = name if own else name.replace(b"\\", b"/")
    if meant.startswith(b"/") or (not own and _DRIVE.match(info.filename)):
        raise BadArchive(f"the name of {info.filename[:100]!r} is absolute")
    if b".." in split(meant) or b"\0" in name:
        raise BadArchive(f"{info.filename[:100]!r} leaves its folder")
    return b"/".join(split(name))


def _unpacked(
    archive: zipfile.ZipFile,
    info: zipfile.ZipInfo,
    path: bytes,
    staged: Path,
    check: Callable[[], None],
) -> Entry:
    unix = info.external_attr >> 16
    mtime = _own_field(info)[0] or _mtime(info)
    if info.is_dir() or stat.S_ISDIR(unix):
        return Entry(path=path, kind="folder", mode=stat.S_IMODE(unix) or 0o755)
    with archive.open(info) as content:
        if stat.S_ISLNK(unix):
            target = content.read(_LONGEST_TARGET + 1)
            if not target or len(target) > _LONGEST_TARGET or b"\0" in target:
                raise BadArchive(f"{info.filename[:100]!r} is a link to nowhere")
            return Entry(path=path, kind="link", mode=0o777, target=target)
        with staged.open("xb") as file:
            while chunk := content.read(_CHUNK):
                check()
                file.write(chunk)
    return Entry(
        path=path, kind="file", mode=stat.S_IMODE(unix) or 0o644, mtime=mtime, staged=staged
    )


def _termed(info: zipfile.ZipInfo, entry: Entry) -> Entry:
    lifetime, expires = _term(info)
    return evolve(entry, lifetime=lifetime, expires=expires)


@contextmanager
def _told() -> Generator[None]:
    """Say in one way what can be wrong with an archive."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, LZMAError, EOFError, struct.error) as error:
        raise BadArchive(f"it is broken: {error}") from None
    except (NotImplementedError, RuntimeError) as error:  # how it is packed, or a password
        raise BadArchive(str(error)) from None


class Packing:
    """Writes an archive of our own."""

    def __init__(self, file: "Sink") -> None:
        self._zip = zipfile.ZipFile(
            cast("Any", file), "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL
        )

    def add(self, entry: Entry, content: Iterator[bytes]) -> None:
        """Add an entry and its contents."""
        info = zipfile.ZipInfo(_shown(entry), _date(entry.mtime))
        kinds = {"file": stat.S_IFREG, "folder": stat.S_IFDIR, "link": stat.S_IFLNK}
        info.external_attr = (kinds[entry.kind] | entry.mode) << 16
        info.compress_type = zipfile.ZIP_DEFLATED
        info._compresslevel = _LEVEL  # type: ignore[attr-defined]  # noqa: SLF001 - no other way
        info.extra = _own(entry)
        with self._zip.open(info, "w", force_zip64=True) as out:
            for chunk in content:
                out.write(chunk)

    def done(self) -> None:
        """Write the list of what is in it."""
        self._zip.close()


def contents(entry: Entry) -> Iterator[bytes]:
    """Give an entry's contents piece by piece."""
    if entry.kind == "link":
        yield entry.target
    with entry.open() as file:
        while chunk := file.read(_CHUNK):
            yield chunk


def _shown(entry: Entry) -> str:
    name = entry.path.decode("utf-8", "replace")
    return name + "/" if entry.kind == "folder" else name


def _own(entry: Entry) -> bytes:
    try:
        odd = entry.path if "\0" in entry.path.decode() else b""
    except UnicodeDecodeError:
        odd = entry.path
    data = _TIME.pack(entry.mtime) + odd
    fields = _FIELD.pack(_OURS, len(data)) + data
    if entry.lifetime is not None and entry.expires is not None:
        fields += _FIELD.pack(_TERMED, _TERM.size) + _TERM.pack(entry.lifetime, entry.expires)
    return fields


def _own_field(info: zipfile.ZipInfo) -> tuple[int, bytes]:
    """Read the time and the name from an extra field of ours; zero and nothing without one."""
    data = _field(info, _OURS)
    if len(data) < _TIME.size:
        return 0, b""
    return _TIME.unpack_from(data)[0], data[_TIME.size :]


def _term(info: zipfile.ZipInfo) -> tuple[int | None, float | None]:
    """Read for how long an entry is kept, and until when; None for ever."""
    data = _field(info, _TERMED)
    if len(data) != _TERM.size:
        return None, None
    lifetime, expires = _TERM.unpack(data)
    return lifetime, expires


def _field(info: zipfile.ZipInfo, wanted: int) -> bytes:
    extra = info.extra
    while len(extra) >= _FIELD.size:
        kind, length = _FIELD.unpack_from(extra)
        data, extra = extra[_FIELD.size : _FIELD.size + length], extra[_FIELD.size + length :]
        if kind == wanted:
            return data
    return b""


def _date(mtime: int) -> tuple[int, int, int, int, int, int]:
    moment = time.localtime(mtime // 10**9)[:6]
    return max(_EPOCH, min(_LAST, moment))


def _mtime(info: zipfile.ZipInfo) -> int:
    try:
        return int(time.mktime((*info.date_time, 0, 0, -1))) * 10**9
    except (OverflowError, ValueError):  # there is no such day
        return 0
