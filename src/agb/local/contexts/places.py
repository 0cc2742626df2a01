"""The folders of a session: whether its files are where the server can reach them."""

import os
import posixpath
import secrets
from collections.abc import Callable
from typing import Any

from attrs import frozen

from agb.local.contexts.service import Contexts
from agb.local.contexts.status import TaskType
from agb.local.contexts.tree import Tree
from agb.local.inside.paths import printable
from agb.local.sandbox import OperationError, Sandbox

_PREPARES_WITHIN = 20.0
"""Seconds that the sandbox may take to make a folder."""


@frozen(kw_only=True)
class Places:
    """The folders of one session.

    Attributes:
        contexts: Runs what blocks.
        sandbox: The session's sandbox.
    """

    contexts: Contexts
    sandbox: Sandbox

    def tree(self, check: Callable[[], None] = lambda: None) -> Tree:
        """Give the session's files; `check` is called every now and then."""
        sandbox = self.sandbox
        return Tree(root=sandbox.root, owner=sandbox.owner, check=check, most=sandbox.disk)

    async def prepare(self, path: str) -> None:
        """Make a folder in the session, and make sure that it is one of the session's own files.

        Some folders of a session are the machine's, and some are in memory.
        """
        probe = f"{path}/.agb-{secrets.token_hex(8)}"
        await self._ask("file.mkdir", path=path)
        try:
            await self._ask("file.write", path=probe, content="")
        except OperationError as error:
            raise OperationError(error.code, error.message.replace(probe, path)) from None
        try:
            await self.contexts.run(lambda: self._look_for(probe))
        finally:
            await self._ask("file.remove", path=probe)

    async def check_carried(self, path: str, task: TaskType) -> None:
        """Make sure that files can be carried to or from a folder of the session.

        Raises:
            OperationError: The session itself can't use it.
            OSError: Its files are not on disk, or not the session's own.
        """
        if task == "download":
            await self.prepare(path)
            return
        info = await self._ask("file.info", path=path)
        if not info["isDirectory"]:
            raise NotADirectoryError(f"{path} is not a directory")
        seen = await self._names(path)
        on_disk = await self.contexts.run(lambda: self._names_on_disk(path))
        if on_disk is None:
            raise _not_own(path)
        if (seen - on_disk) & await self._names(path):  # they have not just been removed
            raise _not_own(path)

    async def _names(self, path: str) -> set[str]:
        try:
            return {entry["name"] for entry in await self._ask("file.list", path=path)}
        except OperationError:  # it can't be listed by a session that may read files in it
            return set()

    def _names_on_disk(self, path: str) -> set[str] | None:
        """Name what is in a folder as the server sees it; None if there is no such folder."""
        tree = self.tree()
        try:
            with tree.folder(tree.resolve(path.encode("utf-8", "surrogateescape"))) as here:
                return {printable(name) for name in os.listdir(here)}  # noqa: PTH208 - an open folder
        except OSError:
            return None

    async def _ask(self, operation: str, **parameters: Any) -> Any:
        return await self.sandbox.request(operation, timeout=_PREPARES_WITHIN, **parameters)

    def _look_for(self, probe: str) -> None:
        if posixpath.basename(probe) not in (self._names_on_disk(posixpath.dirname(probe)) or ()):
            raise _not_own(posixpath.dirname(probe))


def _not_own(path: str) -> OSError:
    return OSError(f"{path} is not one of the session's own folders on disk")
