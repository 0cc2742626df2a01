"""The contexts of a server, for code that must not block."""

import asyncio
import logging
import sqlite3
import threading
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from attrs import define, field

from agb.local.clock import Clock
from agb.local.contexts.index import TooNew
from agb.local.contexts.staging import is_full
from agb.local.contexts.store import Store
from agb.local.contexts.tree import Stopped
from agb.local.contexts.unsaved import Unsaved
from agb.local.refusals import Refusal, no_room

T = TypeVar("T")

_log = logging.getLogger(__name__)

_QUICK, _LONG = 8, 4
"""Threads for questions to the index, and for runs that copy files."""
_SWEEP_EVERY = 60 * 60.0
"""Seconds between two looks for what has expired."""


class Unusable(Exception):  # noqa: N818 - says what is the matter
    """The folder of the contexts can't be used."""


@define(kw_only=True, eq=False)
class Contexts:
    """The contexts of a server.

    Attributes:
        store: Where they are kept; its methods block.
        unsaved: Where the files of sessions go that could not be brought back.
        clock: Tells the time.
    """

    store: Store
    unsaved: Unsaved
    clock: Clock
    _quick: ThreadPoolExecutor = field(
        factory=lambda: ThreadPoolExecutor(_QUICK, "contexts"), init=False
    )
    _long: ThreadPoolExecutor = field(
        factory=lambda: ThreadPoolExecutor(_LONG, "synchronises"), init=False
    )
    _stopping: threading.Event = field(factory=threading.Event, init=False)
    _background: set["asyncio.Task[None]"] = field(factory=set["asyncio.Task[None]"], init=False)

    async def run(self, work: Callable[[], T]) -> T:
        """Do something short that blocks.

        Raises:
            Refusal: The disk is full.
        """
        try:
            return await asyncio.get_running_loop().run_in_executor(self._quick, work)
        except OSError as error:
            if is_full(error):
                raise no_room() from None
            raise

    async def run_long(self, work: Callable[[], T]) -> T:
        """Do something that blocks and takes its time; it must call `check` meanwhile."""
        return await asyncio.get_running_loop().run_in_executor(self._long, work)

    def check(self) -> None:
        """Go on, unless the server must end now.

        Raises:
            Stopped: It must.
        """
        if self._stopping.is_set():
            raise Stopped("the AGB had to stop")

    def tidy_later(self, key: int) -> None:
        """Remove what nothing names any more, in the background."""
        task = asyncio.create_task(self.run(lambda: self.store.tidy(key)), name="tidying")
        self._background.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._background.discard(task)
        if not task.cancelled() and (error := task.exception()):
            _log.error("removing old contents failed", exc_info=error)

    async def sweep(self) -> None:
        """Remove what has expired, now and then, for ever."""
        while True:
            try:
                await self.run(self.store.expire)
            except (OSError, Refusal) as error:
                _log.warning("what has expired could not be removed: %s", error)
            await self.clock.sleep(_SWEEP_EVERY)

    def stop(self) -> None:
        """Make what is under way end as soon as it can."""
        self._stopping.set()

    async def aclose(self) -> None:
        """End what is under way as soon as it can be."""
        self.stop()
        if self._background:
            await asyncio.wait(self._background)
        await asyncio.to_thread(self._long.shutdown)
        await asyncio.to_thread(self._quick.shutdown)
        self.store.close()


@asynccontextmanager
async def serving_contexts(
    data_dir: Path, folder: Path, *, owner: str, clock: Clock
) -> AsyncGenerator[Contexts]:
    """Open the contexts in a data folder for as long as the block runs.

    Args:
        data_dir: The data folder; other servers may use it, too.
        folder: This server's own folder in it, see `instance_folder`.
        owner: Whose contexts they are.
        clock: Tells what has expired.

    Raises:
        Unusable: They can't be opened.
    """
    unsaved = data_dir / "unsaved"
    try:
        unsaved.mkdir(mode=0o700, exist_ok=True)  # now, since later there may be no room for it
        store = Store.open(
            data_dir / "contexts", stage=folder / "stage", owner=owner, now=clock.now
        )
    except (OSError, sqlite3.Error, TooNew) as error:
        raise Unusable(f"can't use the contexts in {data_dir}: {error}") from None
    contexts = Contexts(store=store, unsaved=Unsaved(folder=unsaved), clock=clock)
    try:
        try:
            await contexts.run(store.recover)
        except (OSError, Refusal) as error:
            raise Unusable(f"can't use the contexts in {data_dir}: {error}") from None
        sweeping = asyncio.create_task(contexts.sweep(), name="sweeping contexts")
        try:
            yield contexts
        finally:
            sweeping.cancel()
            await asyncio.wait([sweeping])
    finally:
        await contexts.aclose()
