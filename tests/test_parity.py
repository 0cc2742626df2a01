from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeAlias

    Spell: TypeAlias = Callable[[str], str]

SOURCE = Path(__file__).resolve().parent.parent / "src"
MODULES = sorted(
    ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
    for path in SOURCE.glob("agb/_async/**/*.py")
)
# Written apart from the generator's rules, so that a wrong rule shows here.
SPELLINGS = {
    r"(_?)Async(?=[A-Z])": r"\1",
    r"__a(enter|exit|iter)__$": r"__\1__",
    r"__anext__$": "__next__",
    r"StopAsyncIteration$": "StopIteration",
    r"_async$": "_sync",
    r"aclose$": "close",
    r"handle_async_request$": "handle_request",
}
ADDRESS = re.compile("0x[0-9a-f]+")
PROTOCOLS = {"__enter__", "__exit__", "__iter__", "__next__", "__init__", "__call__"}


class Member(NamedTuple):
    kind: str
    parameters: list[tuple[str, str, list[str]]]
    documentation: list[str]
    waits: bool


def plain(name: str) -> str:
    for pattern, spelling in SPELLINGS.items():
        name = re.sub(f"^{pattern}", spelling, name)
    return name


def words(text: str | None, spell: Spell) -> list[str]:
    found = re.findall(r"\w+", text or "")
    return [spell(word) for word in found if word not in {"async", "await"}]


def public(members: Mapping[str, Any], spell: Spell) -> dict[str, Any]:
    named = {spell(name): member for name, member in members.items()}
    return {k: v for k, v in named.items() if not k.startswith("_") or k in PROTOCOLS}


def described(member: Any, spell: Spell) -> Member:
    called: Any = member.fget if isinstance(member, property) else member
    function = inspect.unwrap(getattr(called, "__func__", called))
    return Member(
        kind=spell(type(member).__name__),
        parameters=parameters(function, spell) if inspect.isfunction(function) else [],
        documentation=words(inspect.getdoc(function), spell),
        waits=inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function),
    )


def parameters(function: Any, spell: Spell) -> list[tuple[str, str, list[str]]]:
    return [
        (spell(each.name), each.kind.name, words(ADDRESS.sub("", repr(each.default)), spell))
        for each in inspect.signature(function).parameters.values()
    ]


def members(name: str, spell: Spell) -> dict[str, Member]:
    """Describe the public classes and functions of a module, and what its classes have."""
    module = importlib.import_module(name)
    found: dict[str, Any] = {}
    for own, value in public(vars(module), spell).items():
        if getattr(value, "__module__", None) == name and callable(value):
            found[own] = value
            for owner in reversed(getattr(value, "__mro__", ())):
                if owner.__module__.startswith("agb."):
                    found |= {f"{own}.{k}": v for k, v in public(vars(owner), spell).items()}
    return {key: described(value, spell) for key, value in found.items()}


def twins(name: str) -> tuple[dict[str, Member], dict[str, Member]]:
    """Describe both sides; the blocking one has to spell everything plainly by itself."""
    return members(name, plain), members(name.replace("._async", "._sync"), str)


def test_both_sides_have_the_same_modules() -> None:
    generated = {path.relative_to(SOURCE) for path in SOURCE.glob("agb/_sync/**/*.py")}
    assert {str(path).replace("_sync", "_async") for path in generated} == {
        str(path.relative_to(SOURCE)) for path in SOURCE.glob("agb/_async/**/*.py")
    }


@pytest.mark.parametrize("name", MODULES)
def test_both_sides_offer_the_same_classes_methods_and_properties(name: str) -> None:
    tasks, threads = twins(name)
    assert {k: v.kind for k, v in threads.items()} == {k: v.kind for k, v in tasks.items()}


@pytest.mark.parametrize("name", MODULES)
def test_both_sides_take_the_same_parameters(name: str) -> None:
    tasks, threads = twins(name)
    assert {k: v.parameters for k, v in threads.items()} == {
        k: v.parameters for k, v in tasks.items()
    }


@pytest.mark.parametrize("name", MODULES)
def test_both_sides_say_the_same_in_their_docstrings(name: str) -> None:
    tasks, threads = twins(name)
    assert {k: v.documentation for k, v in threads.items()} == {
        k: v.documentation for k, v in tasks.items()
    }


@pytest.mark.parametrize("name", MODULES)
def test_nothing_on_the_blocking_side_has_to_be_awaited(name: str) -> None:
    _, threads = twins(name)
    assert [key for key, member in threads.items() if member.waits] == []
