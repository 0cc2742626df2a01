"""Contexts that are changed in many ways at once, and what may be in them after a kill."""

import asyncio
import hashlib
import io
import random
import subprocess
import zipfile
from collections.abc import Awaitable, Callable, Mapping
from functools import reduce
from pathlib import Path

import httpx
import pytest
from attrs import define, evolve, field, frozen

from local.ledger import Change, Slot, State, Tally, Whole, changing
from local.mounted import Line, files, mount, session, settled, shell, sync, url
from local.stand_ins import Caller

URLS = ("one", "two", "three")
FILE, ARCHIVE = "file", "archive"
PLACES = {FILE: "/f", ARCHIVE: "/a"}
PATHS = tuple(f"{folder}{number}" for folder in ("", "sub/") for number in range(4))
LARGE = 512 * 1024
PATIENCE = 60.0
"""Seconds for what a busy machine does in one."""


@define(eq=False)
class World:
    """All contexts of a server that is killed again and again."""

    chance: random.Random
    data_dir: Path
    tally: Tally = field(factory=Tally)
    slots: dict[str, Slot] = field(init=False)
    serial: int = 0

    def __attrs_post_init__(self) -> None:
        self.slots = {kind: Slot(kind, self.tally) for kind in (*URLS, FILE, ARCHIVE)}

    def number(self) -> int:
        self.serial += 1
        return self.serial

    def size(self) -> int:
        large = self.chance.random() < 0.05
        return self.chance.randint(LARGE, 4 * LARGE) if large else self.chance.randint(0, 10_000)

    def content(self, size: int) -> tuple[str, bytes]:
        """Make contents that have not been there before, and the words that they repeat."""
        word = f"contents {self.number()}"
        line = word.encode() + b"\n"
        size += len(line)
        return word, (line * (size // len(line) + 1))[:size]


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@frozen
class Visit:
    """The time between two kills."""

    world: World
    caller: Caller

    # What there is.

    async def look(self) -> None:
        """Find everything as it must be after a start."""
        said = await self.caller.get("/sdk/ListContexts", maxResults="100")
        assert {line["state"] for line in said.data} <= {"available"}
        there = {line["name"].partition(".")[0]: line for line in said.data}
        assert len(there) == len(said.data)
        assert there.keys() <= self.world.slots.keys()
        stored = 0
        for slot in self.world.slots.values():
            state = await self._found(slot, there.get(slot.kind))
            assert state in slot.possible(), (slot.kind, state, slot)
            slot.settle([state])
            stored += 0 if state is None else len(await self._objects(slot))
        assert len(list(self.world.data_dir.glob("contexts/blobs/*/*"))) == stored
        assert list(self.world.data_dir.glob("run/*/stage/*")) == []

    async def _found(self, slot: Slot, line: Line | None) -> Whole:
        if line is None:
            return None
        slot.context_id = line["id"]
        return State(line["name"], await self._held(slot))

    async def _held(self, slot: Slot) -> frozenset[tuple[str, str]]:
        """Read a whole context; an archive counts as what is in it."""
        held = dict[str, str]()
        for line in await self._objects(slot):
            data = await self._read(slot, line)
            if slot.kind == ARCHIVE:
                with zipfile.ZipFile(io.BytesIO(data)) as archive:
                    inside = [info for info in archive.infolist() if not info.is_dir()]
                    held |= {info.filename: digest(archive.read(info)) for info in inside}
            else:
                held[line["filePath"][1:]] = digest(data)
        return frozenset(held.items())

    async def _objects(self, slot: Slot, folder: str = "/") -> list[Line]:
        found = await files(self.caller, slot.context_id, folder, pageSize=1000)
        below = [
            await self._objects(slot, line["filePath"])
            for line in found
            if line["fileType"] == "folder"
        ]
        own = [line for line in found if line["fileType"] != "folder"]
        return sum(below, own)

    async def _read(self, slot: Slot, line: Line) -> bytes:
        answer = await self.caller.http.get(
            await url(self.caller, slot.context_id, line["filePath"])
        )
        assert answer.status_code == 200, answer.text
        assert len(answer.content) == line["size"]
        assert answer.headers["etag"] == f'"{digest(answer.content)}"'
        return answer.content

    # What is done to single contexts.

    async def create(self, slot: Slot) -> None:
        name = f"{slot.kind}.{self.world.number()}"
        await slot.attempt("create", lambda state: state or State(name), self._create(slot, name))

    async def _create(self, slot: Slot, name: str) -> int:
        said = await self.caller.get("/sdk/GetContext", name=name, allowCreate="true")
        slot.context_id = said.data["id"]
        return said.status

    async def put(self, slot: Slot, path: str) -> None:
        _, data = self.world.content(self.world.size())
        change = changing(lambda state: state.having(path, digest(data)))
        await slot.attempt("put", change, self._put(slot, path, data))

    async def _put(self, slot: Slot, path: str, data: bytes) -> int:
        query = {"contextId": slot.context_id, "filePath": path}
        said = await self.caller.post("/sdk/GetContextFileUploadUrl", query)
        if said.status != 200:
            return said.status
        return (await self.caller.http.put(said.data["url"], content=data)).status_code

    async def remove(self, slot: Slot, path: str) -> None:
        change = changing(lambda state: state.having(path, None))
        query = {"contextId": slot.context_id, "filePath": path}
        await slot.attempt("remove", change, self._post("/sdk/DeleteContextFile", query))

    async def rename(self, slot: Slot) -> None:
        name = f"{slot.kind}.{self.world.number()}"
        query = {"id": slot.context_id, "name": name}
        change = changing(lambda state: evolve(state, name=name))
        await slot.attempt("rename", change, self._post("/sdk/ModifyContext", query))

    async def clear(self, slot: Slot) -> None:
        change = changing(lambda state: State(state.name))
        await slot.attempt(
            "clear", change, self._post("/sdk/ClearContext", {"id": slot.context_id})
        )

    async def forget(self, slot: Slot) -> None:
        query = {"id": slot.context_id}
        await slot.attempt("delete", lambda _: None, self._post("/sdk/DeleteContext", query))

    async def _post(self, path: str, query: dict[str, str]) -> int:
        return (await self.caller.post(path, query)).status

    async def use_urls(self, slot: Slot) -> None:
        """Change a context for ever, sometimes in two or three ways at once."""
        while True:
            if slot.before == {None}:
                await self.create(slot)
            (count,) = self.world.chance.choices((1, 2, 3), (6, 2, 1))
            await together(*(self._step(slot) for _ in range(count)))
            if len(slot.before) > 1:
                await self._find_out(slot)

    async def _step(self, slot: Slot) -> None:
        path = self.world.chance.choice(PATHS)
        steps: tuple[Callable[[], Awaitable[None]], ...] = (
            lambda: self.put(slot, path),
            lambda: self.remove(slot, path),
            lambda: self.rename(slot),
            lambda: self.clear(slot),
            lambda: self.forget(slot),
        )
        (step,) = self.world.chance.choices(steps, (16, 4, 1, 1, 1))
        await step()

    async def _find_out(self, slot: Slot) -> None:
        """See which of several things that were under way at once came last."""
        said = await self.caller.get("/sdk/GetContext", id=slot.context_id)
        state = await self._found(slot, said.data if said.status == 200 else None)
        assert state in slot.before, (state, slot)
        slot.settle([state])

    # What is done by sessions.

    async def begin(self) -> str:
        """Make a session that has mounted contexts in both modes."""
        slots = self.world.slots
        for kind in PLACES:
            if slots[kind].state is None:
                await self.create(slots[kind])
        archive = {"uploadPolicy": {"uploadMode": "Archive"}}
        made = await session(
            self.caller,
            mount(slots[FILE].context_id, PLACES[FILE]),
            mount(slots[ARCHIVE].context_id, PLACES[ARCHIVE], **archive),
        )
        lines = await settled(self.caller, made)
        assert [line["status"] for line in lines] == ["Success", "Success"], lines
        return made

    async def edit(self, made: str) -> dict[str, Change]:
        """Change files of a session; tells what that means for the contexts."""
        commands, changes = ["set -e"], dict[str, Change]()
        for kind, place in PLACES.items():
            commands.append(f"cd {place}; mkdir -p sub")
            new = dict[str, str | None]()
            for path in self.world.chance.sample(PATHS, self.world.chance.randint(1, len(PATHS))):
                if self.world.chance.random() < 0.2:
                    commands.append(f"rm -f {path}")
                    new[path] = None
                else:
                    word, data = self.world.content(self.world.size())
                    commands.append(f"yes '{word}' | head -c {len(data)} > {path}")
                    new[path] = digest(data)
            changes[kind] = _all_of(new)
        await shell(self.caller, made, "\n".join(commands))
        return changes

    async def use_sessions(self, made: str, changes: dict[str, Change]) -> None:
        """Use one session after the other for ever."""
        while True:
            await self.use_session(made, changes)
            made = await self.begin()
            changes = await self.edit(made)

    async def use_session(self, made: str, changes: dict[str, Change]) -> None:
        """Synchronise a session a few times and release it."""
        slots, chance = self.world.slots, self.world.chance
        for _ in range(chance.choice((0, 0, 1, 2))):
            syncs = [
                slots[kind].attempt(f"sync {kind}", change, self._sync(made, slots[kind]))
                for kind, change in changes.items()
            ]
            await together(*syncs, self.put(slots[FILE], "by-url"))
            changes = await self.edit(made)
        released = asyncio.ensure_future(self._release(made))
        await together(
            *(
                slots[kind].attempt(f"release {kind}", change, released)
                for kind, change in changes.items()
            )
        )
        if chance.random() < 0.3:
            await together(*(self.clear(slots[kind]) for kind in PLACES))

    async def _sync(self, made: str, slot: Slot) -> int:
        found = await sync(self.caller, made, contextId=slot.context_id)
        assert [line["status"] for line in found] == ["Success"], found
        return 200

    async def _release(self, made: str) -> int:
        return (await self.caller.post("/mcp/releaseSession", sessionId=made)).status

    # The time until the kill.

    async def until_killed(
        self, running: subprocess.Popen[str], goal: str, least: Mapping[str, int]
    ) -> None:
        """Do all of it at once until the server is killed at some moment.

        Args:
            running: The server.
            goal: What is to be answered once more before the kill, if anything is.
            least: How often each operation is to have been answered by then, in all visits.
        """
        made = await self.begin()
        changes = await self.edit(made)
        work = [self.use_urls(self.world.slots[kind]) for kind in URLS]
        work.append(self.use_sessions(made, changes))
        killed = asyncio.Event()
        with pytest.raises(httpx.TransportError):
            await together(*work, self._kill(running, killed, goal, least))
        assert killed.is_set()

    async def _kill(
        self,
        running: subprocess.Popen[str],
        killed: asyncio.Event,
        goal: str,
        least: Mapping[str, int],
    ) -> None:
        """Kill the server soon: how soon is counted in what it does, since it may be a slow one."""
        chance, tally = self.world.chance, self.world.tally
        try:
            for what, count in least.items():
                await asyncio.wait_for(tally.reach(what, count), PATIENCE)
            if goal:
                await asyncio.wait_for(tally.reach(goal, tally.counts[goal] + 1), PATIENCE)
            await asyncio.sleep(chance.uniform(0, chance.choice((0.02, 0.1, 0.3))))
        finally:
            killed.set()
            running.kill()


async def together(*work: Awaitable[None]) -> None:
    """Do several things at once, each to its end; a lost connection tells least of what went wrong.

    They are not cancelled, since that would leave connections open.
    """
    ends = await asyncio.gather(*work, return_exceptions=True)
    errors = [end for end in ends if end is not None]
    for error in sorted(errors, key=lambda error: isinstance(error, httpx.TransportError)):
        raise error


def _all_of(new: dict[str, str | None]) -> Change:
    return changing(lambda state: reduce(lambda now, item: now.having(*item), new.items(), state))
