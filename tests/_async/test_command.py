"""Running shell commands."""

import pytest
from support.fake import Network, tool_text
from support.local import apart_from_the_machine, own_file_system

from agb import (
    AsyncAGB,
    AsyncSession,
    CommandError,
    ExecutionTimeoutError,
    InvalidParamsError,
    UnexpectedResponseError,
)


async def test_outputs_and_exit_code_are_told_apart(session: AsyncSession) -> None:
    run = await session.command.execute("echo out; echo err >&2; exit 3")
    assert not run.success
    assert run.stdout == "out\n"
    assert run.stderr == "err\n"
    assert run.output == "out\nerr\n"
    assert run.exit_code == 3
    assert isinstance(run.error, CommandError)
    assert run.error.exit_code == 3
    assert run.error_message == "err"
    assert run.request_id


async def test_a_command_that_works_has_no_error(session: AsyncSession) -> None:
    run = await session.command.execute_command("ls -la /")
    assert run.success
    assert run.exit_code == 0
    assert run.error_message == ""
    assert "tmp" in run.output


async def test_directory_and_environment_arrive_as_they_are(session: AsyncSession) -> None:
    await session.file.mkdir("a b")
    home = (await session.command.execute("pwd")).stdout.strip()
    value = 'it\'s; $HOME "quoted" `x` \n&'
    run = await session.command.execute('pwd; printf %s "$GIVEN"', cwd="a b", envs={"GIVEN": value})
    assert run.stdout == f"{home}/a b\n{value}"


async def test_each_command_has_a_shell_of_its_own_and_the_same_directory(
    session: AsyncSession,
) -> None:
    await session.command.execute("cd /; export LEFT=1; echo kept > note")
    first = await session.command.execute("pwd; echo [$LEFT]")
    second = await session.command.execute("pwd; echo [$LEFT]")
    assert first.stdout == second.stdout
    assert first.stdout.endswith("[]\n")
    await session.command.execute("echo kept > note")
    assert (await session.file.read("note")).content == "kept\n"


async def test_a_command_over_its_limit_is_stopped_with_all_it_started(
    session: AsyncSession,
) -> None:
    run = await session.command.execute(
        "echo begun; (setsid sleep 987 &) ; sleep 987", timeout_ms=1500
    )
    assert isinstance(run.error, ExecutionTimeoutError)
    assert run.code == "Execution.Timeout"
    assert run.stdout == "begun\n"
    left = await session.command.execute("ps -e -o args= | grep '[s]leep 987' | wc -l")
    assert left.stdout.strip() == "0"


async def test_a_background_process_outlives_its_command(session: AsyncSession) -> None:
    started = await session.command.execute("nohup sleep 654 >/dev/null 2>&1 & echo $!")
    assert started.success
    alive = await session.command.execute(f"kill -0 {started.stdout.strip()}")
    assert alive.success


async def test_a_missing_program_fails_as_in_a_shell(session: AsyncSession) -> None:
    run = await session.command.execute("no-such-program-anywhere")
    assert run.exit_code == 127
    assert "not found" in run.error_message


async def test_a_missing_directory_is_named(session: AsyncSession) -> None:
    run = await session.command.execute("pwd", cwd="/nowhere")
    assert not run.success
    assert "/nowhere" in run.error_message


async def test_a_large_output_arrives_whole(session: AsyncSession) -> None:
    run = await session.command.execute("seq 1 200000")
    assert run.success
    assert run.stdout.count("\n") == 200_000
    assert run.stdout.endswith("200000\n")


@pytest.mark.parametrize(
    "arguments",
    [
        {"command": ""},
        {"command": " "},
        {"command": 5},
        {"command": "x", "timeout_ms": 0},
        {"command": "x", "timeout_ms": 2.5},
        {"command": "x", "envs": {"A": 1}},
        {"command": "x", "envs": {2: "b"}},
        {"command": "x", "envs": {"A=B": "c"}},
        {"command": "x", "envs": ["A"]},
        {"command": []},
        {"command": [""]},
        {"command": ["echo", 5]},
        {"command": ["echo", "a\0b"]},
        {"command": ["echo", "\ud800"]},
        {"command": b"echo"},
        {"command": {"echo"}},
        {"command": "x", "max_output": 0},
        {"command": "x", "max_output": "10"},
    ],
)
async def test_bad_arguments_are_refused_before_they_are_sent(
    session: AsyncSession, arguments: dict[str, object]
) -> None:
    run = await session.command.execute(**arguments)  # type: ignore[arg-type]  # bad on purpose
    assert run.code == "PARAM_ERROR"
    assert run.request_id == ""


@apart_from_the_machine
async def test_the_machine_and_other_secrets_stay_outside(session: AsyncSession) -> None:
    assert not (await session.command.execute("cat /etc/shadow")).success
    environment = await session.command.execute("env")
    assert "AGB_API_KEY" not in environment.stdout
    assert session.get_api_key() not in environment.stdout


async def test_a_list_of_words_reaches_the_program_as_it_is(session: AsyncSession) -> None:
    words = [
        "two words",
        "it's",
        'a "quote"',
        "$HOME `id` $(id)",
        "a\nb\n",
        "*",
        "~",
        "",
        "é€😀",
        "-n",
    ]
    run = await session.command.execute(["printf", "[%s]", *words, "\\"])
    assert run.stdout == "".join(f"[{word}]" for word in [*words, "\\"])


@pytest.mark.parametrize("program", ["A=1", "if", "my prog"])
@own_file_system
async def test_the_first_word_is_a_program_whatever_it_looks_like(
    session: AsyncSession, program: str
) -> None:
    await session.file.write(f"/tmp/{program}", '#!/bin/sh\necho "$0 ran $1"\n')
    await session.command.execute(["chmod", "+x", f"/tmp/{program}"], check=True)
    run = await session.command.execute([program, "so"], envs={"PATH": "/tmp:/usr/bin:/bin"})
    assert run.stdout == f"/tmp/{program} ran so\n"


async def test_a_failing_command_raises_when_it_is_checked(session: AsyncSession) -> None:
    with pytest.raises(CommandError, match=r"^err$") as caught:
        await session.command.execute("echo out; echo err >&2; exit 3", check=True)
    assert caught.value.exit_code == 3
    assert caught.value.stdout == "out\n"
    assert caught.value.stderr == "err\n"
    assert caught.value.request_id
    assert (await session.command.execute("echo out", check=True)).stdout == "out\n"


async def test_a_stopped_command_raises_with_its_output_when_it_is_checked(
    session: AsyncSession,
) -> None:
    with pytest.raises(ExecutionTimeoutError) as caught:
        await session.command.execute("echo out; sleep 987", timeout_ms=1500, check=True)
    assert caught.value.stdout == "out\n"


async def test_bad_arguments_raise_when_the_command_is_checked(session: AsyncSession) -> None:
    with pytest.raises(InvalidParamsError):
        await session.command.execute([], check=True)


async def test_a_hundred_megabytes_come_back_as_a_beginning_and_an_end(
    session: AsyncSession,
) -> None:
    run = await session.command.execute(
        "echo first; head -c 100000000 /dev/zero | tr '\\0' x; printf '\\nlast\\n'; "
        "echo err >&2; exit 3",
        max_output=2000,
    )
    head, told, tail = run.stdout.split("\n", 1)[1].split("\n", 2)
    assert told == "[... 99998012 of 100000012 bytes cut ...]"
    assert run.stdout.startswith("first\nx")
    assert tail.endswith("x\nlast\n")
    assert len(head) == 994
    assert len(tail) == 1000
    assert run.truncated
    assert (run.stderr, run.exit_code, run.error_message) == ("err\n", 3, "err")
    assert run.output == run.stdout + run.stderr


async def test_what_was_cut_stays_in_the_session(session: AsyncSession) -> None:
    run = await session.command.execute("seq 1 5000; seq 1 10 >&2", max_output=100)
    assert run.success
    whole = await session.command.execute(["cat", run.stdout_path])
    assert whole.stdout == "".join(f"{number}\n" for number in range(1, 5001))
    assert run.stderr_path == ""


async def test_output_within_its_bound_comes_whole_and_leaves_nothing(
    session: AsyncSession,
) -> None:
    run = await session.command.execute("printf 12345; printf é >&2", max_output=5)
    assert (run.stdout, run.stderr, run.truncated) == ("12345", "é", False)
    left = await session.command.execute("ls -A ${TMPDIR:-/tmp}/.agb/output")
    assert left.stdout == ""


async def test_a_cut_never_splits_a_character(session: AsyncSession) -> None:
    for most in range(1, 12):
        run = await session.command.execute(["printf", "%s", "é€😀é€😀"], max_output=most)
        assert "\N{REPLACEMENT CHARACTER}" not in run.stdout
        head, _, tail = run.stdout.partition("[... ")
        kept = len((head.removesuffix("\n") + tail.partition("]\n")[2]).encode())
        assert kept <= most
        assert f"[... {18 - kept} of 18 bytes cut ...]" in run.stdout


async def test_bytes_that_are_no_text_are_replaced_within_a_bound(session: AsyncSession) -> None:
    run = await session.command.execute(r"printf '\377\200\000a'", max_output=10)
    assert run.stdout == "\N{REPLACEMENT CHARACTER}" * 2 + "\0a"


@pytest.mark.parametrize("bound", [None, 100])
async def test_a_command_that_closes_its_output_goes_on(
    session: AsyncSession, bound: int | None
) -> None:
    run = await session.command.execute(
        "echo out; exec >&- 2>&-; sleep 0.1; touch went-on; exit 4", max_output=bound
    )
    assert (run.stdout, run.exit_code) == ("out\n", 4)
    assert (await session.command.execute("ls went-on")).success


async def test_a_bounded_command_gets_its_directory_and_variables_and_no_others(
    session: AsyncSession,
) -> None:
    envs = {
        "PATH": "/nowhere",
        "TMPDIR": "/nowhere",
        "A": "it's $HOME\n",
        "command": "c",
        "dots.x": "d",
    }
    plain = await session.command.execute("pwd; export -p", cwd="/tmp", envs=envs)
    run = await session.command.execute("pwd; export -p", cwd="/tmp", envs=envs, max_output=5000)
    assert run.success
    assert own_lines(run.stdout) == own_lines(plain.stdout)


def own_lines(text: str) -> list[str]:
    return sorted(
        line for line in text.split("\n") if "SHLVL" not in line and "AGB_MARK" not in line
    )


async def test_a_bounded_command_over_its_limit_keeps_what_it_wrote(session: AsyncSession) -> None:
    run = await session.command.execute("seq 1 5000; sleep 987", timeout_ms=2000, max_output=50)
    assert isinstance(run.error, ExecutionTimeoutError)
    assert run.code == "Execution.Timeout"
    assert run.stdout.startswith("1\n2\n")
    assert run.stdout.endswith("\n5000\n")
    assert run.error.stdout == run.stdout
    assert run.truncated


async def test_a_bounded_command_that_can_keep_no_output_says_so(session: AsyncSession) -> None:
    await session.command.execute(
        "mkdir -p ${TMPDIR:-/tmp}/.agb; touch ${TMPDIR:-/tmp}/.agb/output"
    )
    run = await session.command.execute("echo out; touch ran", max_output=50)
    assert isinstance(run.error, CommandError)
    assert "output" in run.error_message
    assert not (await session.command.execute("ls ran")).success


async def test_bounded_output_that_does_not_come_back_is_an_error() -> None:
    network = Network(mcp=tool_text('{"stdout": "5\\n", "exit_code": 0}'))
    async with AsyncAGB("key", endpoint="https://agb.example", transport=network) as agb:
        run = await AsyncSession(agb, "s-1").command.execute("true", max_output=5)
    assert isinstance(run.error, UnexpectedResponseError)


async def test_signals_to_its_own_group_end_a_bounded_command_alone(session: AsyncSession) -> None:
    run = await session.command.execute("echo out; kill -TERM 0; sleep 9", max_output=50)
    assert (run.stdout, run.exit_code) == ("out\n", 143)
