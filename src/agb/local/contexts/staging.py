"""Contents on their way into the store: staged in a file aside, synced, and only then named."""

import errno
import hashlib
import os
from contextlib import suppress
from pathlib import Path

from attrs import frozen

from agb.local.contexts.values import Object


@frozen(kw_only=True)
class Put:
    """An object to be stored, with the staged file of its contents if it has any."""

    object: Object
    staged: Path | None = None


def sync_folder(folder: Path) -> None:
    """Bring a folder's names to disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Writing:
    """Writes contents to a staged file, and knows their size and checksum."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size: int = 0
        self._sums = hashlib.sha256()
        self._file = path.open("xb")

    def write(self, data: bytes) -> None:
        """Add data."""
        self._file.write(data)
        self._sums.update(data)
        self.size += len(data)

    def done(self) -> str:
        """Bring all of it to disk; gives the checksum."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        return self._sums.hexdigest()

    def close(self) -> None:
        """Give the file up, as far as it is."""
        with suppress(OSError):  # there may be no room for the rest, which nobody wants any more
            self._file.close()


def is_full(error: OSError) -> bool:
    """Tell whether there is no room for what was to be written."""
    return error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
