"""The contexts that one session has mounted, and the tasks that synchronise them."""

import asyncio
import logging
import posixpath
import secrets
import threading
from collections.abc import Callable, Sequence
from typing import Any, Literal

from attrs import define, field, frozen

from agb._wire.codec import Misread, load
from agb._wire.messages.contexts import ContextStatusLine, PersistenceData
from agb.context_sync import BWList, DeletePolicy, ExtractPolicy, SyncPolicy
from agb.local.contexts.archives import BadArchive
from agb.local.contexts.download import Download
from agb.local.contexts.mounting import Mount
from agb.local.contexts.service import Contexts
from agb.local.contexts.staging import is_full
from agb.local.contexts.tree import Stopped, TooDeep, Tree
from agb.local.contexts.upload import Upload
from agb.local.contexts.values import Context, folder_path
from agb.local.refusals import Refusal, context_not_mounted, invalid_parameter
from agb.local.sandbox import OperationError, Sandbox, SandboxError

_log = logging.getLogger(__name__)

TaskType = Literal["download", "upload"]

PREPARING, RUNNING, SUCCESS, FAILED = "Preparing", "Running", "Success", "Failed"

TRANSFER_TYPE = "file_transfer"
TRANSFER_PATH = "/tmp/file_transfer"  # noqa: S108 - the session's own
BROWSER_PATH = "/tmp/agb_browser_data"  # noqa: S108 - the session's own

_WAITS = 1.0
"""Seconds that the creation of a session waits for its mounts, to spare its caller asking."""
_PREPARES_WITHIN = 20.0
"""Seconds that the sandbox may take to make a folder."""
_SHOWN = 3
"""So many problems of one task are told."""

_TRANSFER_POLICY = SyncPolicy(
    delete_policy=DeletePolicy(), extract_policy=ExtractPolicy(extract=False), bw_list=BWList()
)


@frozen(kw_only=True)
class MountRequest:
    """A context that a new session shall mount."""

    context_id: str
    path: str
    policy: SyncPolicy


def read_mounts(data: Sequence[PersistenceData]) -> list[MountRequest]:
    """Read what a new session shall mount, in the order in which it is to be mounted.

    Raises:
        Refusal: Something in it is not as it must be.
    """
    requests = [_read_mount(each, f"persistenceDataList[{n}]") for n, each in enumerate(data)]
    places: set[str] = set()
    for number, request in enumerate(requests):
        place = _normal(request.path)
        if place in places:
            raise invalid_parameter(f"persistenceDataList[{number}].path: {place} is mounted twice")
        places.add(place)
    return sorted(requests, key=lambda request: _normal(request.path))


def _read_mount(data: PersistenceData, where: str) -> MountRequest:
    if not data.context_id.strip():
        raise invalid_parameter(f"{where}.contextId: is blank")
    _check_folder(data.path, f"{where}.path")
    if _normal(data.path) == "/":
        raise invalid_parameter(f"{where}.path: must be below /")
    try:
        policy = load(data.policy, SyncPolicy)
        Mount(key=0, context_id="", path=data.path, policy=policy).leads_to_wanted(b"x")
        Mount(key=0, context_id="", path=data.path, policy=policy).lifetimes()
    except Misread as misread:
        raise invalid_parameter(f"{where}.policy.{misread}") from None
    except UnicodeEncodeError:
        raise invalid_parameter(f"{where}.policy: a path is not Unicode text") from None
    return MountRequest(context_id=data.context_id, path=data.path, policy=policy)


def _check_folder(path: str, where: str) -> None:
    if not path.startswith("/"):
        raise invalid_parameter(f"{where}: {path[:200]!r} is not an absolute path")
    folder_path(path, where)


def _normal(path: str) -> str:
    return posixpath.normpath("/" + path.lstrip("/"))


@define(kw_only=True, eq=False)
class _Line:
    """What there is to tell of the last task for one mount in one direction."""

    context_id: str
    path: str
    task: TaskType
    status: str = PREPARING
    started: int = 0
    finished: int = 0
    problem: str = ""
    latest: int = 0
    """Which task it is; one that is not the latest has nothing to tell any more."""

    def written(self) -> ContextStatusLine:
        return ContextStatusLine(
            context_id=self.context_id,
            path=self.path,
            status=self.status,
            task_type=self.task,
            start_time=self.started,
            finish_time=self.finished,
            error_message=self.problem,
        )


@define(kw_only=True, eq=False)
class SessionMounts:
    """The contexts that one session has mounted.

    Args:
        contexts: Where they are.
        session_id: The session, for the log.
        sandbox: Its sandbox.
    """

    _contexts: Contexts = field(alias="contexts")
    _session_id: str = field(alias="session_id")
    _sandbox: Sandbox = field(alias="sandbox")
    _mounts: list[Mount] = field(factory=list[Mount], init=False)
    _transfer: Context | None = field(default=None, init=False)
    _transfers: dict[str, Mount] = field(factory=dict[str, Mount], init=False)
    _lines: dict[tuple[str, str, TaskType], _Line] = field(
        factory=dict[tuple[str, str, TaskType], _Line], init=False
    )
    _tasks: set["asyncio.Task[None]"] = field(factory=set["asyncio.Task[None]"], init=False)
    _turn: asyncio.Lock = field(factory=asyncio.Lock, init=False)
    _making: asyncio.Lock = field(factory=asyncio.Lock, init=False)
    _ending: threading.Event = field(factory=threading.Event, init=False)

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
            await self._prepare(request.path)
        except _CAUSES as error:
            line.status, line.problem = FAILED, _explained(error)
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
        self._contexts.store.touch(mount.key)

    async def _find(self, request: MountRequest) -> Context:
        """Look a context up; programs name browsers' contexts without having made them."""
        store = self._contexts.store
        if _normal(request.path) == BROWSER_PATH:
            return await self._contexts.run(lambda: store.adopt(request.context_id))
        return await self._contexts.run(lambda: store.get(request.context_id))

    async def _prepare(self, path: str) -> None:
        """Make a folder in the session, and make sure that it is one of the session's own files.

        Some folders of a session are the machine's, and some are in memory.
        """
        probe = f"{_normal(path)}/.agb-{secrets.token_hex(8)}"
        await self._ask("file.mkdir", path=_normal(path))
        await self._ask("file.write", path=probe, content="")
        try:
            await self._contexts.run(lambda: self._look_for(probe))
        finally:
            await self._ask("file.remove", path=probe)

    async def _ask(self, operation: str, **parameters: Any) -> None:
        await self._sandbox.request(operation, timeout=_PREPARES_WITHIN, **parameters)

    def _look_for(self, probe: str) -> None:
        *folder, name = self._tree().resolve(probe.encode("utf-8", "surrogateescape"))
        with self._tree().folder(tuple(folder)) as here:
            if not self._tree().found(here, name, name):
                raise FileNotFoundError("nothing can be mounted there")

    def _tree(self, check: Callable[[], None] = lambda: None) -> Tree:
        return Tree(root=self._sandbox.root, owner=self._sandbox.owner, check=check)

    # What is asked for while the session lives.

    async def load_transfer(self) -> Context:
        """Give the session's own context for file transfers, made the first time.

        Raises:
            Refusal: Its folder can't be made in the session.
        """
        async with self._making:
            if self._transfer is None:
                try:
                    await self._prepare(TRANSFER_PATH)
                except _CAUSES as error:
                    raise Refusal(
                        400, "InvalidMcpSession.NotUsable", f"{TRANSFER_PATH}: {_explained(error)}"
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
            _check_folder(path, "path")
        if context_id and self._transfer and context_id == self._transfer.id:
            return [self._transfer_at(self._transfer, path or TRANSFER_PATH)]
        chosen = [
            mount
            for mount in self._mounts
            if (not context_id or mount.context_id == context_id)
            and (not path or _normal(mount.path) == _normal(path))
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
                deep=_normal(path) == TRANSFER_PATH,
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
            and (not path or _normal(line.path) == _normal(path))
            and task in {None, "", line.task}
        ]

    async def finish(self) -> None:
        """Bring back what is to be brought back at the end; forget the session's own context."""
        self._ending.set()
        if self._tasks:
            await asyncio.wait(self._tasks)
        for mount in self._mounts:
            if mount.policy.upload_policy.auto_upload:
                self._start(mount, "upload")
        if self._tasks:
            await asyncio.wait(self._tasks)
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

    async def _synchronise(self, mount: Mount, task: TaskType, line: _Line, number: int) -> None:
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
            return "; ".join((await self._contexts.run_long(lambda: work(mount)))[:_SHOWN])
        except _CAUSES as error:
            return _explained(error)
        except Exception:  # noqa: BLE001 - the edge: who asks gets an answer, the log the bug
            _log.exception("the %s of %s broke", task, mount.path)
            return "this AGB has a bug; its log says more"

    def _download(self, mount: Mount) -> list[str]:
        store = self._contexts.store
        store.check(mount.key)
        run = Download(store=store, tree=self._tree(self._check_download), mount=mount)
        run.run()
        return run.problems

    def _upload(self, mount: Mount) -> list[str]:
        store, tree = self._contexts.store, self._tree(self._contexts.check)
        store.check(mount.key)
        run = Upload(store=store, tree=tree, mount=mount)
        run.run()
        return run.problems

    def _check_download(self) -> None:
        self._contexts.check()
        if self._ending.is_set():
            raise Stopped("the session is being released")

    def _line(self, context_id: str, path: str, task: TaskType) -> _Line:
        new = _Line(context_id=context_id, path=path, task=task, started=self._time())
        return self._lines.setdefault((context_id, path, task), new)

    def _time(self) -> int:
        return int(self._contexts.clock.now().timestamp())


_CAUSES = (
    Refusal, OSError, OperationError, SandboxError, TimeoutError, Stopped, TooDeep, BadArchive
)  # fmt: skip
"""What may be the matter with a mount."""


def _explained(error: BaseException) -> str:
    if isinstance(error, Refusal):
        return f"{error.code}: {error.message}"
    if isinstance(error, TimeoutError):
        return "the session does not answer"
    if isinstance(error, BadArchive):
        return f"the archive in the context can't be read: {error}"
    if isinstance(error, OSError):
        full = "Storage.Full: " if is_full(error) else ""
        return f"{full}{error.strerror or error}"
    return str(error)
