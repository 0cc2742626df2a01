"""The contexts that one session has mounted, and the tasks that synchronise them."""

import asyncio
import logging
import threading
from collections.abc import Sequence

from attrs import define, field

from agb._wire.messages.contexts import ContextStatusLine
from agb.context_sync import BWList, DeletePolicy, ExtractPolicy, SyncPolicy
from agb.local.contexts.causes import CAUSES, explained
from agb.local.contexts.download import Download
from agb.local.contexts.mounting import Mount
from agb.local.contexts.places import Places
from agb.local.contexts.requests import MountRequest, check_folder, normal
from agb.local.contexts.service import Contexts
from agb.local.contexts.status import FAILED, PREPARING, RUNNING, SUCCESS, Line, TaskType
from agb.local.contexts.tree import Stopped
from agb.local.contexts.upload import Upload
from agb.local.contexts.values import Context
from agb.local.refusals import Refusal, context_not_mounted

_log = logging.getLogger(__name__)

TRANSFER_TYPE = "file_transfer"
TRANSFER_PATH = "/tmp/file_transfer"  # noqa: S108 - the session's own
BROWSER_PATH = "/tmp/agb_browser_data"  # noqa: S108 - the session's own

_WAITS = 1.0
"""Seconds that the creation of a session waits for its mounts, to spare its caller asking."""
_SHOWN = 3
"""So many problems of one task are told."""

_TRANSFER_POLICY = SyncPolicy(
    delete_policy=DeletePolicy(), extract_policy=ExtractPolicy(extract=False), bw_list=BWList()
)


@define(kw_only=True, eq=False)
class SessionMounts:
    """The contexts that one session has mounted.

    Args:
        contexts: Where they are.
        session_id: The session, for the log.
        places: Its folders.
    """

    _contexts: Contexts = field(alias="contexts")
    _session_id: str = field(alias="session_id")
    _places: Places = field(alias="places")
    _mounts: list[Mount] = field(factory=list[Mount], init=False)
    _transfer: Context | None = field(default=None, init=False)
    _transfers: dict[str, Mount] = field(factory=dict[str, Mount], init=False)
    _lines: dict[tuple[str, str, TaskType], Line] = field(
        factory=dict[tuple[str, str, TaskType], Line], init=False
    )
    _tasks: set["asyncio.Task[None]"] = field(factory=set["asyncio.Task[None]"], init=False)
    _turn: asyncio.Lock = field(factory=asyncio.Lock, init=False)
    _making: asyncio.Lock = field(factory=asyncio.Lock, init=False)
    _ending: threading.Event = field(factory=threading.Event, init=False)
    _unsaved: dict[str, Mount] = field(factory=dict[str, Mount], init=False)
    """Mounts of which the last upload failed as a whole, by their paths."""

    @property
    def busy(self) -> bool:
        """Whether something is being synchronised."""
        return bool(self._tasks)

    async def begin(self, requests: Sequence[MountRequest]) -> None:
        """Mount contexts: their paths are there when this returns, their files a bit later.

        What can't be mounted is told by `lines`.
        """
        for request in requests:
            await self._mount(request)
        places = [mount.place for mount in self._mounts]
        for mount in self._mounts:
            mount.others = [p for p in places if p.startswith(mount.place + b"/")]
            if mount.policy.download_policy.auto_download:
                self._start(mount, "download")
            else:
                self._line(mount.context_id, mount.path, "download").status = SUCCESS
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_WAITS)

    async def _mount(self, request: MountRequest) -> None:
        line = self._line(request.context_id, request.path, "download")
        try:
            context = await self._find(request)
            await self._places.prepare(normal(request.path))
        except CAUSES as error:
            line.status, line.problem = FAILED, explained(error)
            line.finished = self._time()
            _log.warning("session %s can't mount at %s: %s", self._session_id, request.path, error)
            return
        mount = Mount(
            key=context.key, context_id=context.id, path=request.path, policy=request.policy
        )
        await self._contexts.run(lambda: self._note_use(mount))
        self._mounts.append(mount)

    def _note_use(self, mount: Mount) -> None:
        self._contexts.store.keep_for(mount.key, mount.lifetimes())
        self._contexts.store.note_place(mount.key, mount.place)
        self._contexts.store.touch(mount.key)

    async def _find(self, request: MountRequest) -> Context:
        """Look a context up; programs name browsers' contexts without having made them."""
        store = self._contexts.store
        if normal(request.path) == BROWSER_PATH:
            return await self._contexts.run(lambda: store.adopt(request.context_id))
        return await self._contexts.run(lambda: store.get(request.context_id))

    # What is asked for while the session lives.

    async def load_transfer(self) -> Context:
        """Give the session's own context for file transfers, made the first time.

        Raises:
            Refusal: Its folder can't be made in the session.
        """
        async with self._making:
            if self._transfer is None:
                try:
                    await self._places.prepare(TRANSFER_PATH)
                except CAUSES as error:
                    raise Refusal(
                        400, "InvalidMcpSession.NotUsable", f"{TRANSFER_PATH}: {explained(error)}"
                    ) from None
                self._transfer = await self._contexts.run(self._contexts.store.make_internal)
            return self._transfer

    def synchronise(self, task: TaskType, context_id: str | None, path: str | None) -> None:
        """Begin to synchronise mounts, or the one that is named.

        Raises:
            Refusal: There is no such mount.
        """
        for mount in self._chosen(context_id, path):
            self._start(mount, task)

    def _chosen(self, context_id: str | None, path: str | None) -> list[Mount]:
        if path is not None:
            check_folder(path, "path")
        if context_id and self._transfer and context_id == self._transfer.id:
            return [self._transfer_at(self._transfer, path or TRANSFER_PATH)]
        chosen = [
            mount
            for mount in self._mounts
            if (not context_id or mount.context_id == context_id)
            and (not path or normal(mount.path) == normal(path))
        ]
        if not chosen and (context_id or path):
            raise context_not_mounted(context_id or "", path or "")
        return chosen

    def _transfer_at(self, context: Context, path: str) -> Mount:
        """Give the mount for transfers to and from a folder.

        Of folders other than the context's own only the files right in them are exchanged.
        """
        if path not in self._transfers:
            self._transfers[path] = Mount(
                key=context.key,
                context_id=context.id,
                path=path,
                policy=_TRANSFER_POLICY,
                full=True,
                deep=normal(path) == TRANSFER_PATH,
            )
        return self._transfers[path]

    def lines(
        self, context_id: str | None, path: str | None, task: str | None
    ) -> list[ContextStatusLine]:
        """Tell of the last task of each mount in each direction; transfers only by their id."""
        own = self._transfer.id if self._transfer else None
        return [
            line.written()
            for line in self._lines.values()
            if line.context_id == (context_id or line.context_id)
            and (context_id or line.context_id != own)
            and (not path or normal(line.path) == normal(path))
            and task in {None, "", line.task}
        ]

    @property
    def saves(self) -> bool:
        """Whether anything is to be brought back at the end."""
        return bool(self._tasks) or any(map(_is_saved, self._mounts))

    async def save(self) -> str:
        """Bring back what is to be brought back at the end.

        Returns:
            What of it could not be brought back at all, with context, path and cause; nothing
            if there was none. Single files that can't be read are told by `lines` only.
        """
        self._ending.set()
        if self._tasks:
            await asyncio.wait(self._tasks)
        self._unsaved.clear()
        for mount in filter(_is_saved, self._mounts):
            self._start(mount, "upload")
        if self._tasks:
            await asyncio.wait(self._tasks)
        lost = [
            self._line(mount.context_id, mount.path, "upload") for mount in self._unsaved.values()
        ]
        return "; ".join(
            f"context {line.context_id} at {line.path}: upload failed: {line.problem}"
            for line in lost
        )

    def resume(self) -> None:
        """Go on after all, with what could not be saved still in the session."""
        self._ending.clear()

    async def finish(self) -> None:
        """Keep what could not be saved; forget the session's own context."""
        for path in sorted(self._unsaved):
            self._contexts.unsaved.keep(
                self._unsaved[path],
                self._places.tree(),
                session_id=self._session_id,
                now=self._contexts.clock.now(),
            )
        if self._transfer:
            key = self._transfer.key
            await self._contexts.run(lambda: self._contexts.store.delete_internal(key))

    # Tasks.

    def _start(self, mount: Mount, task: TaskType) -> None:
        line = self._line(mount.context_id, mount.path, task)
        line.latest += 1
        line.status, line.problem, line.finished = PREPARING, "", 0
        line.started = self._time()
        work = self._synchronise(mount, task, line, line.latest)
        running = asyncio.create_task(work, name=f"{task} of {mount.path} in {self._session_id}")
        self._tasks.add(running)
        running.add_done_callback(self._tasks.discard)

    async def _synchronise(self, mount: Mount, task: TaskType, line: Line, number: int) -> None:
        """Run a task, one at a time for a session, and note how it went."""
        async with self._turn:
            if number == line.latest:
                line.status = RUNNING
            problem = await self._run(mount, task)
        if problem:
            _log.warning("%s of %s in %s: %s", task, mount.path, self._session_id, problem)
        if number == line.latest:
            line.status, line.problem = FAILED if problem else SUCCESS, problem
            line.finished = self._time()

    async def _run(self, mount: Mount, task: TaskType) -> str:
        work = self._download if task == "download" else self._upload
        try:
            if mount.full:
                await self._places.check_carried(normal(mount.path), task)
            return "; ".join((await self._contexts.run_long(lambda: work(mount)))[:_SHOWN])
        except Refusal as error:  # the context is gone: there is nowhere to save anything to
            return explained(error)
        except CAUSES as error:
            problem = explained(error)
        except Exception:  # noqa: BLE001 - the edge: who asks gets an answer, the log the bug
            _log.exception("the %s of %s broke", task, mount.path)
            problem = "this AGB has a bug; its log says more"
        if task == "upload" and _is_saved(mount) and self._is_there(mount):
            self._unsaved[mount.path] = mount
        return problem

    def _is_there(self, mount: Mount) -> bool:
        """Tell whether a mount's folder still is in the session, with anything to be saved."""
        try:
            with self._places.tree().folder(self._places.tree().resolve(b"/" + mount.place)):
                return True
        except OSError:
            return False

    def _download(self, mount: Mount) -> list[str]:
        store = self._contexts.store
        store.check(mount.key)
        run = Download(store=store, tree=self._places.tree(self._check_download), mount=mount)
        run.run()
        return run.problems

    def _upload(self, mount: Mount) -> list[str]:
        store, tree = self._contexts.store, self._places.tree(self._contexts.check)
        store.check(mount.key)
        run = Upload(store=store, tree=tree, mount=mount)
        run.run()
        return run.problems

    def _check_download(self) -> None:
        self._contexts.check()
        if self._ending.is_set():
            raise Stopped("the session is being released")

    def _line(self, context_id: str, path: str, task: TaskType) -> Line:
        new = Line(context_id=context_id, path=path, task=task, started=self._time())
        return self._lines.setdefault((context_id, path, task), new)

    def _time(self) -> int:
        return int(self._contexts.clock.now().timestamp())


def _is_saved(mount: Mount) -> bool:
    """Tell whether a mount's files are to be brought back at the end; transferred ones are not."""
    return mount.policy.upload_policy.auto_upload and not mount.full
