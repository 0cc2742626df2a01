"""Creates, uses and deletes many sessions, many at once, while something goes wrong now and then.

`nox -s soak` runs it at length, the tests for a moment.
"""

import argparse
import gc
import random
import secrets
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import psutil
from attrs import define, field, frozen

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))

from faults.kinds import FAULTS
from faults.proxy import Act, Exchange, passed_on, proxy_to
from support.local import LocalAGB, running

from agb import AGBError, AsyncAGB, Config, SessionNotDeletedError

FAULTY = 0.05
"""Share of requests that are spoilt."""
_KINDS = [fault for fault in FAULTS.values() if fault.act and fault.times == 1 and not fault.held]
_KINDS = [fault for fault in _KINDS if fault.reaches != "twice"]
_WARM = 1
"""Sandboxes that are kept ready for the next session."""
_LOOKS, _BETWEEN = 600, 0.1
"""How often to look whether something has come to rest, and the seconds between two looks."""
PERMITTED = {
    "API_ERROR",
    "CONNECTION_ERROR",
    "CONNECT_FAILED",
    "SERVER_ERROR",
    "STREAM_DISCONNECTED",
    "STREAM_REFUSED",
    "Throttling",
    "UNEXPECTED_RESPONSE",
}
"""Codes of the errors that may come of these faults."""


@define
class Account:
    """What came of it all.

    Attributes:
        outcomes: How often what came: `right`, or the code of an error.
        sessions: How many sessions were tried, and are accounted for.
        spoilt: How many requests were spoilt.
        asked: How many there were.
        kept: Why blocks could not delete their sessions, and how often that was so.
        wrong: What must not be.
        processes: How many the server had before and afterwards.
        memory: MB that the client and the server used, at a quarter and at the end.
    """

    outcomes: Counter[str] = field(factory=Counter)
    sessions: int = 0
    spoilt: int = 0
    asked: int = 0
    kept: Counter[str] = field(factory=Counter)
    wrong: list[str] = field(factory=list)
    processes: list[int] = field(factory=list)
    memory: list[tuple[float, float]] = field(factory=list)

    def note(self, outcome: str) -> None:
        """Note what came of an operation."""
        self.outcomes[outcome] += 1
        if outcome != "right" and outcome not in PERMITTED:
            self.wrong.append(outcome)

    def look_at_memory(self, server: psutil.Process) -> None:
        """Note what is used now."""
        gc.collect()
        used = [each.memory_info().rss / 1e6 for each in (psutil.Process(), server)]
        self.memory.append((used[0], used[1]))


@frozen
class Spoiler:
    """Spoils a share of the requests, each in a way of its own."""

    account: Account
    chance: random.Random

    async def __call__(self, exchange: Exchange) -> None:
        """Spoil a request, or don't."""
        self.account.asked += 1
        is_stream = exchange.request.target == "stream GET"
        if self.chance.random() >= FAULTY or is_stream:
            await passed_on(exchange)
            return
        self.account.spoilt += 1
        act: Act | None = self.chance.choice(_KINDS).act
        assert act is not None
        await act(exchange)


async def use(agb: AsyncAGB, run: str, account: Account) -> None:
    """Create a session, use it and delete it; each step is right, or failed with a code."""
    try:
        async with agb.session(labels={"soak": run}) as session:
            account.note("right")
            said = await session.command.execute("echo on")
            assert not said.success or said.output == "on\n", said
            account.note(said.code or "right")
            written = await session.file.write("/tmp/note", run)
            account.note(written.code or "right")
            read = await session.file.read("/tmp/note")
            assert not read.success or not written.success or read.content == run, read
            account.note(read.code if read.code and written.success else "right")
        account.note("right")
    except SessionNotDeletedError as error:
        account.note(error.code)
        account.kept[_why(error)] += 1
    except AGBError as error:
        account.note(error.code)
    account.sessions += 1


def _why(error: SessionNotDeletedError) -> str:
    said = str(error.__cause__).replace(error.session_id, "it")
    return f"{getattr(error.__cause__, 'code', '')} {said}".strip()


@asynccontextmanager
async def using(endpoint: str, key: str) -> AsyncIterator[AsyncAGB]:
    """Open a client."""
    config = Config(api_key=key, endpoint=endpoint, timeout=120, default_image="code_latest")
    async with AsyncAGB(config=config) as agb:
        yield agb


async def soak(local: LocalAGB, server: psutil.Process, sessions: int, at_once: int) -> Account:
    """Do it, and look what is left."""
    account, run, waiting = Account(), secrets.token_hex(8), list(range(sessions))
    seed = secrets.randbits(32)
    print(f"seed {seed}", flush=True)  # noqa: T201 - for whoever looks at a failure
    async with using(local.endpoint, local.api_key) as truth:
        async with truth.session():
            pass
        await _rests(truth, account)
        account.processes.append(_processes(server))

    async def work(agb: AsyncAGB) -> None:
        while waiting:
            waiting.pop()
            if len(waiting) == sessions * 3 // 4:
                account.look_at_memory(server)
            await use(agb, run, account)

    with proxy_to(local.endpoint) as proxy, proxy.gate() as gate:
        gate.spoil_all(Spoiler(account, random.Random(seed)))  # noqa: S311 - not secret
        async with using(gate.endpoint, local.api_key) as agb, anyio.create_task_group() as group:
            for _ in range(at_once):
                group.start_soon(work, agb)
        if not await _becomes(lambda: not gate.open):
            account.wrong.append(f"{gate.open} connections are open")
    if account.sessions != sessions:
        account.wrong.append(f"{account.sessions} sessions are accounted for")
    async with using(local.endpoint, local.api_key) as truth:
        await _look_what_is_left(truth, run, server, account)
    account.look_at_memory(server)
    return account


async def _look_what_is_left(
    truth: AsyncAGB, run: str, server: psutil.Process, account: Account
) -> None:
    """Look, and delete nothing: each block has deleted its own."""
    await _rests(truth, account)
    left = (await truth.list({"soak": run})).raise_for_error().total_count
    if left:
        account.wrong.append(f"{left} sessions are left")
    before = account.processes[0]
    if not await _becomes(lambda: _processes(server) == before):
        account.wrong.append(f"{before} processes have become {_processes(server)}")
    account.processes.append(_processes(server))


async def _rests(truth: AsyncAGB, account: Account) -> None:
    """Wait until the server has no session, none that is going, and a sandbox for the next one."""
    wanted = {"sessions": 0, "starting": 0, "ending": 0, "ready": _WARM}
    busy = wanted
    for _ in range(_LOOKS):
        load = (await truth.client.request("GET", "/health"))["data"]
        busy = {name: load[name] for name in wanted if load[name] != wanted[name]}
        if not busy:
            return
        await anyio.sleep(_BETWEEN)
    account.wrong.append(f"the server does not come to rest: {busy}")


def _processes(server: psutil.Process) -> int:
    return len(server.children(recursive=True))


async def _becomes(holds: Callable[[], bool]) -> bool:
    """Wait for a while until something holds, and tell whether it does."""
    for _ in range(_LOOKS):
        if holds():
            return True
        await anyio.sleep(_BETWEEN)
    return False


def report(account: Account) -> str:
    """Say what came of it."""
    lines = [
        f"{account.sessions} sessions, {account.asked} requests, {account.spoilt} of them spoilt"
    ]
    lines += [f"{count:6} {outcome}" for outcome, count in account.outcomes.most_common()]
    lines.append(f"{account.kept.total()} blocks could not delete their sessions")
    lines += [f"{count:6} {why}" for why, count in account.kept.most_common()]
    lines.append("processes: " + ", then ".join(map(str, account.processes)))
    for when, (client, server) in zip(("at a quarter", "at the end"), account.memory, strict=True):
        lines.append(f"memory {when}: client {client:.0f} MB, server {server:.0f} MB")
    return "\n".join([*lines, *(f"WRONG: {wrong}" for wrong in account.wrong)])


def main() -> int:
    """Run it at length."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=2000)
    parser.add_argument("--at-once", type=int, default=200)
    options = parser.parse_args()
    key, before = secrets.token_urlsafe(32), psutil.Process().children()
    most = str(options.at_once * 2 + 50)
    arguments = ("--max-sessions", most, "--idle-timeout", "3600", "--warm", str(_WARM))
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder), api_key=key, arguments=arguments) as local,
    ):
        server = next(each for each in psutil.Process().children() if each not in before)
        account = anyio.run(soak, local, server, options.sessions, options.at_once)
    grown = [end - start for start, end in zip(*account.memory, strict=True)]
    if max(grown) > 60:
        account.wrong.append(f"memory grew by {grown[0]:.0f} MB and {grown[1]:.0f} MB")
    print(report(account))  # noqa: T201 - this is a program
    return 1 if account.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
