"""Arguments are looked at before anything is sent."""

from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import pytest

from agb import InvalidParamsError, _checks

WRONG: list[tuple[Callable[..., Any], tuple[object, ...], str]] = [
    (_checks.text, ("code", 5), "code must be a string, not 5"),
    (_checks.text, ("code", "a\ud800b"), "code holds half a character at 1"),
    (_checks.non_blank, ("command", " \n"), "command must not be blank"),
    (_checks.path, ("path", ""), "path must not be blank"),
    (_checks.path, ("path", "/a\0b"), "path must not hold a NUL character"),
    (_checks.at, (b"/a",), "path must be a string"),
    (_checks.paths, ("paths", "/a"), "paths must be a list of paths, not '/a'"),
    (_checks.paths, ("paths", {"/a"}), "paths must be a list of paths"),
    (_checks.paths, ("paths", ["/a", ""]), r"paths\[1\] must not be blank"),
    (_checks.language, ("ruby",), "'ruby' is not supported: use one of java, javascript, python"),
    (_checks.language, (None,), "language must be a string"),
    (_checks.at_least_one, ("limit", 0), "limit must be a whole number, 1 or more, not 0"),
    (_checks.at_least_one, ("limit", True), "limit must be a whole number"),
    (_checks.at_least_one, ("limit", 1.5), "limit must be a whole number"),
    (_checks.at_least_one, ("limit", 1 << 63), r"limit must be less than 2\*\*63"),
    (_checks.seconds, ("timeout", 10**5000), r"timeout must be less than 2\*\*63"),
    (_checks.at_least, ("grace", 10**5000, 0), r"grace must be less than 2\*\*63"),
    (_checks.at_least, ("grace", -1, 0), "grace must be a number of seconds, 0 or more$"),
    (_checks.at_least, ("lease", 11, 1, 10), "seconds, 1 or more, and no more than 10$"),
    (_checks.seconds, ("timeout", 0), "timeout must be a number of seconds above 0, not 0"),
    (_checks.seconds, ("timeout", float("nan")), "timeout must be a number of seconds"),
    (_checks.seconds, ("timeout", "5"), "timeout must be a number of seconds"),
    (_checks.seconds, ("timeout", True), "timeout must be a number of seconds"),
    (_checks.environment, (["A=1"],), "envs must be a dict of strings"),
    (_checks.environment, ({"A": 1},), "envs must hold strings only: 'A' is 1"),
    (_checks.environment, ({1: "A"},), "envs must hold strings only"),
    (_checks.environment, ({"": "x"},), "'' can't be an environment variable"),
    (_checks.environment, ({"A=B": "x"},), "'A=B' can't be an environment variable"),
    (_checks.environment, ({"A": "\0"},), "'A' can't be an environment variable"),
    (_checks.arguments, ([],), r"args must be a dict, not \[\]"),
    (_checks.arguments, ({"a": object()},), "args can't be written as JSON"),
    (_checks.edits, ([],), "edits must be a list such as"),
    (_checks.edits, ("text",), "edits must be a list such as"),
    (_checks.edits, ({"oldText": "a", "newText": "b"},), "edits must be a list such as"),
    (_checks.edits, (["text"],), r"edits\[0\] must be a dict with oldText and newText"),
    (_checks.edits, ([{"oldText": "a"}],), r"edits\[0\] must be a dict with oldText and newText"),
    (_checks.edits, ([{"oldText": "", "newText": "b"}],), r"edits\[0\].oldText must not be empty"),
    (_checks.edits, ([{"oldText": "a", "newText": 5}],), r"edits\[0\].newText must be a string"),
    (_checks.port, (0,), "port must be a whole number, 1 or more"),
    (_checks.port, (65536,), "port must be from 1 to 65535, not 65536"),
]


@pytest.mark.parametrize(("check", "arguments", "complaint"), WRONG)
def test_what_is_wrong_is_named(
    check: Callable[..., Any], arguments: tuple[object, ...], complaint: str
) -> None:
    with pytest.raises(InvalidParamsError, match=complaint) as caught:
        check(*arguments)
    assert caught.value.code == "PARAM_ERROR"


def test_a_complaint_about_a_long_value_stays_short() -> None:
    with pytest.raises(InvalidParamsError) as caught:
        _checks.paths("paths", "x" * 10_000)
    assert len(caught.value.message) < 200


def test_what_is_right_is_passed_on() -> None:
    assert _checks.path("path", " /a b") == " /a b"
    assert _checks.at("/a").path == "/a"
    assert _checks.paths("paths", ("/a", "/b")) == ["/a", "/b"]
    assert _checks.at_least_one("limit", 1) == 1
    assert _checks.seconds("timeout", 0.5) == 0.5
    assert _checks.environment(MappingProxyType({"A": "x=y"})) == {"A": "x=y"}
    assert _checks.arguments(MappingProxyType({"a": [1]})) == {"a": [1]}
    assert _checks.port(65535) == 65535
    assert _checks.port(None) is None
    edit = _checks.edits(({"oldText": "a", "newText": ""},))[0]
    assert (edit.old_text, edit.new_text) == ("a", "")


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("python", "python"),
        (" PY ", "python"),
        ("Python3", "python"),
        ("js", "javascript"),
        ("node", "javascript"),
        ("NodeJS", "javascript"),
        ("JavaScript", "javascript"),
        ("Java", "java"),
        (" R ", "r"),
    ],
)
def test_languages_have_several_names(name: str, language: str) -> None:
    assert _checks.language(name) == language
