from __future__ import annotations

import copy
import pickle
from typing import Any

import attrs
import pytest

from agb._wire.values import frozen
from agb.results import CommandResult, LinkResult


@frozen(kw_only=True)
class Point:
    x: int
    y: int = 0
    secret: str = attrs.field(default="s", repr=False)


@frozen
class Nested:
    inner: Any


@frozen
class Other(Nested):
    pass


@attrs.frozen(kw_only=True)
class Plain:
    x: int
    y: int = 0
    secret: str = attrs.field(default="s", repr=False)


def test_a_value_shows_itself_as_attrs_would_have_it() -> None:
    assert repr(Point(x=1)) == repr(Plain(x=1)).replace("Plain", "Point") == "Point(x=1, y=0)"
    assert repr(Nested(Point(x=1))) == "Nested(inner=Point(x=1, y=0))"


def test_a_value_that_holds_itself_can_be_shown() -> None:
    inner: list[Any] = []
    inner.append(Nested(inner))
    assert repr(inner[0]) == "Nested(inner=[...])"


def test_a_class_inside_a_function_is_shown_by_its_own_name() -> None:
    @frozen
    class Local:
        x: int

    assert repr(Local(1)) == "Local(x=1)"


def test_values_are_equal_when_their_fields_are() -> None:
    assert Point(x=1) == Point(x=1)
    assert hash(Point(x=1)) == hash(Point(x=1))
    assert len({Point(x=1), Point(x=1, y=0), Point(x=2)}) == 2
    assert Point(x=1) != Point(x=1, secret="t")


@pytest.mark.parametrize("other", [Other(1), 1, None, (1,)])
def test_a_value_is_not_equal_to_one_of_another_class(other: object) -> None:
    assert Nested(1) != other


def test_a_value_can_be_neither_changed_nor_hashed_with_what_can_be() -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        Point(x=1).x = 2  # type: ignore[misc]
    with pytest.raises(TypeError, match="unhashable"):
        hash(Nested([]))


@pytest.mark.parametrize("value", [Point(x=1), Nested(Point(x=2)), CommandResult(stdout="a")])
def test_a_copy_of_a_value_is_equal_to_it(value: object) -> None:
    assert pickle.loads(pickle.dumps(value)) == copy.deepcopy(value) == value  # noqa: S301 - our own


def test_a_result_with_a_secret_does_not_show_it() -> None:
    assert "token" not in repr(LinkResult(data="https://agb/?token=1"))
