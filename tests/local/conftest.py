"""A server on a socket: with sandboxes, or with stand-ins for them and a clock to turn."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from agb.local.sandbox import Limits, Sandboxes
from agb.local.server import Server
from agb.local.settings import Settings
from local.stand_ins import KEY, Caller, StandIns, TurnableClock, calling, serving


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(api_key=KEY, data_dir=tmp_path / "data", port=0, warm=0)


@pytest.fixture
def clock() -> TurnableClock:
    return TurnableClock()


@pytest.fixture
def stand_ins(monkeypatch: pytest.MonkeyPatch) -> StandIns:
    stand_ins = StandIns()

    async def detect(*, choice: str, limits: Limits, folder: Path) -> StandIns:
        assert choice == "auto"
        assert limits == Limits()
        assert folder.is_dir()
        return stand_ins

    monkeypatch.setattr(Sandboxes, "detect", detect)
    return stand_ins


@pytest.fixture
async def server(
    stand_ins: StandIns, settings: Settings, clock: TurnableClock
) -> AsyncIterator[Server]:
    assert not stand_ins.opened  # they are there before the server is
    async with serving(settings, clock) as server:
        yield server


@pytest.fixture
async def caller(server: Server) -> AsyncIterator[Caller]:
    """Calls a server with stand-ins for sandboxes and a clock to turn."""
    async with calling(server.endpoint) as caller:
        yield caller


@pytest.fixture(scope="module")
async def agb(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Caller]:
    """Calls a server with the sandboxes and the clock of this machine, shared by a module."""
    settings = Settings(api_key=KEY, data_dir=tmp_path_factory.mktemp("agb"), port=0, warm=0)
    async with serving(settings) as server, calling(server.endpoint) as caller:
        yield caller


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with room for 16 MB."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root on Linux can mount a small disk")
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["/bin/mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", folder],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["/bin/umount", "--lazy", folder], check=True)
