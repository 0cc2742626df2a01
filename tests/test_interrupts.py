"""Ctrl-C is a normal event, too: a blocking program that is interrupted leaves nothing behind."""

import contextlib
import inspect
import signal
import sys
import threading
import time
import types
import uuid
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from support.fake import Network, envelope
from support.local import LocalAGB
from support.steps import Steps

from agb import AGB, CreateSessionParams
from agb._concurrency import signals, threads
from agb._sync import scope
from agb._sync.scope import SessionScope


def press_ctrl_c() -> None:
    """Interrupt the main thread, also where it waits: `_thread.interrupt_main` does not wake it."""
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


class InterruptsOnce(httpx.HTTPTransport):
    """A real transport; a Ctrl-C comes while a create is under way."""

    def __init__(self) -> None:
        super().__init__()
        self.threads: list[threading.Thread] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/mcp/createSession":
            self.threads.append(threading.current_thread())
            press_ctrl_c()
        return super().handle_request(request)


@pytest.mark.parametrize("as_block", [False, True])
def test_an_interrupted_create_leaves_no_session(local_agb: LocalAGB, as_block: bool) -> None:
    params = CreateSessionParams({"test": uuid.uuid4().hex}, "code_latest")
    transport = InterruptsOnce()
    with AGB(local_agb.api_key, endpoint=local_agb.endpoint, transport=transport) as agb:
        create = agb.session(params).__enter__ if as_block else lambda: agb.create(params)
        with pytest.raises(KeyboardInterrupt):
            create()
        assert agb.list(labels=params.labels).total_count == 0
    for thread in transport.threads:
        thread.join()


def test_an_interrupted_create_that_was_refused_has_nothing_to_undo(local_agb: LocalAGB) -> None:
    transport = InterruptsOnce()
    with (
        AGB(local_agb.api_key, endpoint=local_agb.endpoint, transport=transport) as agb,
        pytest.raises(KeyboardInterrupt),
    ):
        agb.create(CreateSessionParams(image_id="no-such-image"))


def test_a_thread_that_is_not_the_main_one_creates_by_itself(local_agb: LocalAGB) -> None:
    seen: list[str] = []

    class Notes(httpx.HTTPTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            seen.append(threading.current_thread().name)
            return super().handle_request(request)

    with (
        AGB(local_agb.api_key, endpoint=local_agb.endpoint, transport=Notes()) as agb,
        ThreadPoolExecutor(1, "caller") as pool,
    ):
        created = pool.submit(agb.create, CreateSessionParams(image_id="code_latest")).result()
        assert seen == ["caller_0"]
        assert agb.delete(created.raise_for_error().session or "").success


def test_a_create_that_is_interrupted_and_carried_out_much_later_leaves_no_session(
    local_agb: LocalAGB,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    looks_once: None,
) -> None:
    del looks_once
    monkeypatch.setattr("agb._sync.creation._FINISH_SECONDS", 0.01)
    later = threading.Event()

    class Late(InterruptsOnce):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.path != "/mcp/createSession":
                return super().handle_request(request)
            self.threads.append(threading.current_thread())
            press_ctrl_c()
            assert later.wait(60)
            return httpx.HTTPTransport.handle_request(self, request)

    params = CreateSessionParams({"test": uuid.uuid4().hex}, "code_latest")
    transport = Late()
    with AGB(local_agb.api_key, endpoint=local_agb.endpoint, transport=transport) as agb:
        with pytest.raises(KeyboardInterrupt):
            agb.create(params)
        assert "there may be a session labelled agb.request=" in caplog.text
        later.set()
        for thread in transport.threads:
            thread.join()
        assert agb.list(labels=params.labels).total_count == 0


_SHIELDING = {scope.__file__, signals.__file__, threads.__file__, contextlib.__file__}


def _ask_to_end(number: int, _: types.FrameType | None) -> None:
    raise SystemExit(number)


@pytest.fixture
def raising_handlers() -> Iterator[None]:
    before = signal.signal(signal.SIGTERM, _ask_to_end)
    yield
    signal.signal(signal.SIGTERM, before)


@contextmanager
def told_to_end(number: signal.Signals, at: int) -> Generator[Steps]:
    """Send a signal at one of the points in the client's own code where Python lets it in.

    Not at the very first, as the end of the block is entered: nothing can be done there yet. Nor as
    a generator goes on: Python lets nothing in where an exception is thrown into one.
    """
    steps = Steps(at, lambda: signal.raise_signal(number))
    entry = SessionScope.__exit__.__code__

    def look(frame: types.FrameType, event: str, _: Any) -> None:
        if event == "return" or frame.f_code.co_filename not in _SHIELDING:
            return
        code = frame.f_code
        if event == "call" and (code.co_flags & inspect.CO_GENERATOR or code is entry):
            return
        steps.wait()

    sys.setprofile(look)
    try:
        yield steps
    finally:
        sys.setprofile(None)


@pytest.mark.usefixtures("raising_handlers")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_told_to_end_anywhere_in_its_own_end_a_block_deletes_its_session(
    number: signal.Signals,
) -> None:
    handlers = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
    at, struck = 0, True
    while struck:
        at += 1
        network = Network(
            createSession=envelope({"sessionId": "s-1"}),
            releaseSessionAsync=envelope(),
            getSessionInfo=envelope({"status": "FINISH"}),
        )
        with AGB("key", endpoint="https://agb.example", transport=network) as agb:
            block = agb.session(CreateSessionParams(image_id="code_latest"))
            block.__enter__()
            steps = Steps(at)
            try:
                with told_to_end(number, at) as steps:
                    block.__exit__(None, None, None)
            except (KeyboardInterrupt, SystemExit):
                assert steps.struck
            else:
                assert not steps.struck, f"what was told at {at} got lost"
        assert network.paths()[1:] == ["releaseSessionAsync", "getSessionInfo"], f"told at {at}"
        struck = steps.struck
        assert handlers == [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
    assert at > 30


@pytest.mark.usefixtures("raising_handlers")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_told_to_end_anywhere_before_or_after_ctrl_c_a_create_leaves_no_session(
    number: signal.Signals,
) -> None:
    def created(_: httpx.Request) -> httpx.Response:
        press_ctrl_c()
        return envelope({"sessionId": "s-1"})

    handlers = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
    at, struck = 0, True
    while struck:
        at += 1
        network = Network(
            createSession=created,
            releaseSessionAsync=envelope(),
            getSessionInfo=envelope({"status": "FINISH"}),
        )
        with (
            AGB("key", endpoint="https://agb.example", transport=network) as agb,
            pytest.raises((KeyboardInterrupt, SystemExit)),
            told_to_end(number, at) as steps,
        ):
            agb.create(CreateSessionParams(image_id="code_latest"))
        undone = ["createSession", "releaseSessionAsync", "getSessionInfo"]
        assert network.paths() in ([], undone), f"told at {at}"
        struck = steps.struck
        assert handlers == [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
    assert at > 30


def test_a_handler_that_does_not_raise_is_called_at_once_and_may_set_another() -> None:
    calls: list[str] = []

    def second(_: int, __: types.FrameType | None) -> None:
        calls.append("second")

    def first(number: int, _: types.FrameType | None) -> None:
        calls.append("first")
        signal.signal(number, second)

    def work() -> str:
        press_ctrl_c()
        while not calls:
            time.sleep(0.001)
        return calls[0]

    def undo(_: str | None) -> None:
        raise AssertionError

    before = signal.signal(signal.SIGINT, first)
    try:
        assert threads.finished_or_undone(work, undo, seconds=20) == "first"
        assert signal.getsignal(signal.SIGINT) is second
    finally:
        signal.signal(signal.SIGINT, before)
    assert calls == ["first"]
