"""Sandboxes that are kept ready, with Python started in them, for sessions to come."""

import asyncio
import logging
import secrets
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from agb.local.clock import Clock
from agb.local.instance import remove_tree
from agb.local.sandbox import HOME, OperationError, Sandbox, SandboxError

_log = logging.getLogger(__name__)

QUIET = 1.0
"""Seconds without a new session after which sandboxes are made ready for the next ones: who has
just made a session is to have the machine for it."""

_STARTS_WITHIN = 60.0
"""Seconds that Python may take to start."""
_PACKAGES = f"{HOME}/.local/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
"""Python looks for a user's packages here only if the folder is there when it starts."""


class OpensSandboxes(Protocol):
    """Whatever can give a session its place to live."""

    async def open(self, root: Path) -> Sandbox:
        """Start a sandbox whose files live in the host folder `root`."""
        raise NotImplementedError


class Pool:
    """Keeps sandboxes ready once a first session has been asked for.

    Args:
        sandboxes: Opens them.
        folder: Holds a folder for each.
        size: How many; 0 for none.
        clock: Decides when it has been quiet for long enough.
    """

    def __init__(self, *, sandboxes: OpensSandboxes, folder: Path, size: int, clock: Clock) -> None:
        self._sandboxes = sandboxes
        self._folder = folder
        self._size = size
        self._clock = clock
        self._ready: list[Sandbox] = []
        self._making = 0
        self._asked = asyncio.Event()
        self._asked_at = 0.0
        self._closing: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        """Count those that are ready, and the one that is being made."""
        return len(self._ready) + self._making

    @property
    def ready(self) -> int:
        """How many are ready."""
        return len(self._ready)

    def take(self) -> Sandbox | None:
        """Give a sandbox away, if one is ready."""
        self._note()
        while self._ready:
            sandbox = self._ready.pop(0)
            if sandbox.alive:
                return sandbox
            self._close(sandbox)
        return None

    def give_up_one(self) -> None:
        """Have one less, so that there is room for another sandbox."""
        self._note()
        if self._ready:
            self._close(self._ready.pop())

    async def keep(self, room: Callable[[], int]) -> None:
        """Make sandboxes ready when it is quiet, for ever.

        Args:
            room: Tells how many more sandboxes there may be.
        """
        while self._size:
            await self._asked.wait()
            self._asked.clear()
            while (left := self._asked_at + QUIET - self._clock.monotonic()) > 0:
                await self._clock.sleep(left)
            try:
                while len(self._ready) < self._size and room() > 0:
                    await self._make_ready(room)
            except (SandboxError, TimeoutError) as error:
                _log.warning("no sandbox could be kept ready: %s", error)

    async def aclose(self) -> None:
        """End those that are ready."""
        while self._ready:
            self._close(self._ready.pop())
        if self._closing:
            await asyncio.wait(self._closing)

    async def _make_ready(self, room: Callable[[], int]) -> None:
        self._making = 1
        try:
            sandbox = await self._opened()
            if room() < 0:  # sessions have taken it meanwhile
                self._close(sandbox)
            else:
                self._ready.append(sandbox)
        finally:
            self._making = 0

    async def _opened(self) -> Sandbox:
        folder = self._folder / f"ready-{secrets.token_hex(8)}"
        try:
            sandbox = await self._sandboxes.open(folder)
        except SandboxError:
            await asyncio.to_thread(remove_tree, folder)
            raise
        try:
            with suppress(OperationError):  # a Python that can't be started is told to who runs it
                await sandbox.request("file.mkdir", path=_PACKAGES)
                await sandbox.request("warm", language="python", timeout=_STARTS_WITHIN)
        except BaseException:
            self._close(sandbox)
            raise
        return sandbox

    def _note(self) -> None:
        self._asked_at = self._clock.monotonic()
        self._asked.set()

    def _close(self, sandbox: Sandbox) -> None:
        task = asyncio.create_task(sandbox.aclose())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
