"""Trees of this machine, to and from the archives in which they travel."""

import os
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from agb.exceptions import InvalidParamsError, TransferError

CHUNK = 1024 * 1024
"""Bytes that are copied between two looks at whether to stop."""

NAME = "tree.tar"
"""Name of an archive in its workshop."""

_MODES = 0o755  # what others may do with what came: not write to it
_LATEST = 1 << 33  # seconds; some file systems know no later moment

Check = Callable[[], None]
"""Is called from time to time, and raises when the work is to stop."""


@contextmanager
def workshop(target: str | os.PathLike[str] | None = None) -> Generator[Path]:
    """Make a directory to work in, on the file system of a target; remove it at the end.

    Args:
        target: Where files go from there: it is in it, or beside it. Default: anywhere.

    Raises:
        InvalidParamsError: There can't be one.
    """
    try:
        made = _temporary(target)
    except OSError as error:
        raise InvalidParamsError(f"{target} can't be written: {error.strerror}") from error
    with made as directory:
        yield Path(directory)


def _temporary(target: str | os.PathLike[str] | None) -> tempfile.TemporaryDirectory[str]:
    if target is None:
        return tempfile.TemporaryDirectory(prefix="agb-", ignore_cleanup_errors=True)
    place = Path(target).absolute()
    home = place if place.is_dir() else place.parent
    home.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryDirectory(
        prefix=".agb-", suffix=".part", dir=home, ignore_cleanup_errors=True
    )


class Packed:
    """What has gone into an archive, or come out of one.

    Attributes:
        paths: Files, by their relative paths.
        skipped: What was left out, likewise.
        links: Symbolic links that came out, and what each leads to.
        size: Bytes of all files.
    """

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.skipped: list[str] = []
        self.links: dict[str, str] = {}
        self.size = 0


def pack(source: str | os.PathLike[str], archive: Path, check: Check) -> Packed:
    """Pack all below a directory: files, directories, and links as links.

    Raises:
        InvalidParamsError: There is no such directory, or something in it can't be read.
    """
    top, packed = Path(source), Packed()
    if not top.is_dir():
        raise InvalidParamsError(f"{top} is not a directory on this machine")
    try:
        with tarfile.open(archive, "w", format=tarfile.PAX_FORMAT) as tar:
            for path in _walk(top):
                check()
                _add(tar, path, path.relative_to(top).as_posix(), packed, check)
    except OSError as error:
        raise InvalidParamsError(
            f"{error.filename or top} can't be read: {error.strerror or error}"
        ) from error
    return packed


def _walk(top: Path) -> Iterator[Path]:
    def fail(error: OSError) -> None:
        raise error

    for folder, folders, files in os.walk(top, onerror=fail):
        yield from (Path(folder, name) for name in sorted([*folders, *files]))
        folders.sort()


def _add(tar: tarfile.TarFile, path: Path, name: str, packed: Packed, check: Check) -> None:
    member = cast("tarfile.TarInfo | None", tar.gettarinfo(path, arcname=name))
    if member is None or not (member.isdir() or member.issym() or member.islnk() or member.isreg()):
        packed.skipped.append(name)
        return
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    if member.islnk():  # a further name of a file; on arrival it is a file of its own
        member.type, member.linkname, member.size = tarfile.REGTYPE, "", path.stat().st_size
    if not member.isreg():
        tar.addfile(member)
        return
    with path.open("rb") as file:
        tar.addfile(member, cast("BinaryIO", _Checked(file, check)))
    packed.paths.append(name)
    packed.size += member.size


class _Checked:
    """A file that is read only as long as nobody says stop."""

    def __init__(self, file: BinaryIO, check: Check) -> None:
        self._file = file
        self._check = check

    def read(self, size: int) -> bytes:
        self._check()
        return self._file.read(size)


def unpack(workshop: Path, target: Path, check: Check, *, overwrite: bool) -> Packed:
    """Unpack an archive that nobody vouches for.

    Each file is written in full in the workshop before the first one gets its place.

    Args:
        workshop: The workshop beside the target, with the archive in it.
        target: Where all of it goes.
        check: Raises when to stop.
        overwrite: Whether files that are there may be replaced.

    Raises:
        TransferError: A name leads out of the target, or the archive is none.
        InvalidParamsError: A place is taken or can't be written.
    """
    packed, stage = Packed(), workshop / "tree"
    try:
        stage.mkdir()
        with tarfile.open(workshop / NAME) as tar:
            for member in tar:
                check()
                _extract(tar, member, stage, packed, check)
        for name in packed.links:
            _link(stage, name, packed.links)
        _place(stage, target, check, overwrite=overwrite)
    except tarfile.TarError as error:
        raise TransferError(f"what arrived is no archive: {error}") from error
    except OSError as error:
        what, why = error.filename2 or error.filename or target, error.strerror or error
        raise InvalidParamsError(f"{what} can't be written: {why}") from error
    return packed


def _extract(
    tar: tarfile.TarFile, member: tarfile.TarInfo, stage: Path, packed: Packed, check: Check
) -> None:
    name = _inside(member.name)
    place = stage / name
    if member.isdir():
        place.mkdir(parents=True, exist_ok=True)
        place.chmod(member.mode & _MODES | 0o700)
    elif member.issym() and _stays_inside(name, member.linkname):
        packed.links[name] = member.linkname
    elif member.isreg():
        place.parent.mkdir(parents=True, exist_ok=True)
        _write(cast("BinaryIO", tar.extractfile(member)), place, check)
        place.chmod(member.mode & _MODES | 0o600)
        moment = min(max(0, member.mtime), _LATEST)
        os.utime(place, (moment, moment))
        packed.paths.append(name)
        packed.size += member.size
    else:
        packed.skipped.append(name)


def _write(content: BinaryIO, place: Path, check: Check) -> None:
    with content, place.open("wb") as file:
        while chunk := content.read(CHUNK):
            check()
            file.write(chunk)


def _inside(name: str) -> str:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise TransferError(f"{name!r} leads out of the directory that it should go to")
    return path.as_posix()


def _stays_inside(name: str, leads_to: str) -> bool:
    """Tell whether a link can't lead out: it goes up first, and not too far, and then only down.

    A `..` behind another name would go up from wherever that name, itself a link, leads to.
    """
    parts = PurePosixPath(leads_to).parts
    ups = next((n for n, part in enumerate(parts) if part != ".."), len(parts))
    absolute = PurePosixPath(leads_to).is_absolute()
    return not absolute and ".." not in parts[ups:] and ups < len(PurePosixPath(name).parts)


def _link(stage: Path, name: str, links: Mapping[str, str]) -> None:
    if any(str(parent) in links for parent in PurePosixPath(name).parents):
        raise TransferError(f"{name!r} lies behind a link")
    place = stage / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(links[name])


def _place(stage: Path, target: Path, check: Check, *, overwrite: bool) -> None:
    """Move what is staged to its places; refuse to go through a link that leads elsewhere."""
    target.mkdir(parents=True, exist_ok=True)
    home = target.resolve()
    moves = [(path, target / path.relative_to(stage)) for path in _walk(stage)]
    for path, place in moves:
        is_directory = path.is_dir() and not path.is_symlink()
        if not place.parent.resolve().is_relative_to(home):
            raise TransferError(f"{place}: a link leads out of {target}")
        if not overwrite and not is_directory and os.path.lexists(place):
            raise InvalidParamsError(f"{place} is there already: pass overwrite=True")
    for path, place in moves:
        check()
        if path.is_dir() and not path.is_symlink():
            _make(place, like=path)
        else:
            path.replace(place)


def _make(place: Path, *, like: Path) -> None:
    if not place.is_dir():
        place.mkdir()
        shutil.copymode(like, place)
