# Generated from tests/_async/test_processes.py; edit that file, then `nox -s twin`.
"""Background processes of a session."""

import signal

import httpx
import pytest
from support.fake import Network, refusal, tool_text
from support.local import LocalAGB, own_file_system
from support.lost import Losing

from agb import (
    AGB,
    APIConnectionError,
    CommandError,
    InvalidParamsError,
    InvalidRequestError,
    Process,
    ProcessLostError,
    ProcessNotFoundError,
    ServerError,
    Session,
    SessionNotFoundError,
    UnexpectedResponseError,
    WaitTimeoutError,
)

LONG = 60.0
"""Seconds that nothing here takes, even on a machine that is busy."""


def ready(process: Process, text: str = "ready\n") -> None:
    """Wait until a process has written something."""
    for piece in process.stream():
        if text in piece.text:
            return
    raise AssertionError("it ended and never wrote that")


def follow(process: Process, texts: list[str]) -> None:
    """Add what a process writes to a list, until it ends."""
    for piece in process.stream():
        texts.append(piece.text)  # noqa: PERF401 - what came before an error stays


def command_ends(session: Session, test: str) -> None:
    """Wait until a test in a shell fails."""
    command = f"while {test}; do sleep 0.02; done 2>/dev/null"
    session.command.execute(command, timeout_ms=30_000, check=True)


@pytest.fixture
def held(session: Session) -> Process:
    """A process that is ready, and ends when it is told to."""
    session.command.execute("mkfifo go", check=True)
    process = session.command.start("echo ready; read line <go; echo $line >&2; exit 7")
    ready(process)
    return process


def test_the_end_is_waited_for_and_its_exit_code_is_recorded(
    session: Session, held: Process
) -> None:
    status = held.status()
    assert (status.state, status.exit_code, status.stdout_size) == ("running", None, 6)
    assert status.pid
    assert status.request_id
    session.command.execute("echo on >go")
    run = held.wait(LONG)
    assert (run.stdout, run.stderr, run.output) == ("ready\n", "on\n", "ready\non\n")
    assert run.exit_code == 7
    assert isinstance(run.error, CommandError)
    assert (run.error.exit_code, run.error.stderr, run.error_message) == (7, "on\n", "on")
    assert run.request_id
    status = held.status()
    assert (status.state, status.exit_code, status.stderr_size) == ("exited", 7, 3)


def test_a_process_that_ends_well_has_no_error(session: Session) -> None:
    process = session.command.start(["printf", "%s", "it's done"])
    run = process.wait(check=True)
    assert (run.success, run.stdout, run.exit_code) == (True, "it's done", 0)


def test_waiting_has_its_own_limit_and_leaves_the_process_running(
    held: Process,
) -> None:
    run = held.wait(3)  # enough for one look at least
    assert isinstance(run.error, WaitTimeoutError)
    assert run.exit_code is None
    assert run.request_id
    assert held.status().state == "running"
    with pytest.raises(WaitTimeoutError):
        held.wait(0.05, check=True)


def test_another_client_attaches_by_id(
    session: Session, held: Process, local_agb: LocalAGB
) -> None:
    with AGB(local_agb.api_key, endpoint=local_agb.endpoint) as other:
        again = other.get(session.session_id).raise_for_error().session
        assert again is not None
        attached = again.command.attach(held.id)
        assert attached.output().text == "ready\n"
        session.command.execute("echo on >go")
        assert attached.wait(LONG).exit_code == 7


def test_processes_are_listed_until_they_are_removed(session: Session, held: Process) -> None:
    assert held.remove().code == "Process.Running"
    ended = session.command.start("exit 3", process_id="web-1.x")
    ended.wait(LONG)
    listed = session.command.list_processes()
    found = {process.process_id: process for process in listed.processes}
    assert set(found) == {held.id, "web-1.x"}
    assert (found["web-1.x"].state, found["web-1.x"].exit_code) == ("exited", 3)
    assert (found[held.id].state, found[held.id].exit_code) == ("running", None)
    assert found["web-1.x"].command == "exit 3"
    assert ended.remove().success
    assert [each.process_id for each in session.command.list_processes().processes] == [held.id]
    assert ended.remove().code == "PROCESS_NOT_FOUND"


def test_a_session_without_processes_lists_none(session: Session) -> None:
    assert session.command.list_processes().raise_for_error().processes == ()


def test_an_id_that_nothing_was_started_with_is_not_found(session: Session) -> None:
    with pytest.raises(ProcessNotFoundError, match="no-such") as caught:
        session.command.attach("no-such")
    assert caught.value.request_id
    process = Process(session._tools, "no-such")
    for done in (
        process.status(),
        process.wait(),
        process.output(),
        process.write_stdin("x"),
        process.close_stdin(),
        process.signal("TERM"),
        process.kill(),
        process.remove(),
    ):
        assert isinstance(done.error, ProcessNotFoundError)
    with pytest.raises(ProcessNotFoundError):
        for _ in process.stream():
            pass
    with process:
        pass


@own_file_system
def test_directory_and_variables_arrive_and_nothing_of_ours_does(
    session: Session,
) -> None:
    session.file.mkdir("/tmp/a b")
    envs = {
        "GIVEN": 'it\'s; $HOME "quoted" `x` \n&',
        "PATH": "/nowhere:/usr/bin:/bin",
        "TMPDIR": "/nowhere",
        "command": "c",
        "AGB_COMMAND": "own",
        "dotted.name": "d",
    }
    process = session.command.start('pwd; printf %s "$GIVEN"; env', cwd="/tmp/a b", envs=envs)
    run = process.wait(LONG, check=True)
    assert run.stdout.startswith(f"/tmp/a b\n{envs['GIVEN']}")
    for name in ("PATH", "TMPDIR", "command", "AGB_COMMAND"):
        assert f"\n{name}={envs[name]}\n" in run.stdout
    ours = {line.partition("=")[0] for line in run.stdout.split("\n") if line.startswith("AGB_")}
    assert ours <= {"AGB_MARK", "AGB_PROCESS_FOLDER", "AGB_COMMAND"}


def test_a_process_reads_nothing_unless_it_is_told_so(session: Session) -> None:
    process = session.command.start("cat; echo end")
    assert process.wait(LONG).stdout == "end\n"
    sleeping = session.command.start("sleep 600")
    assert sleeping.write_stdin("x").code == "Process.NoStdin"
    assert sleeping.close_stdin().code == "Process.NoStdin"


def test_what_is_sent_to_standard_input_arrives_in_order(session: Session) -> None:
    process = session.command.start("cat", stdin=True)
    assert process.write_stdin("é\n").success
    ready(process, "é\n")
    assert process.write_stdin(b"\xff\x00").success
    assert process.write_stdin("").success
    assert process.close_stdin().success
    assert process.write_stdin("late").code == "Process.StdinClosed"
    assert process.wait(LONG).success
    assert process.output().data == b"\xc3\xa9\n\xff\x00"


def test_more_is_sent_than_a_process_reads_at_once(session: Session) -> None:
    process = session.command.start("read go; wc -c", stdin=True)
    sent = b"x" * 150_000
    assert process.write_stdin(sent).success
    assert process.write_stdin(b"\n" + sent).success
    assert process.close_stdin().success
    assert process.wait(LONG).stdout.strip() == str(len(sent))


def test_nothing_is_sent_to_a_process_that_has_ended(session: Session) -> None:
    process = session.command.start("true", stdin=True)
    process.wait(LONG)
    assert process.write_stdin("x").code == "Process.Ended"


def test_a_signal_ends_a_process_and_its_exit_code_says_so(session: Session) -> None:
    signals: dict[str | int, int] = {"SIGINT": 130, "term": 143, signal.SIGUSR1: 138, 1: 129}
    for sig, code in signals.items():
        process = session.command.start("echo ready; exec sleep 600")
        ready(process)
        assert process.signal(sig).success
        run = process.wait(LONG)
        assert run.exit_code == code
        assert isinstance(run.error, CommandError)
        assert process.signal(sig).code == "Process.Ended"
        assert process.kill().success


def test_a_process_that_was_stopped_is_running_until_it_goes_on_and_ends(
    session: Session, held: Process
) -> None:
    assert held.signal("STOP").success
    assert held.status().state == "running"
    assert held.signal("CONT").success
    session.command.execute("echo on >go")
    assert held.wait(LONG).exit_code == 7


def test_a_process_that_ignores_a_signal_is_killed(session: Session) -> None:
    process = session.command.start(
        "trap 'echo caught' TERM; echo ready; while :; do sleep 0.05; done"
    )
    ready(process)
    assert process.signal("TERM").success
    ready(process, "caught\n")
    assert process.status().state == "running"
    assert process.kill().success
    assert process.wait(LONG).exit_code == 137


def test_a_killed_process_takes_its_children_along(session: Session) -> None:
    process = session.command.start("sleep 600 & (sleep 600 & sleep 600) & echo ready; wait")
    ready(process)
    pid = process.status().pid
    process.kill()
    assert process.wait(LONG).exit_code == 137
    command_ends(session, f"kill -0 -- -{pid}")


def test_children_that_a_process_left_behind_can_be_killed(session: Session) -> None:
    process = session.command.start("sleep 600 & exit 5")
    assert process.wait(LONG).exit_code == 5
    pid = process.status().pid
    session.command.execute(f"kill -0 -- -{pid}", check=True)
    assert process.kill().success
    command_ends(session, f"kill -0 -- -{pid}")


def test_a_block_kills_its_process_and_keeps_what_is_known(session: Session) -> None:
    with session.command.start("echo ready; sleep 600") as process:
        ready(process)
    run = process.wait(LONG)
    assert (run.stdout, run.exit_code) == ("ready\n", 137)


def test_a_block_lets_a_detached_process_go_on(held: Process) -> None:
    with held as process:
        process.detached = True
    assert held.status().state == "running"


def test_a_block_in_a_session_that_is_gone_just_ends(session: Session, held: Process) -> None:
    with held:
        session.delete()
    with pytest.raises(SessionNotFoundError):
        session.command.attach(held.id)


def test_a_block_that_can_not_kill_its_process_says_so() -> None:
    network = Network(mcp=httpx.ReadTimeout("slow"))
    with AGB("key", endpoint="https://agb.example", transport=network) as agb:
        process = Process(Session(agb, "s-1")._tools, "p-1")
        with pytest.raises(APIConnectionError), process:
            pass
        with pytest.raises(RuntimeError, match="own") as caught, process:
            raise RuntimeError("its own")
    assert "process p-1 could not be killed" in caught.value.__notes__[0]


def test_output_is_read_from_any_offset(session: Session) -> None:
    data = "aé€😀\n".encode()
    process = session.command.start(["printf", "%s\n", "aé€😀"])
    process.wait(LONG)
    for offset in range(len(data) + 2):
        read = process.output(offset=offset)
        assert read.data == data[offset:]
        assert (read.offset, read.next_offset) == (offset, max(offset, len(data)))
        assert read.text == data[offset:].decode(errors="replace")
        assert read.at_end
    assert process.output("stderr").data == b""


def test_characters_that_come_in_pieces_are_read_whole(session: Session) -> None:
    process = session.command.start(
        r"for b in 303 251 342 202 254 360 237 230 200 377 141; do printf \\$b; sleep 0.05; done"
    )
    pieces = list(process.stream())
    assert "".join(piece.text for piece in pieces) == "é€😀\N{REPLACEMENT CHARACTER}a"
    assert [piece.offset for piece in pieces[1:]] == [piece.next_offset for piece in pieces[:-1]]


def test_half_a_character_is_left_for_later_and_given_at_the_end(
    session: Session,
) -> None:
    session.command.execute("mkfifo go", check=True)
    process = session.command.start(r"printf 'ready\n\303'; read line <go")
    ready(process)
    read = process.output()
    assert (read.data, read.at_end) == (b"ready\n", False)
    session.command.execute("echo on >go")
    process.wait(LONG)
    read = process.output(offset=read.next_offset)
    assert (read.data, read.at_end) == (b"\xc3", True)


def test_both_streams_are_followed_to_the_end_from_where_one_likes(
    session: Session,
) -> None:
    process = session.command.start("echo out; echo err >&2; sleep 0.2; echo more; exit 3")
    written = {"stdout": b"", "stderr": b""}
    for piece in process.stream(stdout_offset=1):
        written[piece.stream] += piece.data
    assert written == {"stdout": b"ut\nmore\n", "stderr": b"err\n"}
    rest = [piece.text for piece in process.stream(stdout_offset=4, stderr_offset=9)]
    assert rest == ["more\n"]


def test_following_can_be_left_and_taken_up_again(session: Session, held: Process) -> None:
    stream = held.stream()
    for piece in stream:
        assert piece.text == "ready\n"
        break
    assert (stream.stdout_offset, stream.stderr_offset) == (6, 0)
    session.command.execute("echo on >go")
    assert [piece.text for piece in stream] == ["on\n"]
    assert (stream.stdout_offset, stream.stderr_offset) == (6, 3)


def test_large_output_arrives_whole_or_bounded(session: Session) -> None:
    process = session.command.start("seq 1 200000; seq 1 9 >&2")
    whole = "".join(f"{number}\n" for number in range(1, 200_001))
    run = process.wait(LONG)
    assert run.stdout == whole
    assert not run.truncated
    streamed = [piece.data for piece in process.stream() if piece.stream == "stdout"]
    assert b"".join(streamed).decode() == whole
    run = process.wait(LONG, max_output=36)
    told = f"[... {len(whole) - 36} of {len(whole)} bytes cut ...]\n"
    assert run.stdout == whole[:18] + told + whole[-18:]
    assert run.stderr == "".join(f"{number}\n" for number in range(1, 10))
    assert run.truncated


def test_output_that_is_not_there_any_more_is_told_as_cut() -> None:
    network = Network(mcp=tool_text("exited 5 0\n10\n\n0\n\n"))
    with AGB("key", endpoint="https://agb.example", transport=network) as agb:
        run = Process(Session(agb, "s-1")._tools, "p-1").wait()
    assert (run.exit_code, run.truncated) == (0, True)
    assert run.stdout == "[... 10 of 10 bytes cut ...]\n"


def test_the_same_id_starts_one_process_only(session: Session) -> None:
    first = session.command.start("echo ran >>log; exit 4", process_id="once")
    second = session.command.start("echo other >>log", process_id="once")
    assert second.wait(LONG).exit_code == 4
    assert first.wait(LONG).exit_code == 4
    assert session.file.read("log").content == "ran\n"


@pytest.mark.parametrize("losses", [1, 2])
def test_a_start_whose_answer_is_lost_runs_the_command_once(
    session: Session, local_agb: LocalAGB, losses: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agb._background.START_PAUSES", (0.0, 0.0))
    transport = Losing(b"ran >>log", losses)
    with AGB(local_agb.api_key, endpoint=local_agb.endpoint, transport=transport) as agb:
        found = agb.get(session.session_id).raise_for_error().session
        assert found is not None
        process = found.command.start("echo ran >>log; sleep 0.1; exit 4")
        assert process.wait(LONG).exit_code == 4
    assert transport.losses.sent == losses + 1
    assert session.file.read("log").content == "ran\n"


@pytest.mark.parametrize(
    ("answer", "kind", "calls"),
    [
        (httpx.ReadTimeout("slow"), APIConnectionError, 3),
        (httpx.ConnectError("refused"), APIConnectionError, 1),
        (httpx.Response(502, html="<h1>Bad gateway</h1>"), ServerError, 3),
        (refusal(400, "Bad", "no"), InvalidRequestError, 1),
        (tool_text("what?"), UnexpectedResponseError, 1),
        (tool_text("odd - \n1\n\n1\n\n"), UnexpectedResponseError, 1),
    ],
)
def test_a_start_is_repeated_twice_and_only_when_it_may_have_happened(
    answer: httpx.Response | Exception,
    kind: type[Exception],
    calls: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("agb._background.START_PAUSES", (0.0, 0.0))
    network = Network(mcp=answer)
    endpoint = "https://agb.example"
    with AGB("key", endpoint=endpoint, transport=network, max_retries=0) as agb:
        session = Session(agb, "s-1")
        with pytest.raises(kind):
            session.command.start("true")
    assert len(network.asked) == calls


def test_other_calls_are_never_repeated() -> None:
    network = Network(mcp=httpx.ReadTimeout("slow"))
    with AGB("key", endpoint="https://agb.example", transport=network) as agb:
        session = Session(agb, "s-1")
        process = Process(session._tools, "p-1")
        assert process.write_stdin("x").code == "READ_TIMEOUT"
        assert process.wait().code == "READ_TIMEOUT"
        assert session.command.list_processes().code == "READ_TIMEOUT"
    assert len(network.asked) == 3


def test_a_wait_fails_as_it_failed_when_the_process_can_not_be_killed_either() -> None:
    told = iter((refusal(500, "Broken", "no"), httpx.ReadTimeout("slow")))
    network = Network(mcp=lambda _: next(told))
    with AGB("key", endpoint="https://agb.example", transport=network) as agb:
        process = Process(Session(agb, "s-1")._tools, "p-1")
        waited = process.wait(kill=True)
    assert waited.code == "Broken"
    assert waited.error is not None
    assert "process p-1 could not be killed" in waited.error.__notes__[0]


def test_a_list_that_makes_no_sense_is_refused() -> None:
    network = Network(mcp=tool_text("one two"))
    with AGB("key", endpoint="https://agb.example", transport=network) as agb:
        listed = Session(agb, "s-1").command.list_processes()
    assert isinstance(listed.error, UnexpectedResponseError)


def test_an_exit_code_that_nobody_recorded_is_not_made_up(session: Session, held: Process) -> None:
    kill = f'kill -9 "$(cat "${{TMPDIR:-/tmp}}/.agb/processes/{held.id}/supervisor")"'
    session.command.execute(kill, check=True)
    status = held.status()
    while status.state == "running":
        status = held.status()
    assert (status.state, status.exit_code) == ("lost", None)
    run = held.wait(LONG)
    assert isinstance(run.error, ProcessLostError)
    assert (run.code, run.exit_code) == ("PROCESS_LOST", None)
    assert run.request_id
    texts: list[str] = []
    with pytest.raises(ProcessLostError):
        follow(held, texts)
    assert texts == ["ready\n"]
    assert held.kill().success
    command_ends(session, f"kill -0 -- -{status.pid}")
    assert held.remove().success


def test_a_directory_that_is_missing_starts_nothing(session: Session) -> None:
    with pytest.raises(CommandError, match="/nowhere"):
        session.command.start("true", cwd="/nowhere")
    assert session.command.list_processes().processes == ()


def test_a_session_that_can_keep_no_state_starts_nothing(session: Session) -> None:
    session.command.execute(
        "mkdir -p ${TMPDIR:-/tmp}/.agb/processes; cd ${TMPDIR:-/tmp}/.agb/processes; touch taken"
    )
    with pytest.raises(CommandError, match="taken"):
        session.command.start("true", process_id="taken")


@pytest.mark.parametrize(
    "arguments",
    [
        {"command": ""},
        {"command": []},
        {"command": ["x", 1]},
        {"command": "x", "envs": {"A": 1}},
        {"command": "x", "process_id": ""},
        {"command": "x", "process_id": "../x"},
        {"command": "x", "process_id": "a b"},
        {"command": "x", "process_id": "a\n"},
        {"command": "x", "process_id": "-x"},
        {"command": "x", "process_id": "x" * 65},
        {"command": "x", "process_id": 5},
    ],
)
def test_bad_arguments_start_nothing(arguments: dict[str, object]) -> None:
    network = Network()
    with AGB("key", endpoint="https://agb.example", transport=network) as agb:
        session = Session(agb, "s-1")
        with pytest.raises(InvalidParamsError):
            session.command.start(**arguments)  # type: ignore[arg-type]  # bad on purpose
    assert network.asked == []


def test_bad_arguments_of_a_handle_are_refused_before_they_are_sent() -> None:
    network = Network()
    with AGB("key", endpoint="https://agb.example", transport=network) as agb:
        session = Session(agb, "s-1")
        with pytest.raises(InvalidParamsError):
            session.command.attach("a/b")
        process = Process(session._tools, "p-1")
        bad = [
            process.wait(0),
            process.wait(-1.0),
            process.wait(max_output=0),
            process.output(offset=-1),
            process.output(offset=True),
            process.output("stdin"),  # type: ignore[arg-type]  # bad on purpose
            process.write_stdin(5),  # type: ignore[arg-type]  # bad on purpose
            process.write_stdin("\ud800"),
            process.signal("NOPE"),
            process.signal(""),
            process.signal(0),
            process.signal(65),
            process.signal(True),
            process.signal(None),  # type: ignore[arg-type]  # bad on purpose
        ]
        with pytest.raises(InvalidParamsError):
            process.wait(0, check=True)
        for offsets in ({"stdout_offset": -1}, {"stderr_offset": -1}):
            with pytest.raises(InvalidParamsError):
                for _ in process.stream(**offsets):
                    pass
    assert {done.code for done in bad} == {"PARAM_ERROR"}
    assert network.asked == []


def test_a_handle_is_shown_with_its_id(session: Session) -> None:
    process = Process(session._tools, "web-1")
    assert repr(process) == f"<{Process.__name__} web-1>"
