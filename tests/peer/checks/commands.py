"""Commands in a session's shell. The peer's limit is one second unless it is told another."""

import secrets

from checking import good, holds, of_session, refused, same

from agb import Session

_LONG = 30_000

_PROGRAMS = (
    "uname whoami date ls cat wc head ps top free env dd cp rm mkdir touch chmod test echo python3"
)


@of_session
def a_command_gives_its_output_and_its_exit_code(session: Session) -> None:
    result = good(session.command.execute("echo out; echo err >&2", timeout_ms=_LONG))
    same((result.stdout, result.stderr, result.exit_code), ("out\n", "err\n", 0))
    same(result.output, "out\nerr\n")
    failed = session.command.execute("echo out; echo err >&2; exit 3", timeout_ms=_LONG)
    same((failed.success, failed.exit_code), (False, 3))
    same((failed.stdout, failed.stderr), ("out\n", "err\n"))
    holds(failed.trace_id, "a failure has a trace id")
    missing = session.command.execute("no-such-program", timeout_ms=_LONG)
    same((missing.success, missing.exit_code), (False, 127))


@of_session
def a_command_over_its_limit_is_ended(session: Session) -> None:
    sleep = f"sleep {1000 + secrets.randbelow(10**9)}"  # as nobody else on this machine sleeps
    result = session.command.execute(f"echo begun; {sleep}; echo done")
    holds(not result.success, "it is a failure")
    holds("done" not in result.stdout, "it was ended")
    good(session.command.execute("sleep 2", timeout_ms=_LONG))
    left = session.command.execute(f"pgrep -f '[s]{sleep[1:]}'", timeout_ms=_LONG)
    same(left.stdout, "", "processes left behind")


@of_session
def a_directory_and_variables_arrive_as_they_are(session: Session) -> None:
    good(session.file.mkdir("/tmp/a b/ü 'c'"))
    result = good(session.command.execute("pwd", timeout_ms=_LONG, cwd="/tmp/a b/ü 'c'"))
    holds(result.stdout.endswith("/tmp/a b/ü 'c'\n"), f"it is {result.stdout!r}")
    value = "'\"; exit 1; $HOME `id` \\ ä\n=x"
    script = 'printf %s "$VALUE"'
    result = good(session.command.execute(script, timeout_ms=_LONG, envs={"VALUE": value}))
    same(result.stdout, value)
    no_such = session.command.execute("pwd", timeout_ms=_LONG, cwd="/tmp/none")
    holds(not no_such.success, "a missing directory is a failure")


@of_session
def each_command_has_a_new_shell_in_the_same_place(session: Session) -> None:
    good(session.command.execute("cd /; export LOST=1", timeout_ms=_LONG))
    here = good(session.command.execute("pwd; echo [$LOST]", timeout_ms=_LONG)).stdout
    holds(here.startswith("/") and here.endswith("\n[]\n"), f"a new shell: {here!r}")
    good(session.command.execute("echo one > bare", timeout_ms=_LONG))
    same(good(session.command.execute("cat bare", timeout_ms=_LONG)).stdout, "one\n")
    same(good(session.command.execute("wc -l < bare", timeout_ms=_LONG)).stdout.strip(), "1")
    good(session.command.execute("rm bare", timeout_ms=_LONG))


@of_session
def what_the_shell_writes_is_read_as_a_file(session: Session) -> None:
    good(session.command.execute("printf 'ü\\n' > from-shell", timeout_ms=_LONG, cwd="/tmp"))
    same(good(session.file.read("/tmp/from-shell")).content, "ü\n")
    good(session.file.write("/tmp/to-shell", "ü\n"))
    same(good(session.command.execute("cat to-shell", timeout_ms=_LONG, cwd="/tmp")).stdout, "ü\n")


@of_session
def a_process_goes_on_in_the_background(session: Session) -> None:
    script = "nohup sh -c 'until [ -e go ]; do sleep 0.1; done; echo gone > went' &"
    good(session.command.execute(script, timeout_ms=_LONG))
    good(session.command.execute("touch go", timeout_ms=_LONG))
    waiting = "until [ -s went ]; do sleep 0.1; done; cat went"
    same(good(session.command.execute(waiting, timeout_ms=_LONG)).stdout, "gone\n")
    good(session.command.execute("rm go went", timeout_ms=_LONG))


@of_session
def the_usual_programs_are_there(session: Session) -> None:
    for name in _PROGRAMS.split():
        good(session.command.execute(f"command -v {name}", timeout_ms=_LONG))
    who = good(session.command.execute("whoami", timeout_ms=_LONG)).stdout
    if who != "root\n":  # which it may be where nothing isolates
        secret = session.command.execute("cat /etc/shadow", timeout_ms=_LONG)
        holds(not secret.success, "/etc/shadow is not to be read")
    same(
        good(session.command.execute("python3 -c 'print(6 * 7)'", timeout_ms=_LONG)).stdout, "42\n"
    )
    good(session.command.execute("free; ps; top -b -n 1 | head -5", timeout_ms=_LONG))


@of_session
def long_and_odd_output_arrives_whole(session: Session) -> None:
    result = good(session.command.execute("seq 200000", timeout_ms=_LONG))
    same(result.stdout, "".join(f"{n}\n" for n in range(1, 200001)))
    odd = good(session.command.execute("printf 'a\\377b\\0c'", timeout_ms=_LONG))
    holds(odd.stdout.startswith("a") and odd.stdout.endswith("c"), "bytes that are no text")
    same(good(session.command.execute("true", timeout_ms=_LONG)).stdout, "")


@of_session
def variables_that_are_no_text_are_refused_by_the_peer(session: Session) -> None:
    try:
        session.command.execute("true", envs={"N": 1})
    except ValueError:
        return
    refused(session.command.execute("true", envs={"N": 1}))
