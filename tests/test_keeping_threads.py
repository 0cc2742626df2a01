"""Keeping sessions where there are no more threads to be had, and across a fork."""

import logging
import threading

import anyio
import pytest
from support.local import LocalAGB

from agb import AGB, AsyncAGB
from agb._async.keeping import AsyncKept
from agb._concurrency import place


def test_a_session_is_used_unkept_when_the_machine_is_out_of_threads(
    local_agb: LocalAGB, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    start = threading.Thread.start

    def out_of_threads(thread: threading.Thread) -> None:
        if thread.name == "agb: keeps sessions":
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", out_of_threads)
    agb = AGB(local_agb.api_key, endpoint=local_agb.endpoint, default_image="code_latest")
    with agb, agb.session() as session:
        assert session.command.execute("echo hello").success
    told = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
    assert told == ["agb: keeps sessions does not run: can't start new thread"]


def test_a_forked_process_does_not_wait_for_a_thread_that_it_does_not_have(
    local_agb: LocalAGB, monkeypatch: pytest.MonkeyPatch
) -> None:
    agb = AGB(local_agb.api_key, endpoint=local_agb.endpoint, default_image="code_latest")
    with agb, agb.session() as session:
        with monkeypatch.context() as child, agb.keeper._mutex:
            child.setattr(place._Process, "forks", place.process() + 1)
            agb.keeper.release(session.session_id)
        assert session.session_id in agb.keeper._kept
    assert not agb.keeper._kept


def test_what_goes_wrong_in_the_background_is_logged_and_ends_it(
    local_agb: LocalAGB, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    logged = anyio.Event()

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:  # noqa: ARG002 - as is declared there
            logged.set()

    async def wrong(_: AsyncKept) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(AsyncKept, "tend", wrong)
    monkeypatch.setattr(logging.getLogger("agb"), "handlers", [Listener(logging.ERROR)])

    async def program() -> None:
        agb = AsyncAGB(local_agb.api_key, endpoint=local_agb.endpoint, default_image="code_latest")
        async with agb, agb.session(idle_release_timeout=2):
            await logged.wait()

    anyio.run(program)
    assert "work in the background failed" in caplog.text
    assert "ZeroDivisionError" in caplog.text
