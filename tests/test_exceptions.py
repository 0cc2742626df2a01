"""The tree of errors, and what every one of them can do."""

import copy
import inspect
import pickle
import re
from collections.abc import Callable, Iterator

import pytest

import agb
from agb import exceptions
from agb.exceptions import AGBError, APIError

LINE = re.compile(r"^(?P<branches>[│├└─ ]*)(?P<name>[A-Z]\w+)  +\S", re.MULTILINE)


def tree_below(kind: type[AGBError]) -> Iterator[type[AGBError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from tree_below(child)


def drawn() -> dict[str, str]:
    """Return the name of each class in the drawing, with the one that it hangs on."""
    parents: dict[str, str] = {}
    above: list[str] = []
    for line in LINE.finditer(exceptions.__doc__ or ""):
        depth = len(line["branches"]) // 4
        above[depth:] = [line["name"]]
        parents[line["name"]] = above[depth - 1] if depth else ""
    return parents


ALL = [kind for kind in tree_below(AGBError) if kind.__module__ == "agb.exceptions"]
every_error = pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)


def made(kind: type[AGBError]) -> AGBError:
    """Make an error with a value of its own for everything that it takes."""
    values: dict[str, object] = {
        name: 7 if name in {"status_code", "exit_code"} else f"the {name}"
        for name in inspect.signature(kind).parameters
    }
    maker: Callable[..., AGBError] = kind
    return maker(values.pop("message"), **values)


def test_the_drawing_is_the_tree() -> None:
    real = {
        kind.__name__: next(
            (base.__name__ for base in kind.__bases__ if issubclass(base, AGBError)), ""
        )
        for kind in ALL
    }
    assert drawn() == real


def test_every_error_has_a_code_of_its_own() -> None:
    codes = [kind.default_code for kind in ALL]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch("[A-Z]+(_[A-Z]+)*", code) for code in codes)


def test_every_error_can_be_imported_from_the_top() -> None:
    assert {kind.__name__ for kind in ALL} <= set(agb.__all__)


@every_error
def test_an_error_says_its_message_and_keeps_the_rest(kind: type[AGBError]) -> None:
    plain = kind("what happened")
    assert str(plain) == plain.message == "what happened"
    assert (plain.code, plain.request_id) == (kind.default_code, "")
    full = made(kind)
    assert (full.message, full.code, full.request_id) == (
        "the message",
        "the code",
        "the request_id",
    )
    if isinstance(full, APIError):
        assert full.status_code == 7


@every_error
def test_an_error_survives_a_copy_and_another_process(kind: type[AGBError]) -> None:
    error = made(kind)
    error.add_note("seen")
    for other in (copy.copy(error), copy.deepcopy(error), pickle.loads(pickle.dumps(error))):  # noqa: S301 - our own bytes
        assert type(other) is kind
        assert other.args == error.args
        assert vars(other) == vars(error)
        assert str(other) == "the message"


def test_errors_about_arguments_are_value_errors_and_errors_about_time_are_timeout_errors() -> None:
    about_arguments = {kind.__name__ for kind in ALL if issubclass(kind, ValueError)}
    about_time = {kind.__name__ for kind in ALL if issubclass(kind, TimeoutError)}
    assert about_arguments == {"ConfigurationError", "InvalidParamsError"}
    assert about_time == {
        "DeadlineExceededError",
        "SessionLimitError",  # no place became free in time
        *(kind.__name__ for kind in ALL if "Timeout" in kind.__name__),
    }


def test_code_that_raised_has_its_message_as_value_where_nothing_else_is_told() -> None:
    assert exceptions.CodeExecutionError("it broke").value == "it broke"
