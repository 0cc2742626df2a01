"""Ctrl-C is a normal event, too: a blocking program that is interrupted leaves nothing behind."""

import _thread
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from support.local import LocalAGB

from agb import AGB, CreateSessionParams


class InterruptsOnce(httpx.HTTPTransport):
    """A real transport; a Ctrl-C comes while a create is under way."""

    def __init__(self) -> None:
        super().__init__()
        self.threads: list[threading.Thread] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/mcp/createSession":
            self.threads.append(threading.current_thread())
            _thread.interrupt_main()
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
            _thread.interrupt_main()
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
