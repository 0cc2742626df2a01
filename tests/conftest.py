"""What all tests share."""

import importlib
import os
import secrets
import signal
import zipfile
from collections.abc import Iterator
from pathlib import Path

if os.environ.get("AGB_TEST_HTTPX") == "httpx2":
    importlib.import_module("httpx2").alias_httpx()  # before anything imports httpx

import pytest
from hypothesis import settings
from support.local import LocalAGB, running
from support.transports import OVER_AIOHTTP, hand_in_aiohttp

settings.register_profile("agb", deadline=None)  # how long an example takes says nothing here
settings.register_profile("long", deadline=None, max_examples=3000)  # --hypothesis-profile=long
settings.load_profile("agb")


@pytest.fixture(autouse=True, scope="session")
def _signals_are_as_in_a_terminal() -> Iterator[None]:
    """A job in the background ignores these, and so does all that it starts."""
    interrupt = signal.signal(signal.SIGINT, signal.default_int_handler)
    quits = signal.signal(signal.SIGQUIT, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGQUIT, quits)


@pytest.fixture(autouse=True)
def _nothing_is_read_from_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("AGB_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def _tasks_send_through_the_transport_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    if OVER_AIOHTTP:
        hand_in_aiohttp(monkeypatch)


@pytest.fixture(params=["asyncio"] if OVER_AIOHTTP else ["asyncio", "trio"], scope="module")
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def local_agb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAGB]:
    data_dir = tmp_path_factory.mktemp("local-agb")
    with running(data_dir, api_key=secrets.token_urlsafe(32)) as local:
        yield local


@pytest.fixture
def looks_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look once only for a session whose create got no answer."""
    monkeypatch.setattr("agb._creating.LATE", (0.0,))
    monkeypatch.setattr("agb._creating.PROMPT", (0.0,))


@pytest.fixture
def packed_extension(tmp_path_factory: pytest.TempPathFactory) -> Path:
    packed = tmp_path_factory.mktemp("extension") / "extension.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("manifest.json", "{}")
    return packed
