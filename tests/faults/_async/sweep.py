"""Tries operations under faults, many at once, and notes what comes of it."""

import secrets
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from attrs import frozen
from support.leftovers import Leftovers, everything
from support.local import LocalAGB

from agb import AGBError, AsyncAGB, AsyncBaseSession, AsyncSession, ContextSync, CreateSessionParams
from agb._concurrency import aio
from agb._web_socket import Heartbeat
from agb.results import Context
from faults._async.operations import OPERATIONS, Operation, Place
from faults.cells import WORKS, WRONG, Cell, Seen
from faults.proxy import Gate, Proxy
from faults.right import LOOKS, kind_of

AT_ONCE = 48
_SHARED = 4
_LINKED = "agb-browser-use-1"
"""An image whose sessions have a link to their tools."""
_IMPATIENT = (2.0, 6.0, 18.0)
"""Seconds for what waits in vain; more where a busy machine takes that long anyway."""
_PATIENT = 30.0
_SHORT = 3
"""Seconds for what never comes."""
_OFTEN = 3000
"""How often to look, every 10 ms, whether something has gone."""


@frozen
class AsyncWorld:
    """What all cells share: a client that goes straight to the AGB, and sessions of its."""

    agb: AsyncAGB
    sessions: Sequence[AsyncSession]
    proxy: Proxy
    folder: Path
    leftovers: Leftovers

    async def run(self, cells: Sequence[Cell]) -> dict[Cell, Seen]:
        """Try cells, many at once."""
        seen = await aio.map_parallel(self._try, cells, limit=AT_ONCE)
        outcomes = dict(zip(cells, seen, strict=True))
        ran = await self._count_runs()
        for each in seen:
            each.ran = ran.get(f"marks-{each.name}", 0)
        return outcomes

    async def stages(self) -> dict[str, list[str]]:
        """Return what each operation asks for when nothing goes wrong."""
        asked = await aio.map_parallel(self._stages, OPERATIONS.values(), limit=_SHARED)
        return dict(zip(OPERATIONS, asked, strict=True))

    async def _stages(self, operation: Operation) -> list[str]:
        with self.proxy.gate() as gate:
            return await self._asked(operation, gate)

    async def _asked(self, operation: Operation, gate: Gate) -> list[str]:
        async with self._place(operation, gate, secrets.token_hex(8)) as at:
            gate.targets.clear()
            (await operation.run(at)).raise_for_error()
            return list(dict.fromkeys(gate.targets))

    async def _try(self, cell: Cell) -> Seen:
        """Try a cell, until there is the patience to come to the stage of the fault."""
        seen = Seen()
        for patience in _IMPATIENT if cell.fault.held or _waits_in_vain(cell) else (_PATIENT,):
            seen = await self._try_once(cell, patience)
            if seen.struck:
                break
        return seen

    async def _try_once(self, cell: Cell, patience: float) -> Seen:
        operation, fault = OPERATIONS[cell.operation], cell.fault
        seen = Seen(name=secrets.token_hex(8))
        with self.proxy.gate() as gate:
            async with self._place(operation, gate, seen.name, patience, cell) as at:
                if fault.act is None:
                    gate.refuse()
                else:
                    gate.arm(cell.stage, fault.act, fault.times)
                try:
                    made = await self._attempt(operation, at, seen)
                finally:
                    gate.heal()
                seen.struck = gate.held if fault.held else gate.struck
                seen.hung = gate.gave_up
                again = await at.agb.with_options(timeout=_PATIENT).list({"cell": "none"})
                seen.usable = again.code or WORKS
            seen.left_open = await self._open_in_the_end(gate)
        seen.left_over = await self._left_over(at)
        if made is not None:
            (await self.agb.delete(made.session_id)).raise_for_error()
        seen.left = await self._left(at)
        return seen

    async def _open_in_the_end(self, gate: Gate) -> int:
        for _ in range(_OFTEN):
            if not gate.open:
                break
            await aio.sleep(0.01)
        return gate.open

    async def _left_over(self, at: Place) -> list[str]:
        """Return the tasks, threads and files that the cell's client has left in this process."""
        left: list[str] = []
        for _ in range(_OFTEN):
            left = self.leftovers.of(at.name, at.folder)
            if not left:
                break
            await aio.sleep(0.01)
        return left

    async def _attempt(
        self, operation: Operation, at: Place, seen: Seen
    ) -> AsyncBaseSession | None:
        """Do it, and return the session that it has made for its caller."""
        try:
            result = await operation.run(at)
            seen.said, seen.error = result.code or WORKS, repr(result.error)
        except AGBError as error:
            result, seen.said, seen.error = None, error.code, repr(error)
        except AssertionError as wrong:
            result, seen.said, seen.error = None, WRONG, repr(wrong)
        return getattr(result, "session", None) if operation.name == "create" else None

    async def _left(self, at: Place) -> int:
        """Count the sessions that are left, and delete them."""
        listed = (await self.agb.list({"cell": at.name})).raise_for_error()
        for session in listed:
            (await session.delete()).raise_for_error()
        return listed.total_count

    @asynccontextmanager
    async def _place(
        self,
        operation: Operation,
        gate: Gate,
        name: str,
        patience: float = _PATIENT,
        cell: Cell | None = None,
    ) -> AsyncIterator[Place]:
        own = context = None
        fault = None if cell is None else cell.fault
        lasts, holds = fault is not None and fault.times > 1, fault is not None and fault.held
        in_vain = cell is not None and _waits_in_vain(cell)
        shared = self.sessions[int(name, 16) % len(self.sessions)]
        folder = self.folder / secrets.token_hex(8)
        await aio.in_thread(folder.mkdir)
        if operation.needs == "session":
            params = CreateSessionParams({"cell": "own"}, "code_latest")
            own = (await self.agb.create(params)).raise_for_error().session
        if operation.needs == "context":
            context = await self._context(name, folder)
        if operation.needs == "file":
            await self._put(shared, name, folder)
        with self.leftovers.owned(name):
            async with AsyncAGB(
                self.agb.api_key, endpoint=gate.endpoint, timeout=_PATIENT
            ) as patient:
                agb = patient.with_options(timeout=patience if holds else _PATIENT)
                yield Place(
                    agb=agb,
                    session=await self._handle(
                        patient, shared.session_id, agb, by_api=operation.by_api
                    ),
                    own=own and await self._handle(patient, own.session_id, agb),
                    context=context,
                    name=name,
                    folder=folder,
                    seconds=_SHORT if lasts or holds else int(_PATIENT),
                    waits=int(patience if in_vain else _PATIENT),
                )
        if own is not None:
            (await self.agb.delete(own.session_id)).raise_for_error()

    async def _handle(
        self, patient: AsyncAGB, session_id: str, agb: AsyncAGB, *, by_api: bool = False
    ) -> AsyncSession:
        """Get a handle patiently, for a client that may be less so."""
        told = (await patient.get(session_id)).raise_for_error().session
        assert told is not None
        session = AsyncSession(agb, session_id)
        session.link_url, session.ws_url, session.token = told.link_url, told.ws_url, told.token
        session._streams.heartbeat = Heartbeat(every=1.0, within=20.0)
        session.tool_list = () if by_api else self.sessions[0].tool_list  # which have the link
        return session

    async def _context(self, name: str, folder: Path) -> Context:
        made = (await self.agb.context.create(f"{name}-own")).raise_for_error().context
        assert made is not None
        kept = folder / "kept"
        await aio.in_thread(lambda: kept.write_bytes(b"kept"))
        (await self.agb.context.upload_file(made.id, kept, "kept")).raise_for_error()
        return made

    async def _put(self, session: AsyncSession, name: str, folder: Path) -> None:
        source = folder / "source"
        await aio.in_thread(lambda: source.write_bytes(bytes(4000)))
        (await session.file.upload(source, name)).raise_for_error()

    async def _count_runs(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for session in self.sessions:
            listed = await session.command.execute("cd /tmp; touch marks-; wc -l marks-*")
            for line in listed.raise_for_error().output.splitlines():
                count, name = line.split()
                counts[name] = int(count)
        return counts


def _waits_in_vain(cell: Cell) -> bool:
    """Tell whether something is looked at again and again that never shows."""
    return cell.fault.times > 1 and kind_of(cell.operation, cell.stage) == LOOKS


@asynccontextmanager
async def world(local: LocalAGB, proxy: Proxy, folder: Path) -> AsyncIterator[AsyncWorld]:
    """Make what cells share."""
    leftovers = Leftovers()
    async with AsyncAGB(local.api_key, endpoint=local.endpoint) as agb:
        made = (await agb.context.create(f"faults-{secrets.token_hex(4)}")).raise_for_error()
        assert made.context is not None
        syncs = [ContextSync(made.context.id, "/tmp/context")]
        params = CreateSessionParams({"cell": "shared"}, _LINKED, syncs)

        async def create(_: int) -> AsyncSession:
            session = (await agb.create(params)).raise_for_error().session
            assert session is not None
            return session

        sessions = await aio.map_parallel(create, range(_SHARED), limit=_SHARED)
        try:
            with leftovers.noted():
                yield AsyncWorld(agb, sessions, proxy, folder, leftovers)
        finally:
            await aio.map_parallel(lambda each: each.delete(), sessions, limit=_SHARED)


async def rests(before: Counter[str]) -> Counter[str]:
    """Wait until there is no more than before in this process, and return what there is more."""
    more = everything() - before
    for _ in range(_OFTEN):
        if not more:
            break
        await aio.sleep(0.01)
        more = everything() - before
    return more
