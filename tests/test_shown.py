"""What code has shown: saved to files, shown in a notebook, read as a table."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from IPython.core.formatters import DisplayFormatter

from agb import CodeExecutionResult, ExecutionResult, InvalidParamsError, UnexpectedResponseError
from agb.exceptions import CodeExecutionError

PNG = b"\x89PNG\r\n\x1a\n..."
JPEG = b"\xff\xd8\xff..."
SVG = "<svg xmlns='http://www.w3.org/2000/svg'/>"
CHART = {"$schema": "https://vega.github.io/schema/vega-lite/v5.json", "mark": "bar"}


def shown(**formats: Any) -> ExecutionResult:
    return ExecutionResult(**formats)


def everything() -> ExecutionResult:
    return shown(
        text="Figure(640x480) ä",
        html="<b>ä</b>",
        markdown="**ä**",
        png=base64.encodebytes(PNG).decode(),
        jpeg=base64.b64encode(JPEG).decode(),
        svg=SVG,
        json={"a": [1, "ä"]},
        latex="$x^2$",
        chart=CHART,
    )


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.png", PNG),
        ("a.jpg", JPEG),
        ("a.JPEG", JPEG),
        ("a.svg", SVG.encode()),
        ("a.html", "<b>ä</b>".encode()),
        ("a.htm", "<b>ä</b>".encode()),
        ("a.md", "**ä**".encode()),
        ("a.tex", b"$x^2$"),
        ("a.txt", "Figure(640x480) ä".encode()),
    ],
)
def test_the_suffix_names_the_format(tmp_path: Path, name: str, content: bytes) -> None:
    saved = everything().save(tmp_path / name)
    assert saved == tmp_path / name
    assert saved.read_bytes() == content


def test_json_is_saved_as_such_and_a_chart_is_json_too(tmp_path: Path) -> None:
    saved = everything().save(str(tmp_path / "a.json"))
    assert json.loads(saved.read_text("utf-8")) == {"a": [1, "ä"]}
    saved = shown(chart=CHART, text="alt.Chart(...)").save(tmp_path / "a.json")
    assert json.loads(saved.read_text("utf-8")) == CHART


@pytest.mark.parametrize(
    ("formats", "suffix"),
    [
        ({"text": "t", "png": base64.b64encode(PNG).decode(), "svg": SVG}, ".png"),
        ({"text": "t", "chart": CHART}, ".json"),
        ({"text": "t", "html": "<p>"}, ".html"),
        ({"text": "t", "json": 0}, ".json"),
        ({"text": "t"}, ".txt"),
    ],
)
def test_without_a_suffix_the_richest_format_is_taken(
    tmp_path: Path, formats: dict[str, Any], suffix: str
) -> None:
    saved = shown(**formats).save(tmp_path / "figure")
    assert saved == tmp_path / f"figure{suffix}"
    assert saved.is_file()


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("a.png", "the result has no png; it has html, text"),
        ("a.json", "the result has no json or chart; it has html, text"),
        ("a.xyz", "no format has that suffix; .png"),
    ],
)
def test_a_format_that_is_not_there_is_refused(tmp_path: Path, name: str, problem: str) -> None:
    with pytest.raises(InvalidParamsError, match=problem) as caught:
        shown(text="t", html="<p>").save(tmp_path / name)
    assert caught.value.code == "PARAM_ERROR"
    assert list(tmp_path.iterdir()) == []


def test_nothing_cannot_be_saved(tmp_path: Path) -> None:
    with pytest.raises(InvalidParamsError, match="nothing to save"):
        shown(text="").save(tmp_path / "a.txt")


def test_a_picture_that_is_none_is_not_saved(tmp_path: Path) -> None:
    with pytest.raises(UnexpectedResponseError, match="png is not base64"):
        shown(png="no picture").save(tmp_path / "a.png")
    assert list(tmp_path.iterdir()) == []


def test_formats_are_named_the_richest_first() -> None:
    names = ("png", "jpeg", "svg", "chart", "html", "markdown", "latex", "json", "text")
    assert everything().formats == names
    assert shown(text="t", html="", json=False).formats == ("json", "text")
    assert shown().formats == ()


def in_notebook(value: object) -> dict[str, Any]:
    formatter: Any = DisplayFormatter()
    data, _ = formatter.format(value)
    return dict(data)


def test_a_notebook_shows_it_as_it_was_shown_where_the_code_ran() -> None:
    bundle = in_notebook(everything())
    assert bundle == {
        "text/plain": "Figure(640x480) ä",
        "text/html": "<b>ä</b>",
        "text/markdown": "**ä**",
        "image/png": base64.encodebytes(PNG).decode(),
        "image/jpeg": base64.b64encode(JPEG).decode(),
        "image/svg+xml": SVG,
        "application/json": {"a": [1, "ä"]},
        "text/latex": "$x^2$",
        "application/vnd.vegalite.v5+json": CHART,
    }


def test_an_older_chart_is_shown_as_one() -> None:
    chart = {"$schema": "https://vega.github.io/schema/vega-lite/v4.8.1.json"}
    assert "application/vnd.vegalite.v4+json" in in_notebook(shown(chart=chart))
    assert "application/vnd.vegalite.v5+json" in in_notebook(shown(chart="{}"))


def test_a_notebook_may_want_some_formats_only() -> None:
    one = shown(text="t", html="<p>")
    assert one._repr_mimebundle_(include={"text/html"}) == {"text/html": "<p>"}
    assert one._repr_mimebundle_(exclude={"text/html"}) == {"text/plain": "t"}


def test_a_notebook_shows_a_run_by_its_main_result_or_the_first_one() -> None:
    first, main = shown(text="first"), shown(text="main", html="<p>", is_main_result=True)
    bundle = in_notebook(CodeExecutionResult(results=(first, main)))
    assert bundle == {"text/plain": "main", "text/html": "<p>"}
    assert in_notebook(CodeExecutionResult(results=(first,))) == {"text/plain": "first"}


def test_a_notebook_shows_a_run_without_results_or_with_an_error_in_words() -> None:
    failed = CodeExecutionResult(error=CodeExecutionError("boo"), results=(shown(text="so far"),))
    for run in CodeExecutionResult(), failed:
        assert in_notebook(run)["text/plain"].startswith("CodeExecutionResult(")


def test_a_table_is_read_row_by_row() -> None:
    html = """
    <style>td { color: red }</style><p>before
    <table border="1"><thead><tr><th></th><th>a &amp; b</th></tr></thead>
    <tbody><tr><th>0</th><td>1<br>2</td></tr><tr><td>x <table><tr><td>in</td></tr></table></td></tr>
    </tbody></table> after <table><tr><td>second</td></tr></table>
    """
    assert shown(html=html).table == (("", "a & b"), ("0", "12"), ("x in",))


@pytest.mark.parametrize("html", [None, "", "<p>", "</table>", "<table><td>no row</table>"])
def test_where_there_is_no_table_there_are_no_rows(html: str | None) -> None:
    assert shown(html=html).table == ()
