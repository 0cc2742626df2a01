"""Code whose output comes while it runs, over the session's WebSocket."""

import threading

from agb.modules.ws import WsCancelledError, WsClient
from checking import Failed, good, holds, of_session, refused, same

from agb import Session

_SECONDS = 60.0

_WAITS = """
import os, time
print("first")
for _ in range(600):
    if os.path.exists("heard"):
        print("it was heard")
        break
    time.sleep(0.1)
6 * 7
"""


@of_session
def streamed_output_arrives_while_the_code_runs(session: Session) -> None:
    _can_stream(session)
    chunks: list[str] = []

    def hear(chunk: str) -> None:
        chunks.append(chunk)
        if "".join(chunks) == "first\n":
            good(session.file.write("heard", ""))

    result = good(session.code.run(_WAITS, "python", stream_beta=True, on_stdout=hear))
    good(session.file.remove("heard"))
    same("".join(chunks), "first\nit was heard\n")
    same("".join(result.logs.stdout), "first\nit was heard\n")
    same(result.result, "42")
    holds(len(chunks) > 1, "it came in pieces")
    holds(result.request_id and result.execution_time > 0, "the end is told")


@of_session
def streamed_errors_are_told_with_what_came_before(session: Session) -> None:
    _can_stream(session)
    out: list[str] = []
    err: list[str] = []
    errors: list[object] = []
    code = "import sys\nprint('out ü')\nprint('err', file=sys.stderr)\n1 / 0"
    result = session.code.run(
        code,
        "python",
        stream_beta=True,
        on_stdout=out.append,
        on_stderr=err.append,
        on_error=errors.append,
    )
    refused(result, "ZeroDivisionError")
    same("".join(out), "out ü\n")
    holds("err\n" in "".join(err), "standard error came")
    holds(len(errors) == 1, f"the error was told once, not as {errors}")
    same(good(session.code.run("1 + 1", "python", stream_beta=True)).result, "2")


@of_session
def streamed_results_are_rich(session: Session) -> None:
    _can_stream(session)
    code = "from IPython.display import HTML, display\ndisplay(HTML('<b>x</b>'))\n'value'"
    shown, value = good(session.code.run(code, "python", stream_beta=True)).results
    same((shown.html, shown.is_main_result), ("<b>x</b>", False))
    same((value.text, value.is_main_result), ("'value'", True))


@of_session
def streams_and_plain_runs_share_their_state(session: Session) -> None:
    _can_stream(session)
    good(session.code.run("streamed = 40", "python", stream_beta=True))
    same(good(session.code.run("streamed + 2", "python")).result, "42")
    if session.command.execute("command -v node", timeout_ms=30_000).success:
        code = "console.log('from node')"
        heard: list[str] = []
        good(session.code.run(code, "javascript", stream_beta=True, on_stdout=heard.append))
        same("".join(heard), "from node\n")


@of_session
def streams_run_beside_each_other(session: Session) -> None:
    _can_stream(session)
    heard: list[str] = []

    def stream(number: int) -> None:
        code = f"for n in range(100): print({number}, n)"
        session.code.run(code, "python", stream_beta=True, on_stdout=heard.append)

    threads = [threading.Thread(target=stream, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = "".join(heard).splitlines()
    same(sorted(lines), sorted(f"{number} {n}" for number in range(4) for n in range(100)))


@of_session
def a_stream_over_its_limit_is_interrupted(session: Session) -> None:
    _can_stream(session)
    good(session.code.run("before = 1", "python", stream_beta=True))
    refused(session.code.run("while True: pass", "python", timeout_s=1, stream_beta=True))
    same(good(session.code.run("before", "python", stream_beta=True)).result, "1")


@of_session
def a_cancelled_stream_ends_and_disturbs_no_other(session: Session) -> None:
    _can_stream(session)
    ended: list[object] = []
    begun = threading.Event()
    params = {"language": "python", "timeoutS": 2, "code": "print(1)\nwhile True: pass"}
    data = {"method": "run_code", "mode": "stream", "params": params}
    with WsClient(session.ws_url, session.token) as client:
        client.connect()
        run = client.call_stream(
            target="wuying_codespace",
            data=data,
            on_event=lambda *_: begun.set(),
            on_end=lambda *_: ended.append("end"),
            on_error=lambda *_: ended.append("error"),
        )
        holds(begun.wait(_SECONDS), "it has begun")
        run.cancel()
        try:
            run.wait_end()
        except WsCancelledError:
            ended.append("cancelled")
        result = good(session.code.run("6 * 7", "python", stream_beta=True))
        same(result.result, "42")
    holds("cancelled" in ended and "end" not in ended, f"it was cancelled: {ended}")


def _can_stream(session: Session) -> None:
    if not session.ws_url:
        raise Failed("this AGB gives its sessions no wsUrl: it does not stream")
