"""What changes below a path, told as it happens."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from agb import _checks, _file_reading, results
from agb._async.file_contents import AsyncFileContents
from agb._async.reported import reported
from agb._async.tools import AsyncTools
from agb._concurrency import aio
from agb._watching import Known, is_over, is_passing
from agb._wire import tools
from agb.exceptions import AGBError, InvalidParamsError

_log = logging.getLogger("agb")

_TRIES = 5
"""So often in a row an AGB may fail to answer, with ever longer pauses between."""

Callback = Callable[[Sequence["results.FileChangeEvent"]], object]


class AsyncFileWatch:
    """Changes below a path, one after the other. Made by `session.file.watch`; use it in a block.

    Nothing is missed between entering the block and leaving it. An AGB tells each change once: when
    its answer is lost, what is there is compared with what was there. Of a change in that time it
    may be told twice, and not at all of a file that came and went within it.
    """

    def __init__(
        self,
        caller: AsyncTools,
        path: str,
        interval: float,
        *,
        recover: bool,
        watched: set[str],
    ) -> None:
        self.path: str = _checks.path("path", path)
        self._interval = _checks.seconds("interval", interval)
        self._tools = caller
        self._contents = AsyncFileContents(caller)
        self._recover = recover
        self._watched = watched
        self._known: Known | None = None
        self._lost = False
        self._unseen: list[results.FileChangeEvent] = []
        self._told: list[results.FileChangeEvent] = []
        self._stop_event: aio.AnyEvent | None = None

    async def __aenter__(self) -> Self:
        self._stop_event = aio.Event()
        self._claim()
        try:
            await self.begin()
        except BaseException:
            self._release()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
        self._release()

    def stop(self) -> None:
        """End the watch: who waits for a change is told that there are no more."""
        if self._stop_event is not None:
            self._stop_event.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> results.FileChangeEvent:
        if not self._told:
            self._told = (await self.next_changes())[::-1]
        if not self._told:
            raise StopAsyncIteration
        return self._told.pop()

    async def next_changes(self) -> list[results.FileChangeEvent]:
        """Wait for the next changes.

        Returns:
            All there are, at least one; none once the watch has been stopped.

        Raises:
            FileError: The path is gone.
            SessionNotFoundError: The session is gone.
            APIConnectionError: The AGB does not answer any more, not even when asked again.
        """
        if self._stop_event is None:
            raise InvalidParamsError("a watch is used in a `with` block")
        failures = 0
        while not self._stop_event.is_set():
            try:
                changes = await self.poll()
            except AGBError as error:
                failures += 1
                if not (self._recover and is_passing(error)) or failures >= _TRIES:
                    raise
            else:
                if changes:
                    return changes
                failures = 0
            await aio.wait_for(self._stop_event, self._interval * 2**failures)
        return []

    async def begin(self) -> None:
        """Note what is there now: what changes from here on is told."""
        if self._recover:
            self._known = Known(await self._top(), (await self._contents.walk(self.path))[0])
        await self._ask()

    async def poll(self) -> list[results.FileChangeEvent]:
        """Ask once what has changed, and find out what was told in a lost answer."""
        try:
            events = await self._ask()
            self._unseen += events
            if self._lost and self._known is not None:
                found, _ = await self._contents.walk(self.path)
                self._unseen = self._known.compare(found, self._unseen)
            elif self._known is not None:
                self._known.note(events)
        except BaseException:  # cancelled or not: an answer may have been lost
            self._lost = True
            raise
        self._lost = False
        changes, self._unseen = self._unseen, []
        return changes

    async def run(self, callback: Callback, ready: aio.AnyEvent, stop: aio.AnyEvent) -> None:
        """Tell a callback of changes until stopped, whatever happens but the session's end."""
        self._stop_event = stop
        try:
            self._claim()
            await self._go_on(callback, ready, stop)
        finally:
            ready.set()

    async def _go_on(self, callback: Callback, ready: aio.AnyEvent, stop: aio.AnyEvent) -> None:
        begun, told = False, ""
        try:
            while not stop.is_set():
                changes: list[results.FileChangeEvent] = []
                try:
                    if begun:
                        changes = await self.poll()
                    else:
                        await self.begin()
                except AGBError as error:
                    if is_over(error):
                        return
                    told = self._tell(error, told)
                    begun = begun or self._begins_empty(error)
                else:
                    begun, told = True, ""
                ready.set()
                if changes:
                    callback(changes)
                await aio.wait_for(stop, self._interval)
        finally:
            self._release()

    def _begins_empty(self, error: AGBError) -> bool:
        """Begin with nothing where nothing is; whatever comes is then new."""
        if not _file_reading.is_missing(error):
            return False
        self._known = Known(self.path, ()) if self._recover else None
        self._lost = True
        return True

    def _tell(self, error: AGBError, told: str) -> str:
        """Log what went wrong; the same thing once."""
        if error.message != told:
            _log.warning("watching %s goes on after: %s", self.path, error.message)
        return error.message

    def _claim(self) -> None:
        """Refuse a second watch of one path: each of them would miss what the other is told."""
        if self.path in self._watched:
            raise InvalidParamsError(f"{self.path} is watched already: tell each change from there")
        self._watched.add(self.path)

    def _release(self) -> None:
        self._watched.discard(self.path)

    async def _ask(self) -> list[results.FileChangeEvent]:
        answer = await self._tools.call(tools.GET_FILE_CHANGE, _checks.at(self.path))
        return list(_file_reading.change_result(answer).events)

    async def _top(self) -> str:
        """Return the path as changes below it are told."""
        if self.path.startswith("/"):
            return self.path
        facts = _file_reading.file_facts(
            await self._tools.call(tools.GET_FILE_INFO, _checks.at(self.path))
        )
        return str(facts.get("path", self.path))


class AsyncFileWatching:
    """The part of `session.file` that tells of changes."""

    def __init__(self, caller: AsyncTools) -> None:
        self._tools = caller
        self._watched: set[str] = set()

    @reported
    async def get_file_change(self, path: str) -> results.FileChangeResult:
        """Tell what changed below a path since the last call for it.

        Args:
            path: File or directory to look at. The first call only notes how it is.
        """
        return _file_reading.change_result(
            await self._tools.call(tools.GET_FILE_CHANGE, _checks.at(path))
        )

    def watch(self, path: str, interval: float = 1.0, *, recover: bool = True) -> AsyncFileWatch:
        """Watch a file, or a directory and all below it: a block to iterate over changes in.

        A path has one watch, for an AGB tells each change once, to whoever asks first: a second
        one of the same session object is refused, and others are yours to avoid. Asking keeps the
        session alive.

        Args:
            path: What to watch.
            interval: Seconds between two questions, above 0.
            recover: Whether to list the directory at first, so that it can be compared with if an
                answer is lost on its way. Without it, a lost answer ends the watch with its error.

        Returns:
            A scope in which no change is missed. Iterating ends when it is left or stopped, and
            raises when the path or the session is gone.

        Example:
            ```python
            async with session.file.watch("/tmp/inbox") as changes:
                async for change in changes:
                    print(change.event_type, change.path)
            ```
        """
        return AsyncFileWatch(self._tools, path, interval, recover=recover, watched=self._watched)

    def watch_dir(
        self,
        path: str,
        callback: Callback,
        interval: float = 1.0,
        stop_event: aio.AnyEvent | None = None,
        *,
        recover: bool = True,
    ) -> aio.Watcher:
        """Watch a directory, calling back with changes until stopped.

        A failure is logged and the watch goes on, for a directory that is missing, too; it ends
        with the session, or with what the callback raises.

        Args:
            path: What to watch.
            callback: Is given the events, at least one.
            interval: Seconds between two questions, above 0.
            stop_event: Ends the watch once it is set. Default: a new one.
            recover: Whether to list the directory at first, so that it can be compared with if an
                answer is lost on its way. Without it, changes in a lost answer are missed.

        Returns:
            What watches, not yet begun, with `stop_event` and `ready_event`; the latter is set
            once nothing is missed any more, or the first failure has been logged. With `AsyncAGB`,
            run it in a task of your own; with `AGB` it is a daemon thread to start.

        Example:
            ```python
            watcher = session.file.watch_dir("/tmp/inbox", print)
            await watcher.run()
            ```
        """
        watch = AsyncFileWatch(self._tools, path, interval, recover=recover, watched=self._watched)
        return aio.Watcher(lambda ready, stop: watch.run(callback, ready, stop), stop_event)
