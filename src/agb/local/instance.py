"""The folder of one running server, held by a lock that dies with the process."""

import fcntl
import logging
import os
import secrets
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from agb.local import removal

_log = logging.getLogger(__name__)

_LOCK = "lock"


@contextmanager
def instance_folder(data_dir: Path) -> Generator[Path]:
    """Make a folder for this server, and remove those that dead servers left behind.

    The folder is gone when the block ends. A server that is killed leaves its folder to the next
    one, which knows by the free lock that nobody needs it.

    Args:
        data_dir: Where the server keeps what it has on disk; made if it is missing.

    Raises:
        OSError: The folder can't be made.
    """
    run = data_dir / "run"
    run.mkdir(mode=_mode(), parents=True, exist_ok=True)
    with ExitStack() as stack:
        with _held(run / _LOCK):  # nobody may take a folder for dead before it is locked
            _sweep(run)
            folder = run / secrets.token_hex(8)
            folder.mkdir(mode=_mode())
            stack.enter_context(_held(folder / _LOCK))
        try:
            yield folder
        finally:
            remove_tree(folder)


def _mode() -> int:
    """Let the sessions of a server of root through to what is theirs: they may be own users."""
    return 0o700 if os.geteuid() else 0o711


def remove_tree(folder: Path) -> None:
    """Remove a folder with all it holds, whatever its modes; what can't be removed is logged."""
    try:
        removal.remove_tree(folder)
    except OSError as error:
        _log.warning("could not remove all of %s: %s", folder, error)


def _sweep(run: Path) -> None:
    for folder in run.iterdir():
        if not folder.is_dir():
            continue
        try:
            with _held(folder / _LOCK, wait=False):
                _log.info("removing what a server that is gone left in %s", folder)
                remove_tree(folder)
        except OSError as error:  # its server is alive, or is removing it at this moment
            _log.debug("leaving %s alone: %s", folder, error)


@contextmanager
def _held(path: Path, *, wait: bool = True) -> Generator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield
    finally:
        os.close(descriptor)
