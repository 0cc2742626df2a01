"""The agent: requests in, answers out, and what it does to itself before."""

import ctypes
import json
import os
import resource
import secrets
import signal
import socket
import struct
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.waiting import eventually

from agb.local.inside import agent as agent_module
from agb.local.inside import old_kernel
from agb.local.inside import processes as processes_module
from agb.local.inside import usage as usage_module
from agb.local.inside.agent import Agent, Settings, limit, main, operations
from agb.local.inside.asker import WINDOW
from agb.local.inside.errors import OperationError
from agb.local.inside.paths import Paths
from agb.local.inside.processes import kill_tree, marked
from agb.local.inside.usage import usage

LENGTH = struct.Struct(">I")


class Client:
    """The server's end of the socket."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.stream = connection.makefile("rb")

    def send(self, **frame: Any) -> None:
        data = json.dumps(frame).encode()
        self.connection.sendall(LENGTH.pack(len(data)) + data)

    def receive(self) -> dict[str, Any]:
        (self.size,) = LENGTH.unpack(self.stream.read(4))
        return dict(json.loads(self.stream.read(self.size)))

    def ask(self, op: str, **params: Any) -> dict[str, Any]:
        self.send(id=1, op=op, params=params)
        return self.receive()

    def close(self) -> None:
        self.stream.close()
        self.connection.close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "home/user").mkdir(parents=True)
    env = {"PATH": os.environ["PATH"]}
    mark = secrets.token_hex(8)
    return Settings(fd=-1, door=-1, env=env, python=sys.executable, root=str(tmp_path), mark=mark)


@pytest.fixture
def client(settings: Settings) -> Iterator[Client]:
    ours, theirs = socket.socketpair()
    known = operations(settings)
    known["broken"] = lambda: 1 / 0
    known["refused"] = _refuse
    with theirs:
        serving = threading.Thread(target=Agent(theirs, known).serve)
        serving.start()
        client = Client(ours)
        yield client
        client.close()
        serving.join()
    kill_tree(set(), settings.mark)


def _refuse() -> None:
    raise OperationError("Some.Code", "a message", {"more": 1})


def test_it_answers_by_number(client: Client) -> None:
    client.send(id=7, op="ping", params={})
    assert client.receive() == {"id": 7, "result": {"pid": os.getpid()}}


def test_a_failure_has_code_message_and_details(client: Client) -> None:
    error = {"code": "Some.Code", "message": "a message", "details": {"more": 1}}
    assert client.ask("refused") == {"id": 1, "error": error}


def test_an_unknown_operation_is_named(client: Client) -> None:
    error = client.ask("nonsense")["error"]
    assert error["code"] == "Operation.Unknown"
    assert "nonsense" in error["message"]


@pytest.mark.parametrize(("op", "params"), [("broken", {}), ("ping", {"surplus": 1})])
def test_a_bug_is_answered_with_its_traceback(
    client: Client, op: str, params: dict[str, int]
) -> None:
    error = client.ask(op, **params)["error"]
    assert error["code"] == "Internal"
    assert "Traceback" in error["details"]["traceback"]


def test_files_commands_and_code_are_one_world(client: Client) -> None:
    client.ask("file.write", path="x", content="1 + 1")
    assert client.ask("shell", command="cat x")["result"]["stdout"] == "1 + 1"
    assert client.ask("file.search", path=".", pattern="x")["result"] == ["/home/user/x"]
    assert client.ask("file.list", path="/home")["result"][0]["name"] == "user"


def test_a_slow_request_holds_up_no_other(client: Client) -> None:
    client.send(id=1, op="shell", params={"command": "while [ ! -e go ]; do sleep 0.01; done"})
    client.send(id=2, op="ping", params={})
    assert client.receive()["id"] == 2
    client.send(id=3, op="file.write", params={"path": "go", "content": ""})
    assert {client.receive()["id"] for _ in range(2)} == {1, 3}


def test_running_code_sends_events_before_the_answer_if_they_are_wanted(client: Client) -> None:
    params = {"code": "print('a'); 1", "language": "python"}
    client.send(id=5, op="run_code", params=params, events=True)
    frames = [client.receive()]
    while "event" in frames[-1]:
        frames.append(client.receive())
    kinds = [frame["event"]["type"] for frame in frames[:-1]]
    assert set(kinds) == {"stdout", "result"}
    assert frames[-1]["result"]["results"] == []
    answer = client.ask("run_code", **params)["result"]
    assert answer["results"] == [{"data": {"text/plain": "1"}, "isMainResult": True}]


def test_who_does_not_take_events_in_stops_what_runs_until_they_do(client: Client) -> None:
    code = f"print('x' * {3 * WINDOW}); 1"
    client.send(id=1, op="run_code", params={"code": code, "language": "python"}, events=True)
    size = 0
    while size < WINDOW:
        assert "event" in client.receive()
        size += client.size
    client.send(id=2, op="ping", params={})
    assert client.receive()["id"] == 2  # though there is more to tell
    frame: dict[str, Any] = {"event": {}}
    while "event" in frame:
        client.send(id=1, took=size)
        frame = client.receive()
        size = client.size
    assert frame["result"]["error"] is None


def test_a_run_that_is_called_off_is_stopped(client: Client) -> None:
    code = "print('on')\nwhile True: pass"
    client.send(id=1, op="run_code", params={"code": code, "language": "python"}, events=True)
    assert client.receive()["event"]["text"] == "on\n"
    client.send(id=1, called_off=True)
    assert client.receive()["error"]["code"] == "Operation.CalledOff"
    client.send(id=1, called_off=True)  # nobody is left to hear it
    assert "result" in client.ask("ping")


def test_what_utf8_cannot_carry_is_replaced(client: Client) -> None:
    error = client.ask("file.read", path="\ud800")["error"]
    assert error["code"] == "Path.Invalid"


def test_without_a_thread_to_spare_it_says_so_and_lives_on(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        assert client.ask("ping")["error"]["code"] == "Process.Limit"
    assert "result" in client.ask("ping")


def test_an_answer_that_nobody_waits_for_is_dropped() -> None:
    ours, theirs = socket.socketpair()
    release = threading.Event()
    ours.sendall(LENGTH.pack(32) + b'{"id":1,"op":"wait","params":{}}')
    ours.shutdown(socket.SHUT_WR)
    agent = Agent(theirs, {"wait": release.wait})
    agent.serve()
    ours.close()
    release.set()
    eventually(lambda: agent._crew._waiting)  # until the thread has nothing to do any more
    theirs.close()


@pytest.mark.parametrize("adopts", [True, False])
def test_the_end_of_the_socket_is_the_end_of_all(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, adopts: bool
) -> None:
    ended: list[int] = []
    hardened: list[bool] = []
    limits: list[Any] = []
    monkeypatch.setattr(os, "_exit", ended.append)
    monkeypatch.setattr(os, "umask", lambda _: 0)
    monkeypatch.setattr(threading, "stack_size", lambda _: 0)
    monkeypatch.setattr(
        agent_module, "harden", lambda **settings: hardened.append(settings["adopts"])
    )
    monkeypatch.setattr(resource, "setrlimit", lambda *arguments: limits.append(arguments))
    killed: list[tuple[set[int], str]] = []
    monkeypatch.setattr(agent_module, "kill_tree", lambda *arguments: killed.append(arguments))
    ours, theirs = socket.socketpair()
    client = Client(ours)
    our_door, their_door = socket.socketpair()
    opened = settings._replace(fd=theirs.detach(), door=their_door.detach())
    text = json.dumps(opened._replace(adopts=adopts, limits={"CORE": 0})._asdict())
    serving = threading.Thread(target=main, args=(text,))
    serving.start()
    assert client.ask("ping")["result"]
    our_door.sendall(b"4")
    _, made, _, _ = socket.recv_fds(our_door, 1, 1)
    os.close(made[0])
    our_door.close()
    client.close()
    serving.join()
    assert ended == [0]
    assert limits == [(resource.RLIMIT_CORE, (0, 0))]
    assert hardened == ([adopts] if sys.platform == "linux" else [])
    assert killed == ([({os.getpid()}, settings.mark)] if adopts else [])
    assert marked(settings.mark) == set()


@pytest.mark.parametrize(
    ("most", "expected"), [(resource.RLIM_INFINITY, 100), (50, 50), (500, 100)]
)
def test_a_limit_is_not_set_higher_than_it_may_be(
    monkeypatch: pytest.MonkeyPatch, most: int, expected: int
) -> None:
    limits: list[Any] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (0, most))
    monkeypatch.setattr(resource, "setrlimit", lambda *arguments: limits.append(arguments))
    limit({"NOFILE": 100})
    assert limits == [(resource.RLIMIT_NOFILE, (expected, expected))]


def test_the_agent_is_closed_to_the_session_and_adopts_if_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[tuple[int, ...]] = []
    joined: list[tuple[int | None, ...]] = []

    class Library:
        def __init__(self, _: None) -> None:
            self.prctl = lambda *arguments: calls.append(arguments)
            self.syscall = lambda _, *arguments: joined.append(arguments)

    monkeypatch.setattr(ctypes, "CDLL", Library)
    agent_module.harden(adopts=True, traced=False)
    if os.uname().machine in {"x86_64", "aarch64"}:
        assert joined == [(1, None)]  # a keyring of its own
    assert calls == [(36, 1, 0, 0, 0), (4, 0, 0, 0, 0)]


def test_a_traced_agent_ends_with_its_tracer_which_must_get_into_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[tuple[int, ...]] = []
    pretended: list[bool] = []

    class Library:
        def __init__(self, _: None) -> None:
            self.prctl = lambda *arguments: calls.append(arguments)
            self.syscall = lambda *_: None

    monkeypatch.setattr(ctypes, "CDLL", Library)
    monkeypatch.setattr(old_kernel, "pretend", lambda: pretended.append(True))
    agent_module.harden(adopts=True, traced=True)
    assert calls == [(36, 1, 0, 0, 0), (1, signal.SIGKILL, 0, 0, 0)]
    assert pretended


def test_traffic_of_a_network_that_is_shared_is_nobodys(tmp_path: Path) -> None:
    assert usage(Paths(str(tmp_path)), own_network=False)["network"] == {}


def test_usage_counts_traffic_and_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counters = tmp_path / "dev"
    monkeypatch.setattr(usage_module, "_COUNTERS", counters)
    assert usage(Paths(str(tmp_path)))["network"] == {}
    counters.write_text(
        "Inter-|   Receive  |  Transmit\n face |bytes packets |bytes packets\n"
        "    lo:     100   1 0 0 0 0 0 0      200  1 0 0 0 0 0 0\n"
        "  eth0:3000   1 0 0 0 0 0 0      4000  1 0 0 0 0 0 0\n"
    )
    answer = usage(Paths(str(tmp_path)))
    assert answer["network"] == {
        "lo": {"rx_bytes": 100, "tx_bytes": 200},
        "eth0": {"rx_bytes": 3000, "tx_bytes": 4000},
    }
    disk = answer["disk"]
    assert 0 < disk["used"] < disk["total"]
    assert 0 < disk["free"] < disk["total"]


def test_all_that_the_session_runs_is_killed_and_nothing_that_the_agent_comes_from(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is killed here: it is the processes of the machine that this process can see."""
    own = os.getpid()
    table = {1: 0, 2: 1, own: 2, own + 1: own, own + 2: 1}
    found: list[set[int]] = []
    processes = {pid: processes_module.Process(parent, 0) for pid, parent in table.items()}
    monkeypatch.setattr(processes_module, "table", lambda: processes)
    monkeypatch.setattr(processes_module, "kill_until_none", lambda find: found.append(find()))
    agent_module.halt(settings._replace(walled=True))
    assert found == [{own + 1, own + 2}]
    trees: list[tuple[set[int], str]] = []
    monkeypatch.setattr(agent_module, "kill_tree", lambda roots, mark: trees.append((roots, mark)))
    agent_module.halt(settings)
    assert trees == [({own}, settings.mark)]
