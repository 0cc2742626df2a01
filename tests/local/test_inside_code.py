"""Running code inside a sandbox: what holds for every language, and what is each one's own."""

import os
import secrets
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.waiting import eventually

from agb.local.inside import channel as channel_module
from agb.local.inside import code as code_module
from agb.local.inside import languages as languages_module
from agb.local.inside.code import Code
from agb.local.inside.errors import OperationError
from agb.local.inside.languages import Language
from agb.local.inside.paths import Paths
from agb.local.inside.processes import Spawner, kill_tree, marked
from agb.local.inside.runner import Runner
from local.coding import Session

NEEDS = {"python": sys.executable, "javascript": "node", "java": "jshell", "r": "Rscript"}

STATE = {
    "python": ("x = 20", "x + 1", "21"),
    "javascript": ("const x = 20", "x + 1", "21"),
    "java": ("int x = 20;", "x + 1", "21"),
    "r": ("x <- 20", "x + 1", "[1] 21"),
}
PRINT = {
    "python": "import sys; print('öut'); print('err', file=sys.stderr)",
    "javascript": "console.log('öut'); console.error('err')",
    "java": 'System.out.println("öut"); System.err.println("err");',
    "r": "cat('öut\\n'); message('err')",
}
FAILURE = {
    "python": ("raise ValueError('boo')", "ValueError", "boo"),
    "javascript": ("throw new TypeError('boo')", "TypeError", "boo"),
    "java": ('throw new IllegalStateException("boo");', "java.lang.IllegalStateException", "boo"),
    "r": ("stop('boo')", "simpleError", "boo"),
}
BROKEN = {
    "python": ("def f(:", "SyntaxError"),
    "javascript": ("let = = 3", "SyntaxError"),
    "java": ('int y = "no";', "CompileError"),
    "r": ("f(", "simpleError"),
}
COMMENT = {"python": "# c", "javascript": "// c", "java": "/* c */ // d", "r": "# c"}
ENDLESS = {
    "python": "while True: pass",
    "javascript": "while (true) {}",
    "java": "while (true) {}",
    "r": "while (TRUE) {}",
}
DEAF = {
    "python": "from signal import *\nsignal(SIGINT, SIG_IGN)\nwhile True: pass",
    "javascript": """require('child_process').execSync("trap '' INT; sleep 9999")""",
    "java": "while (true) { try { Thread.sleep(9999); } catch (Throwable t) {} }",
    "r": "repeat tryCatch(Sys.sleep(9999), interrupt = function(i) 1)",
}
DEATH = {
    "python": "import os; os._exit(3)",
    "javascript": "process.exit(3)",
    "java": "System.exit(3);",
    "r": "quit(status = 3)",
}


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    session = Session(tmp_path_factory.mktemp("code"))
    yield session
    kill_tree(set(), session.mark)


@pytest.fixture(params=list(NEEDS))
def language(request: pytest.FixtureRequest) -> str:
    name = str(request.param)
    if not shutil.which(NEEDS[name]):
        pytest.skip(f"{name} needs {NEEDS[name]}, which is not installed")
    return name


def test_variables_stay_and_the_last_value_is_the_main_result(
    session: Session, language: str
) -> None:
    define, use, value = STATE[language]
    assert session.run(define, language)["results"] == []
    assert session.value(use, language) == value


def test_the_letter_case_of_a_language_is_of_no_matter(session: Session, language: str) -> None:
    assert session.run(STATE[language][0], f" {language.upper()} ")["error"] is None


def test_printing_goes_to_the_streams_and_is_no_result(session: Session, language: str) -> None:
    answer = session.run(PRINT[language], language)
    assert answer["stdout"] == ["öut\n"]
    assert answer["stderr"] == ["err\n"]
    assert answer["results"] == []


def test_runs_are_counted_and_timed(session: Session, language: str) -> None:
    first, second = (session.run(STATE[language][0], language) for _ in range(2))
    assert second["execution_count"] == first["execution_count"] + 1
    assert first["execution_time"] > 0


def test_a_failure_of_the_code_is_told_by_name(session: Session, language: str) -> None:
    code, name, value = FAILURE[language]
    error = session.run(code, language)["error"]
    assert error["name"] == name
    assert error["value"] == value


def test_code_that_does_not_compile_is_a_failure_too(session: Session, language: str) -> None:
    code, name = BROKEN[language]
    answer = session.run(code, language)
    assert answer["error"]["name"] == name
    assert answer["error"]["value"]
    assert not answer["timed_out"]


def test_a_program_of_comments_succeeds(session: Session, language: str) -> None:
    answer = session.run(COMMENT[language], language)
    assert answer["error"] is None
    assert answer["results"] == []


def test_a_run_over_its_limit_is_interrupted_and_variables_stay(
    session: Session, language: str
) -> None:
    define, use, value = STATE[language]
    session.run(define, language)
    answer = session.run(ENDLESS[language], language, limit=0.5)
    assert answer["timed_out"]
    assert answer["error"]["name"] == "TimeoutError"
    assert "0.5 s" in answer["error"]["value"]
    assert "kept" in answer["error"]["value"]
    assert session.value(use, language) == value


def test_a_run_that_will_not_stop_is_killed_and_variables_are_lost(
    session: Session, language: str
) -> None:
    define, use, _ = STATE[language]
    session.run(define, language)
    answer = session.run(DEAF[language], language, limit=2)  # it has to turn deaf within that
    assert answer["timed_out"]
    assert "lost" in answer["error"]["value"]
    answer = session.run(use, language)
    assert answer["execution_count"] == 1
    assert answer["error"]


def test_a_process_that_ends_is_told_and_the_next_run_works(
    session: Session, language: str
) -> None:
    define, use, value = STATE[language]
    with pytest.raises(OperationError, match="exit code 3") as caught:
        session.run(DEATH[language], language)
    assert caught.value.code == "Code.RunnerDied"
    session.run(define, language)
    assert session.value(use, language) == value


def test_a_process_that_ends_between_two_runs_is_replaced(session: Session) -> None:
    session.code.warm("python")
    runner = session.code._slots["python"]._runner
    assert runner
    os.kill(runner._process.pid, 9)
    runner._process.wait()
    assert session.value("1 + 1") == "2"


def test_output_before_the_end_is_not_lost(session: Session) -> None:
    with pytest.raises(OperationError) as caught:
        session.run("import os; print('last words', flush=True); os.abort()")
    assert caught.value.details == {"stdout": ["last words\n"], "stderr": []}
    assert "signal 6" in caught.value.message


def test_a_killed_process_may_have_run_out_of_memory(session: Session) -> None:
    with pytest.raises(OperationError, match="memory"):
        session.run("import os; os.kill(os.getpid(), 9)")


def test_a_program_of_nothing_is_refused(session: Session, language: str) -> None:
    with pytest.raises(OperationError) as caught:
        session.run(" \n", language)
    assert caught.value.code == "Code.Empty"


def test_an_unknown_language_is_refused_with_those_that_are_known(session: Session) -> None:
    with pytest.raises(OperationError, match="java, javascript, python, r") as caught:
        session.run("1", "cobol")
    assert caught.value.code == "Language.Unknown"


@pytest.mark.parametrize("name", ["javascript", "java", "r"])
def test_a_language_that_is_not_installed_says_what_to_install(
    session: Session, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.code._slots[name].drop()
    monkeypatch.setattr(shutil, "which", lambda _: None)
    for use in session.code.warm, lambda language: session.run("1", language):
        with pytest.raises(OperationError, match="apt-get install") as caught:
            use(name)
        assert caught.value.code == "Language.NotInstalled"


def test_what_warmed_python_up_left_no_trace_for_the_first_run(tmp_path: Path) -> None:
    session = Session(tmp_path)
    try:
        session.code.warm("python")
        answer = session.run("(len(In), Out, _, _i)", "python")
        assert answer["execution_count"] == 1
        assert answer["results"][0]["data"]["text/plain"] == "(2, {}, '', '')"
    finally:
        kill_tree(set(), session.mark)


def test_an_interpreter_without_ipython_says_what_to_install(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')
    python.chmod(0o755)
    (tmp_path / "home/user").mkdir(parents=True)
    mark = secrets.token_hex(8)
    code = Code(Paths(str(tmp_path)), Spawner({}, mark), str(python))
    with pytest.raises(OperationError, match="IPython") as caught:
        code.warm("python")
    assert caught.value.code == "Language.NotInstalled"
    assert marked(mark) == set()


@pytest.mark.parametrize("script", ["exit 4", "exec sleep 600"])
def test_a_runner_that_does_not_come_up_is_an_error_and_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    monkeypatch.setattr(code_module, "_STARTING", 0.3)
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    (tmp_path / "home/user").mkdir(parents=True)
    mark = secrets.token_hex(8)
    code = Code(Paths(str(tmp_path)), Spawner({}, mark), str(python))
    with pytest.raises(OperationError, match="did not start") as caught:
        code.run("1", "python")
    assert caught.value.code == "Code.RunnerDied"
    assert marked(mark) == set()


def test_a_warm_language_is_ready_to_run(session: Session, language: str) -> None:
    session.code.warm(language)
    define, use, value = STATE[language]
    session.run(define, language)
    assert session.value(use, language) == value


def test_runs_of_one_language_wait_for_each_other(session: Session) -> None:
    session.run("import time; order = []")
    run = "order.append({0}); time.sleep(0.05); order.append({0})"
    threads = [threading.Thread(target=session.run, args=(run.format(n),)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert session.value("[order[i] == order[i + 1] for i in (0, 2, 4)]") == "[True, True, True]"


def test_what_children_write_is_output_too(session: Session) -> None:
    child = "subprocess.run('echo 2; echo 3 >&2', shell=True)"
    code = f"import subprocess; print('1'); {child}; print('4')"
    answer = session.run(code)
    assert answer["stdout"] == ["1\n2\n4\n"]
    assert answer["stderr"] == ["3\n"]


def test_output_between_runs_belongs_to_none(session: Session) -> None:
    session.run("import threading; late = threading.Timer(0.05, print, ['late']); late.start()")
    session.run("1")
    session.code._slots["python"]._runner._process.poll()  # type: ignore[union-attr]
    session.run("late.join()")
    assert session.run("print('now')")["stdout"][0].endswith("now\n")


def test_half_a_character_is_replaced_at_the_end_of_a_run(session: Session) -> None:
    answer = session.run("import os; os.write(1, b'a\\xc3')", "python")
    assert answer["stdout"] == ["a\N{REPLACEMENT CHARACTER}"]


def test_a_runner_may_close_its_own_output(session: Session) -> None:
    answer = session.run("import os; os.close(2); 'alive'")
    assert answer["error"] is None
    assert session.value("1 + 1") == "2"
    session.code._slots["python"].drop()


def test_a_runner_that_closes_its_answers_is_ended(session: Session) -> None:
    session.run("import os, sys")
    with pytest.raises(OperationError) as caught:
        session.run("os.closerange(3, 1000); import time; time.sleep(600)")
    assert caught.value.code == "Code.RunnerDied"


FORGE = """
import os
for descriptor in range(3, 1000):
    try:
        os.write(descriptor, {line!r} + b"\\n")
    except OSError:
        pass
"""


@pytest.mark.parametrize(
    "line",
    [
        b"nonsense",
        b"5",
        b"{}",
        b'{"type": "ended", "code": 0}',
        b'{"type": "done"}',
        b'{"type": "done", "error": {"name": 5}}',
        b'{"type": "done", "error": null, "count": Infinity}',
        b'{"type": "result", "data": 5, "main": true}',
        b"[" * 100_000,
    ],
    ids=lambda line: line[:40].decode(),
)
def test_a_runner_that_says_what_none_says_is_ended(session: Session, line: bytes) -> None:
    with pytest.raises(OperationError) as caught:
        session.run(FORGE.format(line=line) + "while True: pass")
    assert caught.value.code == "Code.RunnerDied"
    assert session.value("1 + 1") == "2"


def test_code_may_forge_its_own_results_and_no_more(session: Session) -> None:
    forged = b'{"type": "result", "data": {"a": 1}, "main": 5}\n{"type": "done", "error": null}'
    answer = session.run(FORGE.format(line=forged) + "import time; time.sleep(0.2)")
    assert answer["results"] == [{"data": {"a": 1}, "isMainResult": True}]
    session.code._slots["python"].drop()  # the end of the run that goes on is not the next one's


def test_code_that_is_no_text_does_not_break_the_runner(session: Session) -> None:
    assert session.run("'\ud800'")["error"] is None


def test_a_runner_that_has_gone_is_told_nothing_more(session: Session) -> None:
    session.code.warm("python")
    runner = session.code._slots["python"]._runner
    assert runner
    os.kill(runner._process.pid, 9)
    runner._process.wait()
    runner._write(b"run 1 1\n1" * 100_000)
    runner.interrupt(everything=True)
    session.code._slots["python"].drop()
    assert session.value("1 + 1") == "2"


LAST_WORDS = """
import os, sys
from pathlib import Path
told, tell = map(int, sys.argv[1:3])
os.write(tell, b'{"type": "ready"}\\n' * 3)
os.read(told, 100)
os.closerange(1, 3)
os.write(tell, b'{"type": "ready"}\\n')
Path("said").touch()
"""


@pytest.mark.parametrize("goes_on", [True, False])
def test_what_a_runner_says_last_is_heard_together_with_the_end_of_its_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, goes_on: bool
) -> None:
    monkeypatch.setattr(channel_module, "CAPACITY", 1)  # so that its listener is soon made to wait
    program = LAST_WORDS + "os.read(told, 100)" * goes_on
    language = Language("odd", "", (sys.executable,), ("-c", program), by_signal=False)
    runner = Runner(language, Spawner({}, secrets.token_hex(8)), tmp_path)
    heard = [runner.events.get(time.monotonic() + 60)]
    runner.interrupt()  # it goes on, while its listener waits for somebody to take the third event
    if goes_on:
        eventually((tmp_path / "said").exists)
    else:
        runner._process.wait()
    heard += [runner.events.get(time.monotonic() + 60) for _ in range(3)]
    runner.interrupt()
    heard += [runner.events.get(time.monotonic() + 60)]
    runner.kill()
    assert [(event or {}).get("type") for event in heard] == ["ready"] * 4 + ["ended"]


def test_the_programs_of_all_languages_are_there() -> None:
    for language in languages_module.languages(sys.executable).values():
        scripts = [Path(argument) for argument in language.arguments if "/" in argument]
        assert [script.is_file() for script in scripts] == [True]


def test_java_keeps_its_heap_within_the_limit() -> None:
    java = languages_module.languages(sys.executable, memory=1000)["java"]
    assert "-Xmx500" in java.arguments


class TestPython:
    """What only Python has."""

    @pytest.mark.parametrize(
        ("code", "mime", "value"),
        [
            ("HTML('<b>x</b>')", "text/html", "<b>x</b>"),
            ("Markdown('*x*')", "text/markdown", "*x*"),
            ("Latex('$x$')", "text/latex", "$x$"),
            ("SVG('<svg/>')", "image/svg+xml", "<svg/>"),
            ("Image(b'\\x89PNG\\r\\n\\x1a\\n')", "image/png", "iVBORw0KGgo="),
            ("JSON({'a': [1, float('nan')]})", "application/json", {"a": [1, "NaN"]}),
        ],
    )
    def test_what_can_show_itself_does_so_in_its_own_form(
        self, session: Session, code: str, mime: str, value: object
    ) -> None:
        session.run("from IPython.display import *")
        (shown,) = session.run(f"display({code})")["results"]
        assert shown["data"][mime] == value
        assert not shown["isMainResult"]
        (result,) = session.run(code)["results"]
        assert result["data"][mime] == value
        assert result["isMainResult"]

    def test_a_bundle_of_forms_is_passed_on(self, session: Session) -> None:
        session.run("from IPython.display import display, clear_output")
        bundle = {"application/vnd.vegalite.v5+json": {"mark": "bar"}, "text/plain": "chart"}
        answer = session.run(f"display({bundle}, raw=True); clear_output()")
        assert answer["results"] == [{"data": bundle, "isMainResult": False}]
        assert answer["stdout"] == []

    def test_a_figure_comes_as_a_picture(self, session: Session) -> None:
        pytest.importorskip("matplotlib", reason="matplotlib is not installed")
        code = "import matplotlib.pyplot as plt; plt.plot([1, 2]); plt.show(); plt.plot([2, 1]); 7"
        results = session.run(code)["results"]
        assert [result["isMainResult"] for result in results].count(True) == 1
        pictures = [
            result["data"]["image/png"] for result in results if "image/png" in result["data"]
        ]
        assert len(pictures) == 2
        assert all(picture.startswith("iVBOR") for picture in pictures)

    def test_a_semicolon_silences_the_value(self, session: Session) -> None:
        assert session.run("1;")["results"] == []

    def test_top_level_await_works(self, session: Session) -> None:
        assert session.value("import asyncio\nawait asyncio.sleep(0.01, 'slept')") == "'slept'"

    def test_input_says_that_nobody_answers(self, session: Session) -> None:
        error = session.run("input('name? ')")["error"]
        assert error["name"] == "EOFError"
        assert "nobody" in error["value"]

    @pytest.mark.parametrize(
        "code", ["import sys; sys.exit()", "import sys; sys.exit(0)", "exit()"]
    )
    def test_leaving_with_success_is_no_failure_and_keeps_variables(
        self, session: Session, code: str
    ) -> None:
        session.run("kept = 1")
        answer = session.run(f"{code}\n'never'")
        assert answer["error"] is None
        assert answer["results"] == []
        assert answer["stderr"] == []
        assert session.value("kept") == "1"

    def test_leaving_with_another_code_is_a_failure(self, session: Session) -> None:
        error = session.run("import sys; sys.exit('sorry')")["error"]
        assert (error["name"], error["value"]) == ("SystemExit", "sorry")

    def test_a_traceback_names_the_line(self, session: Session) -> None:
        error = session.run("def f():\n    1 / 0\nf()")["error"]
        assert "line 2 in f" in "".join(error["traceback"])
        assert "1 / 0" in "".join(error["traceback"])

    def test_an_error_that_cannot_tell_itself_is_an_error(self, session: Session) -> None:
        code = "class E(Exception):\n def __str__(self): raise KeyError\nraise E"
        assert session.run(code)["error"]

    def test_shell_escapes_and_magics_work(self, session: Session) -> None:
        assert session.run("!echo hi")["stdout"] == ["hi\n"]
        (session.home / "script.py").write_text("1/0")
        assert session.run("%run script.py")["error"]["name"] == "ZeroDivisionError"

    def test_modules_are_found_in_the_home(self, session: Session) -> None:
        (session.home / "mine.py").write_text("answer = 42")
        assert session.value("import mine; mine.answer") == "42"

    def test_the_home_stays_clean(self, tmp_path: Path) -> None:
        session = Session(tmp_path)
        session.run("1")
        kill_tree(set(), session.mark)
        assert list(session.home.iterdir()) == []

    def test_an_interrupt_that_comes_too_late_stops_nothing(self, session: Session) -> None:
        session.code.warm("python")
        runner = session.code._slots["python"]._runner
        assert runner
        session.run("kept = 2")
        runner.interrupt()
        assert session.value("kept") == "2"


class TestJavaScript:
    """What only JavaScript has."""

    @pytest.fixture(autouse=True)
    def _node(self) -> None:
        if not shutil.which("node"):
            pytest.skip("javascript needs node, which is not installed")

    @pytest.mark.parametrize(
        ("code", "value"),
        [
            ("'a'", "'a'"),
            ("({a: [1]})", "{ a: [ 1 ] }"),
            ("10n", "10n"),
            ("-0", "-0"),
            ("null", "null"),
            ("Symbol('s')", "Symbol(s)"),
            ("await new Promise(r => setTimeout(() => r('late'), 5))", "'late'"),
            ("require('node:path').join('a', 'b')", "'a/b'"),
            ("const twice = 1; twice", "1"),
            ("const twice = 2; twice", "2"),
            ("navigator.userAgent.startsWith('Node.js/')", "true"),
            ("process.cwd() === require('node:os').homedir()", "true"),
        ],
    )
    def test_the_last_value_is_shown_as_node_shows_it(
        self, session: Session, code: str, value: str
    ) -> None:
        assert session.value(code, "javascript") == value

    @pytest.mark.parametrize(
        "code",
        [
            "while (true) { try { for (;;) {} } catch {} finally { continue } }",
            "await new Promise(() => {})",
            "await 1; while (true) {}",
            "({[Symbol.for('nodejs.util.inspect.custom')]() { while (true) {} }})",
            "while (true) console.log('x')",
            "require('child_process').execSync('sleep 9999')",
        ],
    )
    def test_busy_or_waiting_it_can_be_interrupted(self, session: Session, code: str) -> None:
        session.run("let kept = 3", "javascript")
        answer = session.run(code, "javascript", limit=0.3)
        assert "kept" in answer["error"]["value"]
        assert session.value("kept", "javascript") == "3"

    @pytest.mark.parametrize("code", ["import fs from 'node:fs'", "await import('node:fs')"])
    def test_an_import_is_pointed_to_require(self, session: Session, code: str) -> None:
        error = session.run(code, "javascript")["error"]
        assert error["value"].endswith("; use require() here")

    def test_whatever_is_thrown_is_told(self, session: Session) -> None:
        error = session.run("throw {a: 1}", "javascript")["error"]
        assert (error["name"], error["value"]) == ("Uncaught", "{ a: 1 }")

    def test_an_error_in_the_background_is_written_and_survived(self, session: Session) -> None:
        fails = "setTimeout(() => { throw new Error('later') }, 5);"
        code = f"{fails} await new Promise(r => process.once('uncaughtException', r))"
        answer = session.run(code, "javascript")
        assert "Uncaught Error: later" in answer["stderr"][0]
        assert answer["error"] is None


class TestJava:
    """What only Java has."""

    @pytest.fixture(autouse=True)
    def _jdk(self) -> None:
        if not shutil.which("jshell"):
            pytest.skip("java needs jshell, which is not installed")

    @pytest.mark.parametrize(
        ("code", "value"),
        [
            ("int f(int a) { return a + 1; }\nf(4)", "5"),
            ("class P { int v = 3; }\nnew P().v", "3"),
            (
                "var l = new ArrayList<>();\nfor (int i = 0; i < 2; i++) {\n  l.add(i);\n}\nl",
                "[0, 1]",
            ),
            ("import java.util.zip.CRC32;\nnew CRC32().getValue()", "0"),
            ('"quo\\"te\\u0001"', '"quo\\"te\\001"'),
        ],
    )
    def test_statements_need_no_class(self, session: Session, code: str, value: str) -> None:
        assert session.value(code, "java") == value

    def test_what_is_not_complete_is_told(self, session: Session) -> None:
        error = session.run("int z = ", "java")["error"]
        assert "reached end of file" in error["value"]

    def test_a_method_that_lacks_something_is_told_when_it_is_called(
        self, session: Session
    ) -> None:
        assert session.run("void g() { missing(); }", "java")["error"] is None
        error = session.run("g();", "java")["error"]
        assert error["name"] == "UnresolvedReferenceException"


class TestR:
    """What only R has."""

    @pytest.fixture(autouse=True)
    def _rscript(self) -> None:
        if not shutil.which("Rscript"):
            pytest.skip("r needs Rscript, which is not installed")

    def test_values_before_the_last_are_printed(self, session: Session) -> None:
        answer = session.run("1\ninvisible(2)\n3", "r")
        assert answer["stdout"] == ["[1] 1\n"]
        assert answer["results"][0]["data"] == {"text/plain": "[1] 3"}

    def test_a_warning_is_written_and_goes_on(self, session: Session) -> None:
        answer = session.run("warning('careful'); 'on'", "r")
        assert "careful" in answer["stderr"][0]
        assert answer["results"][0]["data"] == {"text/plain": '[1] "on"'}

    def test_any_character_arrives(self, session: Session) -> None:
        error = session.run("stop(intToUtf8(c(233, 34, 92, 10, 9, 1, 128512)))", "r")["error"]
        assert error["value"] == 'é"\\\n\t\x01😀'
