"""Changes below a path: none is missed, and the watch ends cleanly."""

import json
from collections.abc import Awaitable, Callable, Iterator, Sequence

import httpx
import pytest
from support.fake import Answer, Network, refusal, tool_call, tool_text
from support.local import own_file_system

from agb import (
    APIConnectionError,
    AsyncAGB,
    AsyncFileWatch,
    AsyncSession,
    FileChangeEvent,
    FileError,
    InvalidParamsError,
    PermissionDeniedError,
    ServerError,
    SessionNotFoundError,
)
from agb._concurrency import aio
from agb._deadline import Deadline

COUNT = 300
SOON = 0.02


class AsyncTold:
    """Gathers what a watch tells, by the kind of change."""

    def __init__(self, changes: AsyncFileWatch) -> None:
        self._changes = changes
        self._paths: dict[str, set[str]] = {"create": set(), "modify": set(), "delete": set()}

    async def all_of(self, kind: str, paths: set[str]) -> None:
        """Ask until all these paths have been told of."""
        ends = Deadline(60)
        while not ends.is_over:
            for event in await self._changes.poll():
                self._paths[event.event_type].add(event.path)
            if paths <= self._paths[kind]:
                return
            await aio.sleep(SOON)
        missed = paths - self._paths[kind]
        raise AssertionError(f"{len(missed)} of {len(paths)} were missed: {sorted(missed)[:5]}")


async def end(changes: AsyncFileWatch) -> list[FileChangeEvent]:
    """Return all that is told until there is no more."""
    async with changes:
        return [event async for event in changes]


@own_file_system
async def test_no_change_of_hundreds_is_missed(session: AsyncSession) -> None:
    names = {f"/tmp/w/sub/{number}" for number in range(COUNT)}
    moved = {name.replace("sub", "new") for name in names}
    run = session.command.execute
    await session.file.mkdir("/tmp/w/sub")
    async with session.file.watch("/tmp/w", interval=SOON) as changes:
        told = AsyncTold(changes)
        await run(f"cd /tmp/w/sub; for n in $(seq 0 {COUNT - 1}); do >$n; done")
        await told.all_of("create", names)
        await run("cd /tmp/w/sub; for f in *; do echo x >$f; done")
        await told.all_of("modify", names)
        await run("mv /tmp/w/sub /tmp/w/new")
        await told.all_of("create", {*moved, "/tmp/w/new"})
        await told.all_of("delete", {*names, "/tmp/w/sub"})
        await run("rm /tmp/w/new/*")
        await told.all_of("delete", moved)
        changes.stop()
        assert await changes.next_changes() == []
        assert [event async for event in changes] == []


async def test_what_changes_before_the_first_question_is_told(session: AsyncSession) -> None:
    await session.file.write("f", "x")
    async with session.file.watch("f") as changes:
        await session.file.append("f", "y")
        told = await changes.next_changes()
    assert {(each.event_type, each.path_type) for each in told} == {("modify", "file")}
    assert told[0].path.endswith("/f")


async def test_a_callback_is_told_until_the_watch_is_stopped(session: AsyncSession) -> None:
    await session.file.mkdir("/tmp/w")
    told: list[FileChangeEvent] = []

    def tell(events: Sequence[FileChangeEvent]) -> None:
        assert events
        told.extend(events)
        if len(told) >= 3:
            watcher.stop_event.set()

    stop = aio.Event()
    watcher = session.file.watch_dir("/tmp/w", tell, SOON, stop)
    assert watcher.stop_event is stop
    assert not watcher.ready_event.is_set()

    async def write() -> None:
        await watcher.ready_event.wait()
        for number in range(3):
            await session.file.write(f"/tmp/w/{number}", "x")

    works: list[Callable[[], Awaitable[None]]] = [watcher.run, write]
    await aio.map_parallel(lambda work: work(), works, limit=2)
    made = {event.path for event in told if event.event_type == "create"}
    assert made <= {f"/tmp/w/{number}" for number in range(3)}
    assert made


async def test_a_callback_watch_waits_for_a_directory_to_be_made(
    session: AsyncSession, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[FileChangeEvent] = []

    def tell(events: Sequence[FileChangeEvent]) -> None:
        told.extend(events)
        if "/tmp/later/f" in {event.path for event in told}:  # the directory comes first
            watcher.stop_event.set()

    watcher = session.file.watch_dir("/tmp/later", tell, SOON)

    async def write() -> None:
        await watcher.ready_event.wait()
        await session.file.write("/tmp/later/f", "x")

    works: list[Callable[[], Awaitable[None]]] = [watcher.run, write]
    await aio.map_parallel(lambda work: work(), works, limit=2)
    assert caplog.messages
    assert all("/tmp/later" in message for message in caplog.messages)


async def test_a_watch_ends_with_what_it_watches(agb: AsyncAGB) -> None:
    async with agb.session() as session:
        files = session.file
        await files.mkdir("/tmp/w")
        async with files.watch("/tmp/w", SOON) as changes:
            await files.remove("/tmp/w")
            await AsyncTold(changes).all_of("delete", {"/tmp/w"})
            with pytest.raises(FileError):
                await changes.next_changes()
        with pytest.raises(FileError):
            await end(files.watch("/tmp/none", SOON))
        await files.mkdir("/tmp/w")
        watcher = files.watch_dir("/tmp/w", print, SOON)
        async with files.watch("/tmp/w", SOON) as changes:
            await session.delete()
            with pytest.raises(SessionNotFoundError):
                await changes.next_changes()
        await watcher.run()
        assert watcher.ready_event.is_set()


async def test_a_path_is_watched_once_at_a_time(session: AsyncSession) -> None:
    for _ in range(2):
        async with session.file.watch("/tmp"):
            with pytest.raises(InvalidParamsError, match="already"):
                await end(session.file.watch("/tmp"))
            with pytest.raises(InvalidParamsError, match="already"):
                await session.file.watch_dir("/tmp", print).run()


async def test_bad_arguments_are_refused_before_anything_is_sent(session: AsyncSession) -> None:
    for path, interval in (("", 1.0), (None, 1.0), ("/tmp", 0.0), ("/tmp", "often")):
        with pytest.raises(InvalidParamsError):
            session.file.watch(path, interval)  # type: ignore[arg-type]
        with pytest.raises(InvalidParamsError):
            session.file.watch_dir(path, print, interval)  # type: ignore[arg-type]
    with pytest.raises(InvalidParamsError, match="block"):
        await session.file.watch("/tmp").next_changes()


def client(network: Network) -> AsyncAGB:
    return AsyncAGB("key", endpoint="https://agb.example", transport=network, max_retries=0)


def event(kind: str, path: str, path_type: str = "file") -> dict[str, str]:
    return {"eventType": kind, "path": path, "pathType": path_type}


def found(*names: str) -> httpx.Response:
    """Return how a tree with these files is listed; a name may end in a version."""
    there = [
        "d 0 1 1 1 ",
        *(f"f 1 {name.partition('@')[2]} 1 1 {name.partition('@')[0]}" for name in names),
    ]
    return tool_text(json.dumps({"stdout": "".join(f"{line}\0" for line in there), "exit_code": 0}))


def watched(listings: Sequence[Answer], changes: Sequence[Answer]) -> Network:
    """Answer listings and questions, each in its order."""
    told: dict[str, Iterator[Answer]] = {"shell": iter(listings), "get_file_change": iter(changes)}
    return Network(mcp=lambda request: next(told[tool_call(request)[0]]))


def changed(*events: dict[str, str]) -> httpx.Response:
    return tool_text(json.dumps(events))


LOST = httpx.ReadTimeout("slow")


async def test_changes_in_a_lost_answer_are_found_again() -> None:
    listings: list[Answer] = [found("kept@1", "gone@1", "old@1"), found("kept@1", "old@2", "new@1")]
    changes: list[Answer] = [
        changed(),
        LOST,
        refusal(502, "", "bad gateway"),
        changed(event("create", "/w/new")),
    ]
    async with (
        client(watched(listings, changes)) as agb,
        AsyncSession(agb, "s-1").file.watch("/w/", SOON) as watch,
    ):
        told = await watch.next_changes()
    assert {(each.event_type, each.path) for each in told} == {
        ("create", "/w/new"),
        ("modify", "/w/new"),
        ("delete", "/w/gone"),
        ("modify", "/w/old"),
    }
    assert len(told) == 4


async def test_what_was_told_before_a_lost_answer_is_known() -> None:
    listings: list[Answer] = [found("a@1", "b@1"), found("b@1", "c@1"), found("b@1", "c@1", "d@1")]
    changes: list[Answer] = [
        changed(),
        changed(event("delete", "/w/a"), event("create", "/w/c")),
        LOST,
        changed(),
        httpx.ConnectError("refused"),
        changed(),
    ]
    async with (
        client(watched(listings, changes)) as agb,
        AsyncSession(agb, "s-1").file.watch("/w", SOON) as watch,
    ):
        assert len(await watch.next_changes()) == 2
        again = await watch.next_changes()
        later = await watch.next_changes()
    assert [(each.event_type, each.path) for each in again] == [("modify", "/w/c")]
    assert [(each.event_type, each.path) for each in later] == [
        ("create", "/w/d"),
        ("modify", "/w/d"),
    ]


async def test_a_comparison_that_fails_loses_nothing_either() -> None:
    listings: list[Answer] = [found(), LOST, found("a@1")]
    changes: list[Answer] = [changed(), LOST, changed(event("create", "/w/a")), changed()]
    async with (
        client(watched(listings, changes)) as agb,
        AsyncSession(agb, "s-1").file.watch("/w", SOON) as watch,
    ):
        told = await watch.next_changes()
    assert [(each.event_type, each.path) for each in told] == [
        ("create", "/w/a"),
        ("modify", "/w/a"),
    ]


async def test_an_agb_that_stays_away_ends_the_watch_and_so_does_a_refusal() -> None:
    away = watched([found()], [changed(), *5 * [httpx.ConnectError("refused")]])
    async with client(away) as agb:
        with pytest.raises(APIConnectionError):
            await end(AsyncSession(agb, "s-1").file.watch("/w", SOON))
        assert len(away.asked) == 2 + 5
    no = refusal(403, "Account.Ceased", "account status is invalid")
    refused = watched([found()], [changed(), no])
    async with client(refused) as agb:
        with pytest.raises(PermissionDeniedError):
            await end(AsyncSession(agb, "s-1").file.watch("/w", SOON))
        assert len(refused.asked) == 2 + 1


async def test_without_a_listing_a_lost_answer_is_an_error() -> None:
    network = watched([], [changed(), refusal(500, "", "oops")])
    async with client(network) as agb:
        with pytest.raises(ServerError):
            await end(AsyncSession(agb, "s-1").file.watch("/w", SOON, recover=False))
        assert len(network.asked) == 2


async def test_a_callback_watch_goes_on_and_logs_the_same_failure_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    told: list[FileChangeEvent] = []

    def tell(events: Sequence[FileChangeEvent]) -> None:
        told.extend(events)

    changes: list[Answer] = [
        LOST,
        LOST,
        changed(event("create", "/w/before")),
        refusal(500, "", "oops"),
        changed(event("create", "/w/a")),
        changed(),
        refusal(500, "", "this session has expired"),
    ]
    async with client(watched([], changes)) as agb:
        await AsyncSession(agb, "s-1").file.watch_dir("/w", tell, SOON, recover=False).run()
    assert [each.path for each in told] == ["/w/a"]
    assert len(caplog.messages) == 2
    assert "oops" in caplog.messages[1]


async def test_a_callback_that_raises_ends_its_watch() -> None:
    def fail(_: Sequence[FileChangeEvent]) -> None:
        raise RuntimeError("enough")

    async with client(watched([], [changed(), changed(event("create", "/w/a"))])) as agb:
        watcher = AsyncSession(agb, "s-1").file.watch_dir("/w", fail, SOON, recover=False)
        with pytest.raises(RuntimeError, match="enough"):
            await watcher.run()
