"""What Python code shows in rich formats, by the tool and by the WebSocket."""

import base64
import importlib.util
import json
import struct
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from local.stand_ins import Caller
from local.streams import streaming

Shown = list[dict[str, Any]]
Show = Callable[[str], Awaitable[Shown]]

needs_matplotlib = pytest.mark.skipif(
    not importlib.util.find_spec("matplotlib"), reason="matplotlib is not installed"
)
needs_pandas = pytest.mark.skipif(
    not importlib.util.find_spec("pandas"), reason="pandas is not installed"
)


@pytest.fixture(scope="module")
async def session_id(agb: Caller) -> str:
    return await agb.create()


@pytest.fixture(params=["by the tool", "by the WebSocket"])
def show(request: pytest.FixtureRequest, agb: Caller, session_id: str) -> Show:
    """Runs code and gives its results: MIME maps, each with `isMainResult`."""

    async def by_the_tool(code: str) -> Shown:
        said = await agb.tool(session_id, "run_code", code=code, language="python")
        outcome = json.loads(said.text)
        assert outcome["executionError"] is None
        assert outcome["stdout"] == outcome["stderr"] == []
        return list(outcome["result"])

    async def by_the_web_socket(code: str) -> Shown:
        async with streaming(agb, session_id) as stream:
            *events, end = await stream.run(code)
        assert end["status"] == "finished", end
        results = [event["result"] for event in events]  # and nothing but results
        return [{**one["mime"], "isMainResult": one["isMainResult"]} for one in results]

    return by_the_tool if request.param == "by the tool" else by_the_web_socket


def mains(results: Sequence[dict[str, Any]]) -> list[bool]:
    return [result["isMainResult"] for result in results]


def size_of(png: str) -> tuple[int, int]:
    """Width and height of a picture, which must be one."""
    content = base64.b64decode(png)
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", content[16:24])
    return int(width), int(height)


@needs_matplotlib
async def test_a_figure_is_a_picture(show: Show) -> None:
    code = "import matplotlib.pyplot as plt; plt.plot([1, 2]); plt.show()"
    (figure,) = await show(code)
    assert min(size_of(figure["image/png"])) > 100
    assert figure["text/plain"].startswith("<Figure")
    assert not figure["isMainResult"]


@needs_matplotlib
async def test_two_figures_and_a_value_are_three_results(show: Show) -> None:
    code = """
import matplotlib.pyplot as plt
for n in range(2):
    plt.figure()
    plt.plot([n, 1])
    plt.show()
"the value"
"""
    first, second, value = await show(code)
    assert first["image/png"] != second["image/png"]
    assert value == {"text/plain": "'the value'", "isMainResult": True}
    assert mains((first, second)) == [False, False]


@needs_matplotlib
async def test_a_figure_that_is_not_shown_is_shown_at_the_end(show: Show) -> None:
    results = await show("import matplotlib.pyplot as plt; _ = plt.plot([3, 4])")
    assert ["image/png" in result for result in results] == [True]


@needs_matplotlib
async def test_a_figure_can_be_a_jpeg_or_an_svg(show: Show) -> None:
    code = """
from matplotlib_inline.backend_inline import set_matplotlib_formats
import matplotlib.pyplot as plt
set_matplotlib_formats("jpeg", "svg")
plt.plot([1, 2])
plt.show()
set_matplotlib_formats("png")
"""
    (figure,) = await show(code)
    assert base64.b64decode(figure["image/jpeg"]).startswith(b"\xff\xd8\xff")
    assert "<svg" in figure["image/svg+xml"]


@needs_pandas
async def test_a_data_frame_is_a_table(show: Show) -> None:
    code = "import pandas; pandas.DataFrame({'city': ['Bonn', 'Köln'], 'km': [1.5, 2.5]})"
    (table,) = await show(code)
    assert "<table" in table["text/html"]
    assert "<td>Köln</td>" in table["text/html"]
    assert "city" in table["text/plain"]
    assert table["isMainResult"]


async def test_an_object_shows_itself_in_the_formats_that_it_has(show: Show) -> None:
    code = """
class Table:
    def _repr_html_(self): return "<table><tr><td>1</td></tr></table>"
    def _repr_markdown_(self): return "|1|"
    def _repr_png_(self): return b"\\x89PNG"
    def __repr__(self): return "Table"
Table()
"""
    (table,) = await show(code)
    assert table == {
        "text/plain": "Table",
        "text/html": "<table><tr><td>1</td></tr></table>",
        "text/markdown": "|1|",
        "image/png": base64.b64encode(b"\x89PNG").decode(),
        "isMainResult": True,
    }


@pytest.mark.parametrize(
    ("expression", "mime", "value"),
    [
        ("HTML('<b>ä</b>')", "text/html", "<b>ä</b>"),
        ("Markdown('**ä**')", "text/markdown", "**ä**"),
        ("SVG('<svg><g/></svg>')", "image/svg+xml", "<svg><g/></svg>"),
        ("Latex('$x^2$')", "text/latex", "$x^2$"),
        ("Math('x^2')", "text/latex", r"$\displaystyle x^2$"),
        ("JSON({'a': [1, None]})", "application/json", {"a": [1, None]}),
        ("Image(b'\\xff\\xd8\\xff', format='jpeg')", "image/jpeg", "/9j/"),
    ],
)
async def test_what_is_displayed_is_a_result_of_its_format(
    show: Show, expression: str, mime: str, value: object
) -> None:
    shown, main = await show(f"from IPython.display import *\ndisplay({expression}); 7")
    assert shown[mime] == value
    assert mains((shown, main)) == [False, True]


async def test_a_chart_is_told_in_each_result_of_its_run(show: Show) -> None:
    chart = {"$schema": "https://vega.github.io/schema/vega-lite/v5.json", "mark": "bar"}
    mime = "application/vnd.vegalite.v5+json"
    bundle = f"{{'text/plain': 'alt.Chart(...)', {mime!r}: {chart!r}}}"
    results = await show(f"for _ in range(2): display({bundle}, raw=True)")
    assert [result[mime] for result in results] == [chart, chart]
    assert mains(results) == [False, False]


async def test_three_displays_and_a_value_are_four_results(show: Show) -> None:
    results = await show("for n in range(3): display(n)\n3")
    assert [result["text/plain"] for result in results] == ["0", "1", "2", "3"]
    assert mains(results) == [False, False, False, True]


async def test_what_is_printed_is_no_result(agb: Caller, session_id: str) -> None:
    said = await agb.tool(session_id, "run_code", code="print(1); print(2)", language="python")
    outcome = json.loads(said.text)
    assert outcome["result"] == []
    assert outcome["stdout"] == ["1\n2\n"]
    async with streaming(agb, session_id) as stream:
        events = await stream.run("print(1); print(2)")
        assert "result" not in {event.get("eventType") for event in events}
