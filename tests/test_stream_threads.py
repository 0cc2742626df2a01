"""One blocking session, used by several threads at once."""

import secrets
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from support.streaming import PATIENCE, Peer, Script, StreamServer, accepting, network, session_data

from agb import AGB, Session, StdoutEvent, StreamDisconnectedError
from agb._wire.stream import RunRequest


@contextmanager
def session_with(*scripts: Script) -> Iterator[tuple[Session, StreamServer]]:
    with (
        StreamServer(*scripts) as server,
        AGB(secrets.token_hex(), endpoint="https://agb.example", transport=network()) as agb,
    ):
        yield Session.from_data(agb, session_data(server.url)), server


def counts(peer: Peer) -> None:
    while isinstance(run := peer.next(), RunRequest):
        peer.out(run, *(f"{run.code}.{number} " for number in range(50)))
        peer.end(run)


def test_threads_stream_at_once_over_one_connection() -> None:
    def follow(name: int) -> str:
        texts: list[str] = []
        with session.code.stream(str(name), "python") as run:
            texts += [event.text for event in run if isinstance(event, StdoutEvent)]
        return "".join(texts)

    with session_with(accepting(counts)) as (session, server):
        with ThreadPoolExecutor(8) as pool:
            told = list(pool.map(follow, range(64)))
        assert told == ["".join(f"{name}.{i} " for i in range(50)) for name in range(64)]
        assert len(server.peers) == 1


@pytest.mark.parametrize("ending", ["delete", "close"])
def test_a_thread_that_waits_is_woken_when_another_one_ends_the_session(ending: str) -> None:
    waiting = threading.Event()

    def waits(peer: Peer) -> None:
        peer.run()
        waiting.set()
        peer.mute = True
        peer.wait_for_the_end()

    with session_with(accepting(waits)) as (session, _), ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(session.code.run, "x", "python", stream_beta=True) for _ in range(2)]
        assert waiting.wait(PATIENCE)
        if ending == "delete":
            assert session.delete().success
        else:
            session.agb.close()
        errors = [run.result(PATIENCE).error for run in runs]
        assert any(isinstance(error, StreamDisconnectedError) for error in errors)
        assert all(errors)
