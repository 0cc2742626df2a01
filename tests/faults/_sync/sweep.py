# Generated from tests/faults/_async/sweep.py; edit that file, then `nox -s twin`.
"""Tries operations under faults, many at once, and notes what comes of it."""

import secrets
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from attrs import frozen
from support.leftovers import Leftovers, everything
from support.local import LocalAGB

from agb import AGB, AGBError, BaseSession, ContextSync, CreateSessionParams, Session
from agb._concurrency import threads
from agb._web_socket import Heartbeat
from agb.results import Context
from faults._sync.operations import OPERATIONS, Operation, Place
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
class World:
    """What all cells share: a client that goes straight to the AGB, and sessions of its."""

    agb: AGB
    sessions: Sequence[Session]
    proxy: Proxy
    folder: Path
    leftovers: Leftovers

    def run(self, cells: Sequence[Cell]) -> dict[Cell, Seen]:
        """Try cells, many at once."""
        seen = threads.map_parallel(self._try, cells, limit=AT_ONCE)
        outcomes = dict(zip(cells, seen, strict=True))
        ran = self._count_runs()
        for each in seen:
            each.ran = ran.get(f"marks-{each.name}", 0)
        return outcomes

    def stages(self) -> dict[str, list[str]]:
        """Return what each operation asks for when nothing goes wrong."""
        asked = threads.map_parallel(self._stages, OPERATIONS.values(), limit=_SHARED)
        return dict(zip(OPERATIONS, asked, strict=True))

    def _stages(self, operation: Operation) -> list[str]:
        with self.proxy.gate() as gate:
            return self._asked(operation, gate)

    def _asked(self, operation: Operation, gate: Gate) -> list[str]:
        with self._place(operation, gate, secrets.token_hex(8)) as at:
            gate.targets.clear()
            operation.run(at).raise_for_error()
            return list(dict.fromkeys(gate.targets))

    def _try(self, cell: Cell) -> Seen:
        """Try a cell, until there is the patience to come to the stage of the fault."""
        seen = Seen()
        for patience in _IMPATIENT if cell.fault.held or _waits_in_vain(cell) else (_PATIENT,):
            seen = self._try_once(cell, patience)
            if seen.struck:
                break
        return seen

    def _try_once(self, cell: Cell, patience: float) -> Seen:
        operation, fault = OPERATIONS[cell.operation], cell.fault
        seen = Seen(name=secrets.token_hex(8))
        with self.proxy.gate() as gate:
            with self._place(operation, gate, seen.name, patience, cell) as at:
                if fault.act is None:
                    gate.refuse()
                else:
                    gate.arm(cell.stage, fault.act, fault.times)
                try:
                    made = self._attempt(operation, at, seen)
                finally:
                    gate.heal()
                seen.struck = gate.held if fault.held else gate.struck
                seen.hung = gate.gave_up
                again = at.agb.with_options(timeout=_PATIENT).list({"cell": "none"})
                seen.usable = again.code or WORKS
            seen.left_open = self._open_in_the_end(gate)
        seen.left_over = self._left_over(at)
        if made is not None:
            self.agb.delete(made.session_id).raise_for_error()
        seen.left = self._left(at)
        return seen

    def _open_in_the_end(self, gate: Gate) -> int:
        for _ in range(_OFTEN):
            if not gate.open:
                break
            threads.sleep(0.01)
        return gate.open

    def _left_over(self, at: Place) -> list[str]:
        """Return the tasks, threads and files that the cell's client has left in this process."""
        left: list[str] = []
        for _ in range(_OFTEN):
            left = self.leftovers.of(at.name, at.folder)
            if not left:
                break
            threads.sleep(0.01)
        return left

    def _attempt(self, operation: Operation, at: Place, seen: Seen) -> BaseSession | None:
        """Do it, and return the session that it has made for its caller."""
        try:
            result = operation.run(at)
            seen.said, seen.error = result.code or WORKS, repr(result.error)
        except AGBError as error:
            result, seen.said, seen.error = None, error.code, repr(error)
        except AssertionError as wrong:
            result, seen.said, seen.error = None, WRONG, repr(wrong)
        return getattr(result, "session", None) if operation.name == "create" else None

    def _left(self, at: Place) -> int:
        """Count the sessions that are left, and delete them."""
        listed = self.agb.list({"cell": at.name}).raise_for_error()
        for session in listed:
            session.delete().raise_for_error()
        return listed.total_count

    @contextmanager
    def _place(
        self,
        operation: Operation,
        gate: Gate,
        name: str,
        patience: float = _PATIENT,
        cell: Cell | None = None,
    ) -> Iterator[Place]:
        own = context = None
        fault = None if cell is None else cell.fault
        lasts, holds = fault is not None and fault.times > 1, fault is not None and fault.held
        in_vain = cell is not None and _waits_in_vain(cell)
        shared = self.sessions[int(name, 16) % len(self.sessions)]
        folder = self.folder / secrets.token_hex(8)
        threads.in_thread(folder.mkdir)
        if operation.needs == "session":
            params = CreateSessionParams({"cell": "own"}, "code_latest")
            own = self.agb.create(params).raise_for_error().session
        if operation.needs == "context":
            context = self._context(name, folder)
        if operation.needs == "file":
            self._put(shared, name, folder)
        with (
            self.leftovers.owned(name),
            AGB(self.agb.api_key, endpoint=gate.endpoint, timeout=_PATIENT) as patient,
        ):
            agb = patient.with_options(timeout=patience if holds else _PATIENT)
            yield Place(
                agb=agb,
                session=self._handle(patient, shared.session_id, agb, by_api=operation.by_api),
                own=own and self._handle(patient, own.session_id, agb),
                context=context,
                name=name,
                folder=folder,
                seconds=_SHORT if lasts or holds else int(_PATIENT),
                waits=int(patience if in_vain else _PATIENT),
            )
        if own is not None:
            self.agb.delete(own.session_id).raise_for_error()

    def _handle(self, patient: AGB, session_id: str, agb: AGB, *, by_api: bool = False) -> Session:
        """Get a handle patiently, for a client that may be less so."""
        told = patient.get(session_id).raise_for_error().session
        assert told is not None
        session = Session(agb, session_id)
        session.link_url, session.ws_url, session.token = told.link_url, told.ws_url, told.token
        session._streams.heartbeat = Heartbeat(every=1.0, within=20.0)
        session.tool_list = () if by_api else self.sessions[0].tool_list  # which have the link
        return session

    def _context(self, name: str, folder: Path) -> Context:
        made = self.agb.context.create(f"{name}-own").raise_for_error().context
        assert made is not None
        kept = folder / "kept"
        threads.in_thread(lambda: kept.write_bytes(b"kept"))
        self.agb.context.upload_file(made.id, kept, "kept").raise_for_error()
        return made

    def _put(self, session: Session, name: str, folder: Path) -> None:
        source = folder / "source"
        threads.in_thread(lambda: source.write_bytes(bytes(4000)))
        session.file.upload(source, name).raise_for_error()

    def _count_runs(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for session in self.sessions:
            listed = session.command.execute("cd /tmp; touch marks-; wc -l marks-*")
            for line in listed.raise_for_error().output.splitlines():
                count, name = line.split()
                counts[name] = int(count)
        return counts


def _waits_in_vain(cell: Cell) -> bool:
    """Tell whether something is looked at again and again that never shows."""
    return cell.fault.times > 1 and kind_of(cell.operation, cell.stage) == LOOKS


@contextmanager
def world(local: LocalAGB, proxy: Proxy, folder: Path) -> Iterator[World]:
    """Make what cells share."""
    leftovers = Leftovers()
    with AGB(local.api_key, endpoint=local.endpoint) as agb:
        made = agb.context.create(f"faults-{secrets.token_hex(4)}").raise_for_error()
        assert made.context is not None
        syncs = [ContextSync(made.context.id, "/tmp/context")]
        params = CreateSessionParams({"cell": "shared"}, _LINKED, syncs)

        def create(_: int) -> Session:
            session = agb.create(params).raise_for_error().session
            assert session is not None
            return session

        sessions = threads.map_parallel(create, range(_SHARED), limit=_SHARED)
        try:
            with leftovers.noted():
                yield World(agb, sessions, proxy, folder, leftovers)
        finally:
            threads.map_parallel(lambda each: each.delete(), sessions, limit=_SHARED)


def rests(before: Counter[str]) -> Counter[str]:
    """Wait until there is no more than before in this process, and return what there is more."""
    more = everything() - before
    for _ in range(_OFTEN):
        if not more:
            break
        threads.sleep(0.01)
        more = everything() - before
    return more
