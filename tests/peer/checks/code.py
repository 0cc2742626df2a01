"""Code in all the languages, and what it shows."""

import base64

from checking import Failed, good, holds, of_session, refused, same

from agb import Session

_RUNTIMES = {"python": "python3", "javascript": "node", "java": "jshell", "r": "Rscript"}
"""A program without which a language can't be run."""

_SHOW = """
from IPython.display import HTML, JSON, SVG, Latex, Markdown, display
display(HTML("<b>x</b>"))
display(Markdown("**x**"))
display(Latex("$x$"))
display(SVG("<svg xmlns='http://www.w3.org/2000/svg'/>"))
display(JSON({"x": 1}))
display({"application/vnd.vegalite.v4+json": {"mark": "bar"}, "text/plain": "bar"}, raw=True)
"the value"
"""

_DRAW = """
import matplotlib.pyplot as plt
plt.plot([1, 2]); plt.show()
plt.plot([2, 1]); plt.show()
"drawn"
"""


@of_session
def code_gives_its_value_and_its_prints_apart(session: Session) -> None:
    result = good(session.code.run("print('hi')\nprint('ü')\n6 * 7", "python"))
    same(result.result, "42")
    same("".join(result.logs.stdout), "hi\nü\n")
    same([one.is_main_result for one in result.results], [True])
    holds(result.execution_time >= 0, "it took some time")
    printed = good(session.code.run("import sys\nprint('x', file=sys.stderr)", "python"))
    same((printed.results, "".join(printed.logs.stderr)), ([], "x\n"))


@of_session
def code_in_python_keeps_its_state(session: Session) -> None:
    _runs(session, "python", "kept = 40", "kept + 2")


@of_session
def code_in_javascript_keeps_its_state(session: Session) -> None:
    _runs(session, "javascript", "const kept = 40; console.log('set')", "kept + 2")


@of_session
def code_in_java_keeps_its_state(session: Session) -> None:
    _runs(session, "java", "List<Integer> kept = List.of(40);", "kept.get(0) + 2")


@of_session
def code_in_r_keeps_its_state(session: Session) -> None:
    _runs(session, "r", "kept <- 40", "kept + 2")


def _runs(session: Session, language: str, first: str, second: str) -> None:
    """Run code whose value is 42, or be told what to install."""
    there = session.command.execute(f"command -v {_RUNTIMES[language]}", timeout_ms=30_000)
    if not there.success:
        refused(session.code.run(first, language), _RUNTIMES[language], "install")
        return
    good(session.code.run(first, language))
    result = good(session.code.run(second, language))
    holds("42" in result.result, f"{result.result!r} is 42")


@of_session
def a_language_goes_by_several_names(session: Session) -> None:
    for name in ("Python", "PY", "python3", " python "):
        same(good(session.code.run("6 * 7", name)).result, "42", name)
    refused(session.code.run("6 * 7", "cobol"), "cobol")


@of_session
def code_shows_rich_results(session: Session) -> None:
    results = good(session.code.run(_SHOW, "python")).results
    same([one.is_main_result for one in results], [False] * 6 + [True])
    html, markdown, latex, svg, json, chart, value = results
    same((html.html, markdown.markdown, latex.latex), ("<b>x</b>", "**x**", "$x$"))
    holds(svg.svg.startswith("<svg"), "an SVG")
    same((json.json, chart.chart, value.text), ({"x": 1}, {"mark": "bar"}, "'the value'"))


@of_session
def code_draws_pictures(session: Session) -> None:
    results = good(session.code.run(_DRAW, "python", timeout_s=120)).results
    same([one.is_main_result for one in results], [False, False, True])
    for picture in results[:2]:
        holds(base64.b64decode(picture.png).startswith(b"\x89PNG\r\n\x1a\n"), "a PNG")


@of_session
def a_table_is_shown_as_html(session: Session) -> None:
    code = "import pandas\npandas.DataFrame({'größe': [1, 2]})"
    (table,) = good(session.code.run(code, "python", timeout_s=120)).results
    holds("<table" in table.html and "größe" in table.html, "an HTML table")
    holds("größe" in table.text, "a text")


@of_session
def code_that_fails_tells_why_and_harms_nothing(session: Session) -> None:
    good(session.code.run("before = 1", "python"))
    failed = refused(session.code.run("print('so far')\n1 / 0", "python"), "ZeroDivisionError")
    same("".join(failed.logs.stdout), "so far\n")
    refused(session.code.run("def", "python"), "SyntaxError")
    refused(session.code.run("import sys; sys.exit(3)", "python"))
    refused(session.code.run("", "python"))
    good(session.code.run("# nothing but a comment", "python"))
    same(good(session.code.run("before", "python")).result, "1")


@of_session
def code_over_its_limit_is_interrupted(session: Session) -> None:
    good(session.code.run("before = 1", "python"))
    refused(session.code.run("while True: pass", "python", timeout_s=1))
    same(good(session.code.run("before", "python")).result, "1")


@of_session
def files_of_code_commands_and_calls_are_the_same(session: Session) -> None:
    good(session.code.run("open('by-code', 'w').write('ü')", "python"))
    same(good(session.file.read("by-code")).content, "ü")
    same(good(session.command.execute("cat by-code", timeout_ms=30_000)).stdout, "ü")
    good(session.file.write("by-call", "ü"))
    same(good(session.code.run("open('by-call').read()", "python")).result, "'ü'")


@of_session
def the_user_agent_of_javascript_is_told(session: Session) -> None:
    if not session.command.execute("command -v node", timeout_ms=30_000).success:
        return
    found = good(session.code.run("navigator.userAgent", "javascript")).result
    if "Node" not in found:
        raise Failed(found)
