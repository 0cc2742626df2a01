"""Background processes of a session."""

import signal

import httpx
import pytest
from support.fake import Network, refusal, tool_text
from support.local import LocalAGB, own_file_system
from support.lost import AsyncLosing

from agb import (
    APIConnectionError,
    AsyncAGB,
    AsyncProcess,
    AsyncSession,
    CommandError,
    InvalidParamsError,
    InvalidRequestError,
    ProcessLostError,
    ProcessNotFoundError,
    ServerError,
    SessionNotFoundError,
    UnexpectedResponseError,
    WaitTimeoutError,
)

LONG = 60.0
"""Seconds that nothing here takes, even on a machine that is busy."""


async def ready(process: AsyncProcess, text: str = "ready\n") -> None:
    """Wait until a process has written something."""
    async for piece in process.stream():
        if text in piece.text:
            return
    raise AssertionError("it ended and never wrote that")


async def follow(process: AsyncProcess, texts: list[str]) -> None:
    """Add what a process writes to a list, until it ends."""
    async for piece in process.stream():
        texts.append(piece.text)  # noqa: PERF401 - what came before an error stays


async def command_ends(session: AsyncSession, test: str) -> None:
    """Wait until a test in a shell fails."""
    command = f"while {test}; do sleep 0.02; done 2>/dev/null"
    await session.command.execute(command, timeout_ms=30_000, check=True)


@pytest.fixture
async def held(session: AsyncSession) -> AsyncProcess:
    """A process that is ready, and ends when it is told to."""
    await session.command.execute("mkfifo go", check=True)
    process = await session.command.start("echo ready; read line <go; echo $line >&2; exit 7")
    await ready(process)
    return process


async def test_the_end_is_waited_for_and_its_exit_code_is_recorded(
    session: AsyncSession, held: AsyncProcess
) -> None:
    status = await held.status()
    assert (status.state, status.exit_code, status.stdout_size) == ("running", None, 6)
    assert status.pid
    assert status.request_id
    await session.command.execute("echo on >go")
    run = await held.wait(LONG)
    assert (run.stdout, run.stderr, run.output) == ("ready\n", "on\n", "ready\non\n")
    assert run.exit_code == 7
    assert isinstance(run.error, CommandError)
    assert (run.error.exit_code, run.error.stderr, run.error_message) == (7, "on\n", "on")
    assert run.request_id
    status = await held.status()
    assert (status.state, status.exit_code, status.stderr_size) == ("exited", 7, 3)


async def test_a_process_that_ends_well_has_no_error(session: AsyncSession) -> None:
    process = await session.command.start(["printf", "%s", "it's done"])
    run = await process.wait(check=True)
    assert (run.success, run.stdout, run.exit_code) == (True, "it's done", 0)


async def test_waiting_has_its_own_limit_and_leaves_the_process_running(
    held: AsyncProcess,
) -> None:
    run = await held.wait(3)  # enough for one look at least
    assert isinstance(run.error, WaitTimeoutError)
    assert run.exit_code is None
    assert run.request_id
    assert (await held.status()).state == "running"
    with pytest.raises(WaitTimeoutError):
        await held.wait(0.05, check=True)


async def test_another_client_attaches_by_id(
    session: AsyncSession, held: AsyncProcess, local_agb: LocalAGB
) -> None:
    async with AsyncAGB(local_agb.api_key, endpoint=local_agb.endpoint) as other:
        again = (await other.get(session.session_id)).raise_for_error().session
        assert again is not None
        attached = await again.command.attach(held.id)
        assert (await attached.output()).text == "ready\n"
        await session.command.execute("echo on >go")
        assert (await attached.wait(LONG)).exit_code == 7


async def test_processes_are_listed_until_they_are_removed(
    session: AsyncSession, held: AsyncProcess
) -> None:
    assert (await held.remove()).code == "Process.Running"
    ended = await session.command.start("exit 3", process_id="web-1.x")
    await ended.wait(LONG)
    listed = await session.command.list_processes()
    found = {process.process_id: process for process in listed.processes}
    assert set(found) == {held.id, "web-1.x"}
    assert (found["web-1.x"].state, found["web-1.x"].exit_code) == ("exited", 3)
    assert (found[held.id].state, found[held.id].exit_code) == ("running", None)
    assert found["web-1.x"].command == "exit 3"
    assert (await ended.remove()).success
    assert [each.process_id for each in (await session.command.list_processes()).processes] == [
        held.id
    ]
    assert (await ended.remove()).code == "PROCESS_NOT_FOUND"


async def test_a_session_without_processes_lists_none(session: AsyncSession) -> None:
    assert (await session.command.list_processes()).raise_for_error().processes == ()


async def test_an_id_that_nothing_was_started_with_is_not_found(session: AsyncSession) -> None:
    with pytest.raises(ProcessNotFoundError, match="no-such") as caught:
        await session.command.attach("no-such")
    assert caught.value.request_id
    process = AsyncProcess(session._tools, "no-such")
    for done in (
        await process.status(),
        await process.wait(),
        await process.output(),
        await process.write_stdin("x"),
        await process.close_stdin(),
        await process.signal("TERM"),
        await process.kill(),
        await process.remove(),
    ):
        assert isinstance(done.error, ProcessNotFoundError)
    with pytest.raises(ProcessNotFoundError):
        async for _ in process.stream():
            pass
    async with process:
        pass


@own_file_system
async def test_directory_and_variables_arrive_and_nothing_of_ours_does(
    session: AsyncSession,
) -> None:
    await session.file.mkdir("/tmp/a b")
    envs = {
        "GIVEN": 'it\'s; $HOME "quoted" `x` \n&',
        "PATH": "/nowhere:/usr/bin:/bin",
        "TMPDIR": "/nowhere",
        "command": "c",
        "AGB_COMMAND": "own",
        "dotted.name": "d",
    }
    process = await session.command.start('pwd; printf %s "$GIVEN"; env', cwd="/tmp/a b", envs=envs)
    run = await process.wait(LONG, check=True)
    assert run.stdout.startswith(f"/tmp/a b\n{envs['GIVEN']}")
    for name in ("PATH", "TMPDIR", "command", "AGB_COMMAND"):
        assert f"\n{name}={envs[name]}\n" in run.stdout
    ours = {line.partition("=")[0] for line in run.stdout.split("\n") if line.startswith("AGB_")}
    assert ours <= {"AGB_MARK", "AGB_PROCESS_FOLDER", "AGB_COMMAND"}


async def test_a_process_reads_nothing_unless_it_is_told_so(session: AsyncSession) -> None:
    process = await session.command.start("cat; echo end")
    assert (await process.wait(LONG)).stdout == "end\n"
    sleeping = await session.command.start("sleep 600")
    assert (await sleeping.write_stdin("x")).code == "Process.NoStdin"
    assert (await sleeping.close_stdin()).code == "Process.NoStdin"


async def test_what_is_sent_to_standard_input_arrives_in_order(session: AsyncSession) -> None:
    process = await session.command.start("cat", stdin=True)
    assert (await process.write_stdin("é\n")).success
    await ready(process, "é\n")
    assert (await process.write_stdin(b"\xff\x00")).success
    assert (await process.write_stdin("")).success
    assert (await process.close_stdin()).success
    assert (await process.write_stdin("late")).code == "Process.StdinClosed"
    assert (await process.wait(LONG)).success
    assert (await process.output()).data == b"\xc3\xa9\n\xff\x00"


async def test_more_is_sent_than_a_process_reads_at_once(session: AsyncSession) -> None:
    process = await session.command.start("read go; wc -c", stdin=True)
    sent = b"x" * 150_000
    assert (await process.write_stdin(sent)).success
    assert (await process.write_stdin(b"\n" + sent)).success
    assert (await process.close_stdin()).success
    assert (await process.wait(LONG)).stdout.strip() == str(len(sent))


async def test_nothing_is_sent_to_a_process_that_has_ended(session: AsyncSession) -> None:
    process = await session.command.start("true", stdin=True)
    await process.wait(LONG)
    assert (await process.write_stdin("x")).code == "Process.Ended"


async def test_a_signal_ends_a_process_and_its_exit_code_says_so(session: AsyncSession) -> None:
    signals: dict[str | int, int] = {"SIGINT": 130, "term": 143, signal.SIGUSR1: 138, 1: 129}
    for sig, code in signals.items():
        process = await session.command.start("echo ready; exec sleep 600")
        await ready(process)
        assert (await process.signal(sig)).success
        run = await process.wait(LONG)
        assert run.exit_code == code
        assert isinstance(run.error, CommandError)
        assert (await process.signal(sig)).code == "Process.Ended"
        assert (await process.kill()).success


async def test_a_process_that_was_stopped_is_running_until_it_goes_on_and_ends(
    session: AsyncSession, held: AsyncProcess
) -> None:
    assert (await held.signal("STOP")).success
    assert (await held.status()).state == "running"
    assert (await held.signal("CONT")).success
    await session.command.execute("echo on >go")
    assert (await held.wait(LONG)).exit_code == 7


async def test_a_process_that_ignores_a_signal_is_killed(session: AsyncSession) -> None:
    process = await session.command.start(
        "trap 'echo caught' TERM; echo ready; while :; do sleep 0.05; done"
    )
    await ready(process)
    assert (await process.signal("TERM")).success
    await ready(process, "caught\n")
    assert (await process.status()).state == "running"
    assert (await process.kill()).success
    assert (await process.wait(LONG)).exit_code == 137


async def test_a_killed_process_takes_its_children_along(session: AsyncSession) -> None:
    process = await session.command.start("sleep 600 & (sleep 600 & sleep 600) & echo ready; wait")
    await ready(process)
    pid = (await process.status()).pid
    await process.kill()
    assert (await process.wait(LONG)).exit_code == 137
    await command_ends(session, f"kill -0 -- -{pid}")


async def test_children_that_a_process_left_behind_can_be_killed(session: AsyncSession) -> None:
    process = await session.command.start("sleep 600 & exit 5")
    assert (await process.wait(LONG)).exit_code == 5
    pid = (await process.status()).pid
    await session.command.execute(f"kill -0 -- -{pid}", check=True)
    assert (await process.kill()).success
    await command_ends(session, f"kill -0 -- -{pid}")


async def test_a_block_kills_its_process_and_keeps_what_is_known(session: AsyncSession) -> None:
    async with await session.command.start("echo ready; sleep 600") as process:
        await ready(process)
    run = await process.wait(LONG)
    assert (run.stdout, run.exit_code) == ("ready\n", 137)


async def test_a_block_lets_a_detached_process_go_on(held: AsyncProcess) -> None:
    async with held as process:
        process.detached = True
    assert (await held.status()).state == "running"


async def test_a_block_in_a_session_that_is_gone_just_ends(
    session: AsyncSession, held: AsyncProcess
) -> None:
    async with held:
        await session.delete()
    with pytest.raises(SessionNotFoundError):
        await session.command.attach(held.id)


async def test_a_block_that_can_not_kill_its_process_says_so() -> None:
    network = Network(mcp=httpx.ReadTimeout("slow"))
    async with AsyncAGB("key", endpoint="https://agb.example", transport=network) as agb:
        process = AsyncProcess(AsyncSession(agb, "s-1")._tools, "p-1")
        with pytest.raises(APIConnectionError):
            async with process:
                pass
        with pytest.raises(RuntimeError, match="own") as caught:
            async with process:
                raise RuntimeError("its own")
    assert "process p-1 could not be killed" in caught.value.__notes__[0]


async def test_output_is_read_from_any_offset(session: AsyncSession) -> None:
    data = "aé€😀\n".encode()
    process = await session.command.start(["printf", "%s\n", "aé€😀"])
    await process.wait(LONG)
    for offset in range(len(data) + 2):
        read = await process.output(offset=offset)
        assert read.data == data[offset:]
        assert (read.offset, read.next_offset) == (offset, max(offset, len(data)))
        assert read.text == data[offset:].decode(errors="replace")
        assert read.at_end
    assert (await process.output("stderr")).data == b""


async def test_characters_that_come_in_pieces_are_read_whole(session: AsyncSession) -> None:
    process = await session.command.start(
        r"for b in 303 251 342 202 254 360 237 230 200 377 141; do printf \\$b; sleep 0.05; done"
    )
    pieces = [piece async for piece in process.stream()]
    assert "".join(piece.text for piece in pieces) == "é€😀\N{REPLACEMENT CHARACTER}a"
    assert [piece.offset for piece in pieces[1:]] == [piece.next_offset for piece in pieces[:-1]]


async def test_half_a_character_is_left_for_later_and_given_at_the_end(
    session: AsyncSession,
) -> None:
    await session.command.execute("mkfifo go", check=True)
    process = await session.command.start(r"printf 'ready\n\303'; read line <go")
    await ready(process)
    read = await process.output()
    assert (read.data, read.at_end) == (b"ready\n", False)
    await session.command.execute("echo on >go")
    await process.wait(LONG)
    read = await process.output(offset=read.next_offset)
    assert (read.data, read.at_end) == (b"\xc3", True)


async def test_both_streams_are_followed_to_the_end_from_where_one_likes(
    session: AsyncSession,
) -> None:
    process = await session.command.start("echo out; echo err >&2; sleep 0.2; echo more; exit 3")
    written = {"stdout": b"", "stderr": b""}
    async for piece in process.stream(stdout_offset=1):
        written[piece.stream] += piece.data
    assert written == {"stdout": b"ut\nmore\n", "stderr": b"err\n"}
    rest = [piece.text async for piece in process.stream(stdout_offset=4, stderr_offset=9)]
    assert rest == ["more\n"]


async def test_following_can_be_left_and_taken_up_again(
    session: AsyncSession, held: AsyncProcess
) -> None:
    stream = held.stream()
    async for piece in stream:
        assert piece.text == "ready\n"
        break
    assert (stream.stdout_offset, stream.stderr_offset) == (6, 0)
    await session.command.execute("echo on >go")
    assert [piece.text async for piece in stream] == ["on\n"]
    assert (stream.stdout_offset, stream.stderr_offset) == (6, 3)


async def test_large_output_arrives_whole_or_bounded(session: AsyncSession) -> None:
    process = await session.command.start("seq 1 200000; seq 1 9 >&2")
    whole = "".join(f"{number}\n" for number in range(1, 200_001))
    run = await process.wait(LONG)
    assert run.stdout == whole
    assert not run.truncated
    streamed = [piece.data async for piece in process.stream() if piece.stream == "stdout"]
    assert b"".join(streamed).decode() == whole
    run = await process.wait(LONG, max_output=36)
    told = f"[... {len(whole) - 36} of {len(whole)} bytes cut ...]\n"
    assert run.stdout == whole[:18] + told + whole[-18:]
    assert run.stderr == "".join(f"{number}\n" for number in range(1, 10))
    assert run.truncated


async def test_output_that_is_not_there_any_more_is_told_as_cut() -> None:
    network = Network(mcp=tool_text("exited 5 0\n10\n\n0\n\n"))
    async with AsyncAGB("key", endpoint="https://agb.example", transport=network) as agb:
        run = await AsyncProcess(AsyncSession(agb, "s-1")._tools, "p-1").wait()
    assert (run.exit_code, run.truncated) == (0, True)
    assert run.stdout == "[... 10 of 10 bytes cut ...]\n"


async def test_the_same_id_starts_one_process_only(session: AsyncSession) -> None:
    first = await session.command.start("echo ran >>log; exit 4", process_id="once")
    second = await session.command.start("echo other >>log", process_id="once")
    assert (await second.wait(LONG)).exit_code == 4
    assert (await first.wait(LONG)).exit_code == 4
    assert (await session.file.read("log")).content == "ran\n"


@pytest.mark.parametrize("losses", [1, 2])
async def test_a_start_whose_answer_is_lost_runs_the_command_once(
    session: AsyncSession, local_agb: LocalAGB, losses: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agb._background.START_PAUSES", (0.0, 0.0))
    transport = AsyncLosing(b"ran >>log", losses)
    async with AsyncAGB(local_agb.api_key, endpoint=local_agb.endpoint, transport=transport) as agb:
        found = (await agb.get(session.session_id)).raise_for_error().session
        assert found is not None
        process = await found.command.start("echo ran >>log; sleep 0.1; exit 4")
        assert (await process.wait(LONG)).exit_code == 4
    assert transport.losses.sent == losses + 1
    assert (await session.file.read("log")).content == "ran\n"


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
async def test_a_start_is_repeated_twice_and_only_when_it_may_have_happened(
    answer: httpx.Response | Exception,
    kind: type[Exception],
    calls: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("agb._background.START_PAUSES", (0.0, 0.0))
    network = Network(mcp=answer)
    endpoint = "https://agb.example"
    async with AsyncAGB("key", endpoint=endpoint, transport=network, max_retries=0) as agb:
        session = AsyncSession(agb, "s-1")
        with pytest.raises(kind):
            await session.command.start("true")
    assert len(network.asked) == calls


async def test_other_calls_are_never_repeated() -> None:
    network = Network(mcp=httpx.ReadTimeout("slow"))
    async with AsyncAGB("key", endpoint="https://agb.example", transport=network) as agb:
        session = AsyncSession(agb, "s-1")
        process = AsyncProcess(session._tools, "p-1")
        assert (await process.write_stdin("x")).code == "READ_TIMEOUT"
        assert (await process.wait()).code == "READ_TIMEOUT"
        assert (await session.command.list_processes()).code == "READ_TIMEOUT"
    assert len(network.asked) == 3


async def test_a_wait_fails_as_it_failed_when_the_process_can_not_be_killed_either() -> None:
    told = iter((refusal(500, "Broken", "no"), httpx.ReadTimeout("slow")))
    network = Network(mcp=lambda _: next(told))
    async with AsyncAGB("key", endpoint="https://agb.example", transport=network) as agb:
        process = AsyncProcess(AsyncSession(agb, "s-1")._tools, "p-1")
        waited = await process.wait(kill=True)
    assert waited.code == "Broken"
    assert waited.error is not None
    assert "process p-1 could not be killed" in waited.error.__notes__[0]


async def test_a_list_that_makes_no_sense_is_refused() -> None:
    network = Network(mcp=tool_text("one two"))
    async with AsyncAGB("key", endpoint="https://agb.example", transport=network) as agb:
        listed = await AsyncSession(agb, "s-1").command.list_processes()
    assert isinstance(listed.error, UnexpectedResponseError)


async def test_an_exit_code_that_nobody_recorded_is_not_made_up(
    session: AsyncSession, held: AsyncProcess
) -> None:
    kill = f'kill -9 "$(cat "${{TMPDIR:-/tmp}}/.agb/processes/{held.id}/supervisor")"'
    await session.command.execute(kill, check=True)
    status = await held.status()
    while status.state == "running":
        status = await held.status()
    assert (status.state, status.exit_code) == ("lost", None)
    run = await held.wait(LONG)
    assert isinstance(run.error, ProcessLostError)
    assert (run.code, run.exit_code) == ("PROCESS_LOST", None)
    assert run.request_id
    texts: list[str] = []
    with pytest.raises(ProcessLostError):
        await follow(held, texts)
    assert texts == ["ready\n"]
    assert (await held.kill()).success
    await command_ends(session, f"kill -0 -- -{status.pid}")
    assert (await held.remove()).success


async def test_a_directory_that_is_missing_starts_nothing(session: AsyncSession) -> None:
    with pytest.raises(CommandError, match="/nowhere"):
        await session.command.start("true", cwd="/nowhere")
    assert (await session.command.list_processes()).processes == ()


async def test_a_session_that_can_keep_no_state_starts_nothing(session: AsyncSession) -> None:
    await session.command.execute(
        "mkdir -p ${TMPDIR:-/tmp}/.agb/processes; cd ${TMPDIR:-/tmp}/.agb/processes; touch taken"
    )
    with pytest.raises(CommandError, match="taken"):
        await session.command.start("true", process_id="taken")


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
async def test_bad_arguments_start_nothing(arguments: dict[str, object]) -> None:
    network = Network()
    async with AsyncAGB("key", endpoint="https://agb.example", transport=network) as agb:
        session = AsyncSession(agb, "s-1")
        with pytest.raises(InvalidParamsError):
            await session.command.start(**arguments)  # type: ignore[arg-type]  # bad on purpose
    assert network.asked == []


async def test_bad_arguments_of_a_handle_are_refused_before_they_are_sent() -> None:
    network = Network()
    async with AsyncAGB("key", endpoint="https://agb.example", transport=network) as agb:
        session = AsyncSession(agb, "s-1")
        with pytest.raises(InvalidParamsError):
            await session.command.attach("a/b")
        process = AsyncProcess(session._tools, "p-1")
        bad = [
            await process.wait(0),
            await process.wait(-1.0),
            await process.wait(max_output=0),
            await process.output(offset=-1),
            await process.output(offset=True),
            await process.output("stdin"),  # type: ignore[arg-type]  # bad on purpose
            await process.write_stdin(5),  # type: ignore[arg-type]  # bad on purpose
            await process.write_stdin("\ud800"),
            await process.signal("NOPE"),
            await process.signal(""),
            await process.signal(0),
            await process.signal(65),
            await process.signal(True),
            await process.signal(None),  # type: ignore[arg-type]  # bad on purpose
        ]
        with pytest.raises(InvalidParamsError):
            await process.wait(0, check=True)
        for offsets in ({"stdout_offset": -1}, {"stderr_offset": -1}):
            with pytest.raises(InvalidParamsError):
                async for _ in process.stream(**offsets):
                    pass
    assert {done.code for done in bad} == {"PARAM_ERROR"}
    assert network.asked == []


async def test_a_handle_is_shown_with_its_id(session: AsyncSession) -> None:
    process = AsyncProcess(session._tools, "web-1")
    assert repr(process) == f"<{AsyncProcess.__name__} web-1>"
