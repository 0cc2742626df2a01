# Generated from tests/_async/test_command.py; edit that file, then `nox -s twin`.
"""Running shell commands."""

import pytest

from agb import CommandError, ExecutionTimeoutError, Session


def test_outputs_and_exit_code_are_told_apart(session: Session) -> None:
    run = session.command.execute("echo out; echo err >&2; exit 3")
    assert not run.success
    assert run.stdout == "out\n"
    assert run.stderr == "err\n"
    assert run.output == "out\nerr\n"
    assert run.exit_code == 3
    assert isinstance(run.error, CommandError)
    assert run.error.exit_code == 3
    assert run.error_message == "err"
    assert run.request_id


def test_a_command_that_works_has_no_error(session: Session) -> None:
    run = session.command.execute_command("ls -la /")
    assert run.success
    assert run.exit_code == 0
    assert run.error_message == ""
    assert "tmp" in run.output


def test_directory_and_environment_arrive_as_they_are(session: Session) -> None:
    session.file.mkdir("/tmp/a b")
    value = 'it\'s; $HOME "quoted" `x` \n&'
    run = session.command.execute('pwd; printf %s "$GIVEN"', cwd="/tmp/a b", envs={"GIVEN": value})
    assert run.stdout == f"/tmp/a b\n{value}"


def test_each_command_has_a_shell_of_its_own_and_the_same_directory(
    session: Session,
) -> None:
    session.command.execute("cd /; export LEFT=1; echo kept > note")
    first = session.command.execute("pwd; echo [$LEFT]")
    second = session.command.execute("pwd; echo [$LEFT]")
    assert first.stdout == second.stdout
    assert first.stdout.endswith("[]\n")
    session.command.execute("echo kept > note")
    assert session.file.read("note").content == "kept\n"


def test_a_command_over_its_limit_is_stopped_with_all_it_started(
    session: Session,
) -> None:
    run = session.command.execute("echo begun; (setsid sleep 987 &) ; sleep 987", timeout_ms=400)
    assert isinstance(run.error, ExecutionTimeoutError)
    assert run.code == "Execution.Timeout"
    assert run.stdout == "begun\n"
    left = session.command.execute("ps -e -o args= | grep '[s]leep 987' | wc -l")
    assert left.stdout.strip() == "0"


def test_a_background_process_outlives_its_command(session: Session) -> None:
    started = session.command.execute("nohup sleep 654 >/dev/null 2>&1 & echo $!")
    assert started.success
    alive = session.command.execute(f"kill -0 {started.stdout.strip()}")
    assert alive.success


def test_a_missing_program_fails_as_in_a_shell(session: Session) -> None:
    run = session.command.execute("no-such-program-anywhere")
    assert run.exit_code == 127
    assert "not found" in run.error_message


def test_a_missing_directory_is_named(session: Session) -> None:
    run = session.command.execute("pwd", cwd="/nowhere")
    assert not run.success
    assert "/nowhere" in run.error_message


def test_a_large_output_arrives_whole(session: Session) -> None:
    run = session.command.execute("seq 1 200000")
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
    ],
)
def test_bad_arguments_are_refused_before_they_are_sent(
    session: Session, arguments: dict[str, object]
) -> None:
    run = session.command.execute(**arguments)  # type: ignore[arg-type]  # bad on purpose
    assert run.code == "PARAM_ERROR"
    assert run.request_id == ""


def test_the_machine_and_other_secrets_stay_outside(session: Session) -> None:
    assert not session.command.execute("cat /etc/shadow").success
    environment = session.command.execute("env")
    assert "AGB_API_KEY" not in environment.stdout
    assert session.get_api_key() not in environment.stdout
