"""Pure: what moves between this machine and a store, counted and checked on its way."""

import hashlib
import os
import re
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from agb._http import host_of
from agb._retry import retry_after
from agb._wire.answers import Malformed, read_object
from agb.config import Config
from agb.exceptions import InvalidParamsError, TransferError

CHUNK = 256 * 1024
"""Bytes that are read or written at once."""

Progress = Callable[[int], object]
"""Is told how many bytes have gone through so far."""


DirectoryProgress = Callable[[str], object]
"""Is told the path of each file that has gone through."""


class Tally:
    """Counts and hashes what goes through.

    Args:
        progress: Is told the count after each chunk; or None.
    """

    def __init__(self, progress: Progress | None) -> None:
        self.size = 0
        self._progress = progress
        self._hashes = (hashlib.sha256(), hashlib.md5(usedforsecurity=False))

    def add(self, chunk: bytes) -> bytes:
        """Count a chunk and return it."""
        self.size += len(chunk)
        for each in self._hashes:
            each.update(chunk)
        if self._progress is not None:
            self._progress(self.size)
        return chunk

    def check(self, where: str, size: int | None, etag: str) -> None:
        """Compare with what the store says that it has.

        Stores call a content by its hash, by which of them is told by its length; any other name
        says nothing about the content.

        Raises:
            TransferError: It is something else.
        """
        if size is not None and size != self.size:
            raise TransferError(f"{where}: {self.size} bytes went through, it should be {size}")
        named = etag.removeprefix("W/").strip('"').lower()
        own = {each.digest_size * 2: each.hexdigest() for each in self._hashes}
        if named.isalnum() and all(c in "0123456789abcdef" for c in named):
            expected = own.get(len(named), named)
            if expected != named:
                raise TransferError(f"{where}: what arrived is not what was sent (checksum)")


def local_file(path: str | os.PathLike[str]) -> tuple[Path, int]:
    """Return a file of this machine and its size in bytes.

    Raises:
        InvalidParamsError: There is no such file.
    """
    found = Path(path)
    try:
        if found.is_file():
            return found, found.stat().st_size
    except OSError as error:
        raise InvalidParamsError(f"{found} can't be read: {error.strerror}") from error
    raise InvalidParamsError(f"{found} is not a file on this machine")


@contextmanager
def opened(local: Path) -> Generator[BinaryIO]:
    """Open a file of this machine for reading.

    Raises:
        TransferError: It can't be opened.
    """
    # What the block raises may be an OSError, too, and about the network: it is let be.
    with _readable(local):
        file = local.open("rb")
    with file:
        yield file


@contextmanager
def _readable(local: object) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise TransferError(f"{local} can't be read: {error.strerror or error}") from error


def read_chunk(file: BinaryIO, left: int) -> bytes:
    """Read the next chunk of a file that is on its way; nothing at its end.

    Args:
        file: The file.
        left: How many bytes of it have been announced and not yet sent.

    Raises:
        TransferError: It has become longer or shorter meanwhile, or can't be read.
    """
    with _readable(file.name):
        chunk = file.read(CHUNK)
    if len(chunk) > left or (left and not chunk):
        raise TransferError(f"{file.name} changed while it was sent")
    return chunk


def check_way(config: Config, url: str) -> None:
    """Refuse to use a URL that gives its permission away to all on the way.

    Raises:
        TransferError: It does.
    """
    if config.refuses(url):
        raise TransferError(
            f"anybody on the way to {host_of(url)} could read what goes there: allow_http=True "
            "says that the network is to be trusted",
            code="PLAIN_HTTP",
        )


def store_refusal(
    name: str, status: int, headers: Mapping[str, str], content: bytes
) -> TransferError:
    """Return the error for a store that says no, in JSON or in XML, with its code and its words.

    Args:
        name: What it is about.
        status: HTTP status of the answer.
        headers: What the answer says of itself.
        content: The answer.
    """
    told = _json_refusal(status, content) or {
        key.decode().lower(): value.decode(errors="replace")
        for key, value in re.findall(rb"<(Code|Message|RequestId)>([^<]{1,300})</", content)
    }
    reason = f": {told['message']}" if told.get("message") else ""
    error = TransferError(
        f"{name}: the store refused it (HTTP {status}){reason}",
        code=str(told.get("code") or ""),
        request_id=str(told.get("requestid") or ""),
        status_code=status,
    )
    error.retry_after = retry_after(headers.get("retry-after"), time.time())
    return error


def check_taken(name: str, status: int, etag: str, content: bytes) -> None:
    """Check that a store said yes, and not somebody before it, such as a gateway with a page.

    A store tells what it calls the content that it has taken, or says nothing at all.

    Args:
        name: What it is about.
        status: HTTP status of the answer.
        etag: What the answer calls the content.
        content: What else it says.

    Raises:
        TransferError: It was no store.
    """
    if content and not etag:
        raise TransferError(
            f"{name}: somebody else than a store answered, as gateways do", status_code=status
        )


def _json_refusal(status: int, content: bytes) -> dict[str, Any]:
    try:
        return {key.lower(): value for key, value in read_object(status, content).items()}
    except Malformed:
        return {}


def zip_file(path: str | os.PathLike[str]) -> Path:
    """Return a ZIP file of this machine.

    Raises:
        InvalidParamsError: There is no such file, or it is no ZIP file called `.zip`.
    """
    import zipfile  # noqa: PLC0415 - it takes long, and extensions alone need it

    found, _ = local_file(path)
    if found.suffix.lower() != ".zip" or not zipfile.is_zipfile(found):
        raise InvalidParamsError(f"{found} is no .zip file")
    return found


def full_path(remote: str, default: str) -> str:
    """Return the path of a file in a session; a bare name is in the default directory."""
    bare = not set("/\\") & set(remote)
    return f"{default.rstrip('/')}/{remote}" if bare else remote


def folder_of(remote: str, default: str) -> str:
    """Return the directory of a session that a file goes to; a bare name goes to the default."""
    path = remote.replace("\\", "/")
    folder = path.rpartition("/")[0]
    if path.startswith("/") and not folder:
        return "/"
    return folder or default


def local_files(directory: str | os.PathLike[str]) -> tuple[list[str], list[str]]:
    """Return the files below a directory of this machine, as relative POSIX paths, sorted.

    Returns:
        The files, and what is none: dangling links, pipes, sockets, devices, empty directories.

    Raises:
        InvalidParamsError: There is no such directory.
    """
    found = Path(directory)
    if not found.is_dir():
        raise InvalidParamsError(f"{found} is not a directory on this machine")
    files, others = list[str](), list[str]()
    for path in sorted(found.rglob("*")):
        name = path.relative_to(found).as_posix()
        if path.is_file():
            files.append(name)
        elif not path.is_dir() or not any(path.iterdir()):
            others.append(name)
    return files, others


def inside(directory: str | os.PathLike[str], name: str) -> Path:
    """Return the place of a file in a directory of this machine.

    Raises:
        TransferError: Its name leads out of the directory.
    """
    place = Path(directory, name)
    if not Path(os.path.normpath(place)).is_relative_to(Path(os.path.normpath(directory))):
        raise TransferError(f"{name!r} leads out of the directory that it should go to")
    return place


class Landing:
    """A file that appears whole or not at all: written beside its place, then moved there.

    Args:
        path: Its place; missing directories are made.
        overwrite: Whether a file that is there may be replaced.
    """

    def __init__(self, path: str | os.PathLike[str], *, overwrite: bool) -> None:
        self.path = Path(path)
        self._overwrite = overwrite
        self._part = self.path.with_name(f".{os.urandom(8).hex()}.part")
        self._file: BinaryIO | None = None
        self._over = False

    def begin(self) -> None:
        """Get ready to write.

        Raises:
            InvalidParamsError: The place is taken or can't be written.
        """
        if not self._overwrite and self.path.exists():
            raise InvalidParamsError(f"{self.path} is there already: pass overwrite=True")
        if self.path.is_dir():
            raise InvalidParamsError(f"{self.path} is a directory: name the file")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._part.open("xb")
        except OSError as error:
            raise InvalidParamsError(f"{self.path} can't be written: {error.strerror}") from error
        if self._over:  # who has this done in a thread may be cancelled, and not wait for it
            self.discard()

    @property
    def _begun(self) -> BinaryIO:
        assert self._file is not None  # noqa: S101 - what is not begun is not written
        return self._file

    def restart(self) -> None:
        """Forget what was written: it comes again.

        Raises:
            TransferError: It can't be forgotten.
        """
        with self._told():
            self._begun.seek(0)
            self._begun.truncate()

    def write(self, chunk: bytes) -> None:
        """Write a chunk.

        Raises:
            TransferError: It can't be written, as where the disk is full.
        """
        with self._told():
            self._begun.write(chunk)

    def keep(self) -> None:
        """Put the file in its place.

        Raises:
            TransferError: It can't be put there.
        """
        with self._told():
            self._begun.close()
            self._part.replace(self.path)

    def discard(self) -> None:
        """Leave nothing behind, unless the file is in its place."""
        self._over = True
        if self._file is None:
            return
        with suppress(OSError):  # what could not be written is not wanted any more
            self._file.close()
        self._part.unlink(missing_ok=True)

    @contextmanager
    def _told(self) -> Generator[None]:
        try:
            yield
        except OSError as error:
            raise TransferError(f"{self.path} can't be written: {error.strerror}") from error
