"""What users do, from a session's first request to its last, for tests that break it off."""

from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

from attrs import frozen

from agb import AGB, AsyncAGB, ContextSync, CreateSessionParams
from agb._concurrency import aio


@frozen
class Try:
    """One time that a scenario is gone through.

    Attributes:
        name: A name that nobody else uses; the label `scenario` of all its sessions.
        source: A file of this machine.
    """

    name: str
    source: Path

    @property
    def target(self) -> Path:
        """A file of this machine that is not there."""
        return self.source.with_name(f"{self.name}-target")

    def params(self, syncs: list[ContextSync] | None = None) -> CreateSessionParams:
        """Return what to create a session with."""
        return CreateSessionParams({"scenario": self.name}, "code_latest", syncs)


Scenario = Callable[[AsyncAGB, Try], Coroutine[Any, Any, None]]


async def code_and_commands(agb: AsyncAGB, this: Try) -> None:
    async with agb.session(this.params()) as session:
        assert (await session.code.run("6 * 7", "python")).result == "42"
        assert (await session.command.execute("echo on")).output == "on\n"
        async with session.code.stream("print(1)", "python") as run:
            assert [event async for event in run]
        assert run.result.success
        async with await session.command.start("echo begun; sleep 600") as process:
            assert (await process.status()).state == "running"
        short = await session.command.start("echo done")
        assert (await short.wait()).output == "done\n"


async def files(agb: AsyncAGB, this: Try) -> None:
    async with agb.session(this.params()) as session:
        (await session.file.upload(this.source, "uploaded")).raise_for_error()
        folder = await session.file.transfer_path()
        (await session.file.download(f"{folder}/uploaded", this.target)).raise_for_error()
        text = "text" * 50_000
        (await session.file.write("/tmp/text", text)).raise_for_error()
        assert (await session.file.read("/tmp/text")).content == text


async def contexts(agb: AsyncAGB, this: Try) -> None:
    made = (await agb.context.create(this.name)).raise_for_error().context
    assert made is not None
    (await agb.context.upload_file(made.id, this.source, "kept")).raise_for_error()
    async with agb.session(this.params([ContextSync(made.id, "/tmp/mounted")])) as session:
        (await session.context.sync()).raise_for_error()
    (await agb.context.download_file(made.id, "kept", this.target)).raise_for_error()
    (await agb.context.delete(made)).raise_for_error()


async def keeping(agb: AsyncAGB, this: Try) -> None:
    params = CreateSessionParams({"scenario": this.name}, "code_latest", idle_release_timeout=3)
    async with agb.session(params, lease=3) as session:
        await aio.sleep(1.1)  # in which it is kept, and its lease renewed
        assert (await session.get_status()).status == "RUNNING"
        (await agb.reap()).raise_for_error()


async def waits_for_places(agb: AsyncAGB, this: Try) -> None:
    """With a client that may have one session and one request at once."""

    async def use(_: int) -> None:
        async with agb.session(this.params()) as session:
            asked = await aio.map_parallel(lambda _: session.get_status(), range(3), limit=3)
            assert {each.status for each in asked} == {"RUNNING"}

    await aio.map_parallel(use, range(2), limit=2)


SCENARIOS: tuple[Scenario, ...] = (
    code_and_commands,
    files,
    contexts,
    keeping,
    waits_for_places,
)
LIMITS: Mapping[Scenario, Mapping[str, Any]] = {
    waits_for_places: {"max_sessions": 1, "max_requests": 1}
}
"""What the clients of some are limited to."""


def blocking_code(agb: AGB, this: Try) -> None:
    with agb.session(this.params()) as session:
        assert session.code.run("6 * 7", "python").result == "42"
        assert session.command.execute("echo on").output == "on\n"
        with session.code.stream("print(1)", "python") as run:
            assert list(run)
        assert run.result.success
        with session.command.start("echo begun; sleep 600") as process:
            assert process.status().state == "running"


def blocking_files(agb: AGB, this: Try) -> None:
    with agb.session(this.params()) as session:
        session.file.upload(this.source, "uploaded").raise_for_error()
        folder = session.file.transfer_path()
        session.file.download(f"{folder}/uploaded", this.target).raise_for_error()
        session.file.write("/tmp/text", "text" * 50_000).raise_for_error()
        assert session.file.read("/etc/hostname").content


BLOCKING: tuple[Callable[[AGB, Try], None], ...] = (blocking_code, blocking_files)
