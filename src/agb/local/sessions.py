"""The sessions of this server: who is alive, for how long, and how they end."""

import asyncio
import logging
import secrets
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from agb.local.clock import Clock
from agb.local.connections import Connections
from agb.local.contexts import Contexts, MountRequest, Places, SessionMounts
from agb.local.images import Image
from agb.local.instance import remove_tree
from agb.local.pool import OpensSandboxes, Pool
from agb.local.refusals import (
    no_more_sessions,
    no_sandbox,
    not_saved,
    overloaded,
    session_not_found,
    stopping,
)
from agb.local.sandbox import Limits, Sandbox, SandboxError
from agb.local.session import DELETING, RUNNING, Session

_log = logging.getLogger(__name__)

_REFUSES_WITHIN = 1.0
"""Seconds that whoever asks for a release waits to hear that it would lose files."""
_STARTS_AT_ONCE = 32
"""Sandboxes that are started at one time; the others wait, for none would start in time."""
_WATCH_EVERY = 1.0
"""Seconds between two looks for sessions whose time is over."""


class Sessions:
    """All sessions of one server.

    Args:
        sandboxes: Opens the place where a session lives.
        limits: How much of the machine each session may use.
        contexts: What sessions can mount.
        folder: Holds a folder for each session.
        clock: Decides when a session's time is over.
        most: Sessions that may live at one time, sandboxes that are kept ready included.
        most_starting: Sessions that may be in the making at one time.
        warm: How many to keep ready.
        idle_timeout: Seconds without use after which a session is released, when its creator
            says nothing.
        max_lifetime: Seconds after which a session is released even if it is used; 0 for never.
    """

    def __init__(
        self,
        *,
        sandboxes: OpensSandboxes,
        limits: Limits,
        contexts: Contexts,
        folder: Path,
        clock: Clock,
        most: int,
        most_starting: int,
        warm: int,
        idle_timeout: int,
        max_lifetime: int,
    ) -> None:
        self._sandboxes = sandboxes
        self._limits = limits
        self._contexts = contexts
        self._folder = folder
        self.clock = clock
        self._most = most
        self._most_starting = most_starting
        self._starts = asyncio.Semaphore(_STARTS_AT_ONCE)
        self._idle_timeout = idle_timeout
        self._max_lifetime = max_lifetime
        self._sessions: dict[str, Session] = {}
        self._releases: dict[str, asyncio.Task[None]] = {}
        self._savings: dict[str, asyncio.Task[str]] = {}
        self._pool = Pool(sandboxes=sandboxes, folder=folder, size=warm, clock=clock)
        self._opening = 0
        self._made = 0
        self._closed = False

    async def create(
        self,
        image: Image,
        *,
        labels: Mapping[str, str],
        idle_timeout: int | None,
        mounts: Sequence[MountRequest] = (),
    ) -> Session:
        """Make a session; its mounts are there when this returns, their files a bit later.

        Raises:
            Refusal: There are too many, or its sandbox did not come up.
        """
        if self._closed:
            raise stopping()
        if len(self.active()) + self._opening >= self._most:
            raise no_more_sessions(self._most)
        if self._opening >= self._most_starting:
            raise overloaded(f"{self._opening} sessions are being made already")
        session_id = f"s-{secrets.token_hex(16)}"
        self._opening += 1
        try:
            sandbox = await self._sandbox(self._folder / session_id, fresh=bool(mounts))
        finally:
            self._opening -= 1
        now = self.clock.monotonic()
        self._made += 1
        session = self._sessions[session_id] = Session(
            id=session_id,
            number=self._made,
            image=image,
            sandbox=sandbox,
            mounts=SessionMounts(
                contexts=self._contexts,
                session_id=session_id,
                places=Places(contexts=self._contexts, sandbox=sandbox),
            ),
            limits=self._limits,
            clock=self.clock,
            labels=dict(labels),
            idle_timeout=idle_timeout or self._idle_timeout,
            started=now,
            used=now,
        )
        _log.info("session %s made of %s", session_id, image.id)
        try:
            with self.in_use(session_id):
                await session.mounts.begin(mounts)
        except BaseException:
            self._begin_release(session, "it could not be made")
            raise
        return session

    async def _sandbox(self, folder: Path, *, fresh: bool) -> Sandbox:
        """Give one that is ready, or start one: Python may be in need of what will be mounted."""
        ready = None if fresh else self._pool.take()
        if ready:
            return ready
        if self._room() < 0:
            self._pool.give_up_one()
        return await self._open(folder)

    @property
    def ready(self) -> int:
        """How many sandboxes are ready for sessions to come."""
        return self._pool.ready

    @property
    def opening(self) -> int:
        """How many sessions are being made."""
        return self._opening

    @property
    def ending(self) -> int:
        """How many sessions are being released."""
        return len(self._releases)

    def _room(self) -> int:
        """Count the sandboxes that there may be on top of those that are."""
        return self._most - len(self.active()) - self._opening - len(self._pool)

    async def _open(self, folder: Path) -> Sandbox:
        try:
            async with self._starts:
                sandbox = await self._sandboxes.open(folder)
        except SandboxError as error:
            await asyncio.to_thread(remove_tree, folder)
            _log.warning("a sandbox did not come up: %s", error)
            raise no_sandbox(str(error)) from None
        if self._closed:
            await sandbox.aclose()
            raise stopping()
        return sandbox

    def active(self) -> list[Session]:
        """Give the sessions that can be used, newest first."""
        alive = [session for session in self._sessions.values() if not self._is_over(session)]
        return sorted(alive, key=lambda session: session.number, reverse=True)

    def find(self, session_id: str) -> Session:
        """Look up a session that can be used; its idle time runs on.

        Raises:
            Refusal: There is none of that id.
        """
        session = self._sessions.get(session_id)
        if session is None or self._is_over(session):
            raise session_not_found(session_id)
        return session

    def touch(self, session_id: str) -> Session:
        """Look up a session that can be used and start its idle time afresh.

        Raises:
            Refusal: There is none of that id.
        """
        session = self.find(session_id)
        session.used = self.clock.monotonic()
        return session

    def touch_even_if_ending(self, session_id: str) -> Session:
        """Like `touch`, but also look up a session that is being released.

        Raises:
            Refusal: There is none of that id.
        """
        session = self._sessions.get(session_id)
        return session if session and self._is_over(session) else self.touch(session_id)

    @contextmanager
    def in_use(self, session_id: str) -> Generator[Session]:
        """Keep a session from being idle for as long as the block runs.

        Raises:
            Refusal: There is none of that id.
        """
        session = self.touch(session_id)
        session.calls += 1
        try:
            yield session
        finally:
            session.calls -= 1
            session.used = self.clock.monotonic()
            self._is_over(session)  # its sandbox may have ended during the call

    def status(self, session_id: str) -> str:
        """Tell where a session is in its life; its idle time runs on.

        Raises:
            Refusal: There is none of that id.
        """
        session = self._sessions.get(session_id)
        if session is None:
            raise session_not_found(session_id)
        self._is_over(session)
        return session.status

    def time_left(self, session: Session) -> float:
        """Give the seconds until a session is released even if it is used; -1 for never."""
        return max(0.0, self._max_lifetime - session.age) if self._max_lifetime else -1.0

    async def begin_release(self, session_id: str) -> None:
        """Begin to release a session whose client asks for it.

        Its files are brought back first. When that fails the session is not released, and can be
        used again, unless that has been so before. This returns as soon as it is known, or after
        a second.

        Raises:
            Refusal: There is none of that id, or its files could not be brought back.
        """
        session = self.find(session_id)
        self._begin_release(session, "its client asked for it", hold=not session.held)
        await self._saved(session_id, timeout=_REFUSES_WITHIN)

    async def release(self, session_id: str) -> None:
        """Release a session; nothing of it is left when this returns.

        Raises:
            Refusal: There is none of that id, or its files could not be brought back.
        """
        session = self.find(session_id)
        self._begin_release(session, "its client asked for it", hold=not session.held)
        release = self._releases[session_id]
        await self._saved(session_id, timeout=None)
        await asyncio.shield(release)

    async def _saved(self, session_id: str, timeout: float | None) -> None:  # noqa: ASYNC109 - bounds the waiting, not the saving
        saving = self._savings[session_id]
        await asyncio.wait({saving}, timeout=timeout)
        if saving.done() and saving.result():
            raise not_saved(session_id, saving.result())

    async def watch(self) -> None:
        """Release sessions whose time is over, for ever."""
        while True:
            await self.clock.sleep(_WATCH_EVERY)
            self.active()

    async def keep_ready(self) -> None:
        """Have sandboxes ready for sessions to come, for ever."""
        await self._pool.keep(self._room)

    async def settle(self) -> None:
        """Wait until every release that has begun is done."""
        if self._releases:
            await asyncio.wait(self._releases.values())

    def give_up_saving(self) -> None:
        """Bring nothing more back to contexts: there is no time."""
        self._contexts.stop()

    async def aclose(self) -> None:
        """Release every session, and refuse to make more."""
        self._closed = True
        for session in list(self._sessions.values()):
            if session.status == RUNNING:
                self._begin_release(session, "this AGB is stopping")
        await self._pool.aclose()
        await self.settle()

    def _is_over(self, session: Session) -> bool:
        """Tell whether a session can't be used any more; begins its release if it is time."""
        if session.status == RUNNING and (why := self._why_over(session)):
            self._begin_release(session, why)
        return session.status != RUNNING

    def _why_over(self, session: Session) -> str | None:
        if not session.sandbox.alive:
            return "its sandbox has ended"
        if self._max_lifetime and session.age >= self._max_lifetime:
            return f"it has lived for {self._max_lifetime} s"
        if session.idle >= session.idle_timeout:
            return f"it was idle for {session.idle_timeout} s"
        return None

    def _begin_release(self, session: Session, why: str, *, hold: bool = False) -> None:
        """Begin a release; one that may `hold` is given up when it would lose files."""
        _log.info("session %s is released: %s", session.id, why)
        session.status = DELETING
        session.connections.close()
        session.ending.set()
        saving = asyncio.create_task(self._save(session, hold), name=f"saving of {session.id}")
        task = asyncio.create_task(self._release(session), name=f"release of {session.id}")
        self._savings[session.id], self._releases[session.id] = saving, task
        task.add_done_callback(_log_failure)

    async def _save(self, session: Session, hold: bool) -> str:
        """Bring a session's files back; give why it is not to be released."""
        problem = await session.mounts.save() if session.mounts.saves else ""
        if not (problem and hold and session.sandbox.alive) or self._closed:
            return ""
        self._hold(session, problem)
        return problem

    async def _release(self, session: Session) -> None:
        held = ""
        try:
            held = await self._savings[session.id]
        finally:
            try:
                if not held:
                    await self._end(session)
            finally:
                del self._releases[session.id], self._savings[session.id]

    def _hold(self, session: Session, problem: str) -> None:
        _log.warning("session %s is not released: %s", session.id, problem)
        session.mounts.resume()
        session.held, session.status, session.ending = True, RUNNING, asyncio.Event()
        session.connections = Connections(session.sandbox)
        session.used = self.clock.monotonic()

    async def _end(self, session: Session) -> None:
        try:
            try:
                await session.mounts.finish()
            finally:
                await session.sandbox.aclose()
        finally:
            del self._sessions[session.id]


def _log_failure(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and (error := task.exception()):
        _log.error("the %s failed", task.get_name(), exc_info=error)
