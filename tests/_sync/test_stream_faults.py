# Generated from tests/_async/test_stream_faults.py; edit that file, then `nox -s twin`.
"""What goes wrong with a WebSocket, and what becomes of the streams on it."""

import json
import secrets
import socket
import threading

import pytest
from support.streaming import PATIENCE, Peer, Script, StreamServer, accepting, network, session_data
from websockets.frames import Opcode

from agb import AGB, CodeStream, Session, StdoutEvent, StreamDisconnectedError, StreamError
from agb._concurrency import threads
from agb._web_socket import Heartbeat
from agb._wire.stream import CancelRequest, RunRequest

KEY = secrets.token_hex()
SECRETS = ("the-secret-token", "the-secret-signature", KEY)
IMPATIENT = Heartbeat(every=0.02, within=2.0)


def client(timeout: float = 30.0) -> AGB:
    return AGB(KEY, endpoint="https://agb.example", transport=network(), timeout=timeout)


def session_at(agb: AGB, url: str, heartbeat: Heartbeat | None = None) -> Session:
    session = Session.from_data(agb, session_data(url))
    if heartbeat is not None:
        session._streams.heartbeat = heartbeat
    return session


def texts_of(run: CodeStream) -> list[str]:
    return [event.text for event in run if isinstance(event, StdoutEvent)]


def works(peer: Peer) -> None:
    peer.accept()
    while isinstance(run := peer.next(), RunRequest):
        peer.out(run, "it works")
        peer.end(run)


def drops(peer: Peer) -> None:
    peer.drop()


def resets(peer: Peer) -> None:
    peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, bytes([1, 0, 0, 0, 0, 0, 0, 0]))
    peer.socket.close()


def half_a_frame(peer: Peer) -> None:
    peer.raw(peer.framed("never to be seen whole")[:9])
    peer.drop()


def closes(peer: Peer) -> None:
    peer.close(1012, "service restart")


def speaks_no_websocket(peer: Peer) -> None:
    peer.raw(b"\xff\xff\xff\xff")
    peer.wait_for_the_end()


def says_no_utf8_in_its_close(peer: Peer) -> None:
    peer.raw(peer.framed(b"\x03\xe8\xff", opcode=Opcode.CLOSE))
    peer.wait_for_the_end()


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (drops, "broke"),
        (resets, "broke"),
        (half_a_frame, "broke"),
        (closes, r"closed the connection \(code 1012: service restart\)"),
        (speaks_no_websocket, "no WebSocket may"),
        (says_no_utf8_in_its_close, "no WebSocket may"),
    ],
)
def test_a_broken_connection_ends_its_runs_with_what_had_come_and_the_next_one_reconnects(
    fault: Script, says: str
) -> None:
    def tells_and_fails(peer: Peer) -> None:
        runs = [peer.run(), peer.run()]
        for run in runs:
            peer.out(run, "so far")
        fault(peer)

    def follow(_: int) -> StreamDisconnectedError:
        with session.code.stream("x", "python") as run:
            with pytest.raises(StreamDisconnectedError, match=says) as caught:
                texts_of(run)
            assert texts_of(run) == []
        assert run.result == caught.value.partial
        return caught.value

    with StreamServer(accepting(tells_and_fails), works) as server, client() as agb:
        session = session_at(agb, server.url)
        errors = threads.map_parallel(follow, range(2), limit=2)
        for error in errors:
            assert error.code == "STREAM_DISCONNECTED"
            assert error.partial is not None
            assert error.partial.error is error
            assert error.partial.logs.stdout == ("so far",)
            assert error.request_id == error.partial.request_id != ""
            assert not any(secret in str(error) for secret in SECRETS)
        again = session.code.run("x", "python", stream_beta=True)
        assert again.result == "it works"
    assert len(server.peers) == 2


def test_the_exception_of_a_broken_run_goes_to_the_callback_and_the_result() -> None:
    def tells_and_drops(peer: Peer) -> None:
        peer.out(peer.run(), "so far")
        peer.drop()

    heard = list[object]()
    with StreamServer(accepting(tells_and_drops)) as server, client() as agb:
        result = session_at(agb, server.url).code.run(
            "x", "python", stream_beta=True, on_error=heard.append
        )
    assert isinstance(result.error, StreamDisconnectedError)
    assert heard == [result.error]
    assert result.result == "so far"


def test_a_server_that_died_silently_is_noticed_by_all_that_wait() -> None:
    def dies(peer: Peer) -> None:
        runs = [peer.run(), peer.run()]
        for run in runs:
            peer.out(run, "so far")
        peer.mute = True
        peer.wait_for_the_end()
        assert peer.pings

    def follow(_: int) -> str:
        result = session.code.run("x", "python", stream_beta=True)
        assert isinstance(result.error, StreamDisconnectedError)
        assert "silent" in result.error_message
        return result.result

    with StreamServer(accepting(dies)) as server, client() as agb:
        session = session_at(agb, server.url, IMPATIENT)
        assert threads.map_parallel(follow, range(2), limit=2) == ["so far", "so far"]


def test_code_that_is_silent_for_long_is_not_taken_for_dead() -> None:
    def thinks(peer: Peer) -> None:
        run = peer.run()
        for _ in range(3):
            peer.hear_a_ping()
        peer.out(run, "thought")
        peer.end(run)
        peer.wait_for_the_end()

    with StreamServer(accepting(thinks)) as server, client() as agb:
        session = session_at(agb, server.url, Heartbeat(every=0.02))
        result = session.code.run("x", "python", stream_beta=True)
    assert result.result == "thought"


def test_frames_that_say_nothing_to_a_run_are_passed_over() -> None:
    def talks_to_nobody(peer: Peer) -> None:
        run = peer.run()
        peer.say("no JSON", '{"half', "[1, 2]", "{}", "[" * 100_000)
        peer.raw(peer.framed(peer.written(run, "binary").encode()))
        peer.raw(peer.framed(b"binary, in ", fin=False, opcode=Opcode.BINARY))
        peer.raw(peer.framed(b"two pieces", opcode=Opcode.CONT))
        peer.raw(peer.framed(b"\xff no UTF-8", opcode=Opcode.TEXT))
        for name in ("unknown", ""):
            other = RunRequest(
                invocation_id=name, target="", language="python", timeout_s=1, code=""
            )
            peer.out(other, "for another run")
            peer.end(other)
        peer.out(run, "well")
        peer.end(run)
        peer.wait_for_the_end()

    with StreamServer(accepting(talks_to_nobody)) as server, client() as agb:
        result = session_at(agb, server.url).code.run("x", "python", stream_beta=True)
    assert result.success
    assert result.logs.stdout == ("well",)


def test_a_frame_may_be_of_any_size_either_way() -> None:
    size = 20 * 1024 * 1024

    def tells_much(peer: Peer) -> None:
        run = peer.run()
        assert len(run.code) == size
        peer.out(run, "é" * size)
        peer.end(run)
        peer.wait_for_the_end()

    with StreamServer(accepting(tells_much)) as server, client() as agb:
        result = session_at(agb, server.url).code.run("#" * size, "python", stream_beta=True)
    assert result.success
    assert result.logs.stdout[0] == "é" * size


@pytest.mark.parametrize(
    ("frame", "stopped"),
    [
        ({"phase": "dance"}, True),
        ("not an object", True),
        ({"phase": "error", "error": {"code": "Run.Full", "message": "no room"}}, False),
        ({"error": "no room"}, False),
    ],
)
def test_a_run_that_makes_no_sense_breaks_off_alone(frame: object, stopped: bool) -> None:
    def breaks_one(peer: Peer) -> None:
        runs = {run.code: run for run in (peer.run(), peer.run())}
        name = runs["bad"].invocation_id
        peer.out(runs["bad"], "so far")
        peer.say(json.dumps({"invocationId": name, "data": frame}))
        if stopped:
            stop = peer.next()
            assert isinstance(stop, CancelRequest)
            assert stop.invocation_id == name
        peer.out(runs["good"], "well")
        peer.end(runs["good"])
        assert peer.next() is None

    def follow(name: str) -> str:
        result = session.code.run(name, "python", stream_beta=True)
        if name == "bad":
            assert isinstance(result.error, StreamError)
            assert result.code == ("Run.Full" if "code" in str(frame) else "STREAM_FAILED")
            assert result.error.partial == result
        return result.result

    with StreamServer(accepting(breaks_one)) as server, client() as agb:
        session = session_at(agb, server.url)
        assert threads.map_parallel(follow, ["bad", "good"], limit=2) == ["so far", "well"]


def until_it_has_news(session: Session) -> None:
    shared = session._streams._shared
    assert shared is not None
    while not shared._socket._stream.is_readable:
        threads.sleep(0.001)


def test_a_run_that_is_sent_to_nobody_breaks_and_is_not_sent_again() -> None:
    def resets_when_told(peer: Peer) -> None:
        peer.accept()
        peer.run()
        resets(peer)

    with StreamServer(resets_when_told, works) as server, client() as agb:
        session = session_at(agb, server.url)
        with session.code.stream("x", "python") as first:
            until_it_has_news(session)
            second = session.code.run("#" * 100_000, "python", stream_beta=True)
            assert isinstance(second.error, StreamDisconnectedError)
            with pytest.raises(StreamDisconnectedError):
                texts_of(first)
        assert session.code.run("x", "python", stream_beta=True).success
    assert [len(peer.received) for peer in server.peers] == [1, 1]


def test_a_server_that_takes_nothing_is_given_up() -> None:
    done = threading.Event()

    def takes_nothing(_: Peer) -> None:
        assert done.wait(PATIENCE)

    with StreamServer(accepting(takes_nothing)) as server:
        with client() as agb:
            session = session_at(agb, server.url, Heartbeat(within=0.1))
            failed = session.code.run("#" * 50_000_000, "python", stream_beta=True)
            assert isinstance(failed.error, StreamDisconnectedError)
            assert failed.request_id
        done.set()
