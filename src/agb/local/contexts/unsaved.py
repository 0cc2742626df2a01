"""Where the files of a session go that ended before its contexts had them."""

import logging
import os
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from attrs import frozen

from agb.local.contexts.mounting import Mount
from agb.local.contexts.tree import Tree

_log = logging.getLogger(__name__)

_LONGEST_PART = 200


@frozen(kw_only=True)
class Unsaved:
    """A folder for what could not be saved, on the file system of the sessions' own files.

    Attributes:
        folder: Where it all goes.
    """

    folder: Path

    def keep(self, mount: Mount, tree: Tree, *, session_id: str, now: datetime) -> None:
        """Move a mount's folder out of a session, which takes no room; the log says where to.

        Args:
            mount: The mount.
            tree: The files of the session.
            session_id: The session.
            now: The time that is a part of the name.
        """
        name = f"{session_id}-{now:%Y%m%dT%H%M%S}"
        try:
            parts = tree.resolve(b"/" + mount.place)
            with tree.folder(parts[:-1]) as here:
                kept = self._moved(here, parts[-1], mount, name)
        except (OSError, IndexError) as error:
            _log.error("%s of %s is lost: %s", mount.path, session_id, error)
        else:
            _log.error(
                "%s of %s could not be brought to context %s and is kept in %s",
                mount.path, session_id, mount.context_id, kept,
            )  # fmt: skip

    def _moved(self, here: int, name: bytes, mount: Mount, session: str) -> Path:
        """Move a folder to its place, or right into our folder where there is no room for more."""
        place = Path(os.fsdecode(mount.place))
        target = self.folder / _part(mount.context_id) / session / place
        try:
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError:
            target = self.folder / _part(f"{mount.context_id}-{session}-{place}")
        os.rename(name, target, src_dir_fd=here)
        return target


def _part(text: str) -> str:
    """Make a file's name of a text that somebody chose."""
    return quote(text, safe="").replace(".", "%2E")[:_LONGEST_PART]
